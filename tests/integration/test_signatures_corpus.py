"""The hostile corpus: verdicts as in the checked-in table, in time, and poppler agrees."""

import json
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.signatures.pdf.isolate import Isolated
from tools.corpus.authority import Authority, running
from tools.corpus.build import build
from tools.corpus.kinds import KINDS
from tools.corpus.verdicts import TABLE, Outcome, faults, judge

# `LIENTHONG_FUZZ=2000 pytest tests/integration/test_signatures_corpus.py` fuzzes for longer.
MUTANTS = int(os.environ.get("LIENTHONG_FUZZ", "60"))
MOST_MEGABYTES = 600  # what a warm child needs, and the isolate's 512 MiB

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore:Attribute's length")]


@dataclass(frozen=True)
class Corpus:
    pki: Authority
    files: dict[str, Path]
    outcomes: dict[str, Outcome]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    folder = tmp_path_factory.mktemp("corpus")
    with running(folder / "pki") as pki:
        files = build(pki, folder)
        yield Corpus(pki, files, judge(files, pki))


def pdfsig(path: Path) -> list[str]:
    """What poppler says of each signature."""
    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, check=False, timeout=60
    ).stdout.decode(errors="replace")
    return [
        line.partition("Validation: ")[2]
        for line in said.splitlines()
        if "Signature Validation:" in line
    ]


def test_every_verdict_is_the_tables_and_comes_in_time(corpus: Corpus) -> None:
    assert faults(corpus.outcomes) == {}


def test_table_and_generator_name_the_same_kinds_and_at_least_forty_rules(corpus: Corpus) -> None:
    assert set(json.loads(TABLE.read_text("utf-8"))) == set(KINDS) == set(corpus.files)
    assert len({kind.rule for kind in KINDS.values() if kind.hostile}) >= 40


def test_genuine_files_pass_and_no_hostile_one_does(corpus: Corpus) -> None:
    passed = {name for name, one in corpus.outcomes.items() if one.report.verdict == "TOTAL_PASSED"}
    assert passed == {name for name, kind in KINDS.items() if not kind.hostile}


def test_memory_stays_bounded(corpus: Corpus) -> None:
    assert max(one.megabytes for one in corpus.outcomes.values()) < MOST_MEGABYTES


def test_poppler_finds_every_genuine_signature_sound(corpus: Corpus) -> None:
    for name, kind in KINDS.items():
        if not kind.hostile:
            said = pdfsig(corpus.files[name])
            signatures = [
                one for one in corpus.outcomes[name].report.signatures if one.role != "timestamp"
            ]
            assert said.count("Signature is Valid.") == len(signatures), name


def test_where_a_digest_or_a_value_is_wrong_poppler_agrees(corpus: Corpus) -> None:
    broken = [
        name
        for name, one in corpus.outcomes.items()
        if {"digest_wrong", "signature_wrong"} & set(one.codes)
    ]
    assert len(broken) > 10
    for name in broken:
        assert set(pdfsig(corpus.files[name])) != {"Signature is Valid."}, name


@pytest.mark.parametrize("base", ["genuine_leader", "genuine_sealed", "genuine_with_evidence"])
def test_no_mutant_of_a_genuine_file_passes_or_ends_the_worker(corpus: Corpus, base: str) -> None:
    """Seeded: the same mutants in every run. Whatever is done to signed bytes, no pass."""
    pdf = corpus.files[base].read_bytes()
    signed = signed_places(corpus.outcomes[base], len(pdf))
    chance = random.Random(base)  # noqa: S311 - repeatable on purpose
    with Isolated(corpus.pki.setup) as worker:
        for number in range(MUTANTS // 3):
            mutant = mutated(pdf, signed, chance)
            if pdf.startswith(mutant):
                continue  # the same file, or an earlier revision of it
            report = worker.validate(mutant, at=datetime.now(UTC))
            assert report.verdict != "TOTAL_PASSED", f"mutant {number}"
            json.dumps(report.to_json())


def signed_places(outcome: Outcome, size: int) -> list[int]:
    """The places that a signature covers; the last gap alone is covered by nothing."""
    last = outcome.report.signatures[-1].byte_range
    return [*range(last[1]), *range(last[2], size)]


def mutated(pdf: bytes, places: list[int], chance: random.Random) -> bytes:
    """Bytes flipped, cut out, repeated, exchanged for words that steer a reader, or the end cut."""
    words = [b"/Prev", b"/Contents", b"obj", b"<<", b">>", b"[", b"(", b"R", b"-1", b"9" * 20, b"%"]
    data = bytearray(pdf)
    for _ in range(chance.choice((1, 1, 1, 3, 20))):
        place = chance.choice(places)
        match chance.randrange(5):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[place : place + chance.randrange(1, 50)]
            case 2:
                data[place:place] = pdf[place : place + chance.randrange(1, 200)] + b" "
            case 3:
                data[place:place] = chance.choice(words)
            case 4:
                del data[-chance.randrange(1, 2_000) :]
    return bytes(data)


def test_no_mutant_of_a_hostile_file_passes(corpus: Corpus) -> None:
    """Mutants of files that break the reader already: no crash, no pass."""
    chance = random.Random("hostile")  # noqa: S311 - repeatable on purpose
    small = [
        path
        for name, path in sorted(corpus.files.items())
        if KINDS[name].hostile and path.stat().st_size < 100_000
    ]
    with Isolated(corpus.pki.setup) as worker:
        for _ in range(MUTANTS):
            pdf = chance.choice(small).read_bytes() or b"%PDF-1.7"
            mutant = mutated(pdf, [*range(len(pdf))], chance)
            if pdf.startswith(mutant):
                continue  # a cut may bring back the sound file that was attacked
            report = worker.validate(mutant, at=datetime.now(UTC))
            assert report.verdict != "TOTAL_PASSED"
