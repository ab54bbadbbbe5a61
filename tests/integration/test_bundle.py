"""`lienthong bundle`: what a real store, sealer and auditor make of a trace, and who changes it."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.blobs import open_store
from libs.eventstore import ANY, Context, NewEvent
from libs.translog import CHECKPOINT, Use, cosign
from services.audit.names import Names
from services.audit.queries import lines_of, replicas
from services.audit.sealing.shards import ShardName
from services.audit.shown import shown
from tests.integration.audit_trail import (
    BEGIN,
    Trail,
    arrive,
    everybody,
    handle,
    identity,
    issue,
    tell,
)
from tests.support.bundles import forged
from tests.support.fresh_venv import FreshVenv
from tests.support.sealing import YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.translog_log import signer
from tools.bundle import making
from tools.bundle import verify_bundle as check
from tools.cli import main

pytestmark = pytest.mark.postgres
TRACE = identity("trace")
WITNESS = signer("witness.h43.example", Use.COSIGNATURE, seed=5)
SUBJECT = "Về việc gửi, nhận văn bản điện tử"
UNREAD = Path(__file__).parents[1] / "vectors" / "bundle" / "unread_bytes.txt"
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def store(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealedStore]:
    with sealed_store(postgres.fresh_database(), tmp_path) as made:
        monkeypatch.setenv("DATABASE_URL", made.url("audit"))
        monkeypatch.setenv("BLOB_URL", f"file://{tmp_path}/blobs")
        monkeypatch.setenv("LOG_DIR", str(made.log))
        monkeypatch.setenv("LOG_POLICY", str(policy(made)))
        yield made


@pytest.fixture
def trail(store: SealedStore, tmp_path: Path) -> Iterator[Trail]:
    """A journey through four tiers, sealed and witnessed, among the events of other traces."""
    with closing(Trail(store.url, open_store(f"file://{tmp_path}/blobs"))) as made:
        who = everybody(made)
        text = made.text(subject=SUBJECT)
        made.agency("elsewhere", 3, "H42.15")
        arrive(made, "province", "government", "in", "15/CĐ", text)
        handle(made, "province", "in", who)
        issue(made, "out", text, who)
        arrive(made, "commune", "province", "received", "05/CT-UBND", text)
        tell(made, "out", "03", BEGIN + timedelta(minutes=50))
        made.agency("province", 2, "H42", full_name="UBND tỉnh Ninh Bình")
        made.read()
        others(store, 300)
        seal(store)
        yield made


def others(store: SealedStore, count: int) -> None:
    """Events of another trace."""
    payload = json.dumps({"document_id": identity("other"), "note": ""}).encode()
    events = [NewEvent(uuid4(), "DraftReturned", 1, payload) for _ in range(count)]
    context = Context(identity("province"), "system:documents", BEGIN, UUID(identity("else")))
    with store.database.unit() as unit:
        unit.store.append(f"document-{identity('other')}", ANY, events, context)


def policy(store: SealedStore) -> Path:
    path = store.folder / "policy"
    path.write_text(f"log {store.key()}\nwitness W {WITNESS.key} http://127.0.0.1:9\nquorum W\n")
    return path


def seal(store: SealedStore, name: ShardName = YEAR) -> None:
    store.seal()
    note = store.files(name).note()
    cosigned = note.with_signatures(cosign(note.text, WITNESS, at=1_795_000_000))
    (store.log / str(name) / CHECKPOINT).write_bytes(bytes(cosigned))


@pytest.fixture
def bundle(store: SealedStore, trail: Trail, run: Run) -> Path:
    path = store.folder / "case.zip"
    code, told = run("bundle", TRACE, "-o", path)
    assert code == 0, told
    assert (told["subject"], told["younger"]) == (SUBJECT, 0)
    return path


def test_a_trace_is_bundled_and_verified(bundle: Path, store: SealedStore, run: Run) -> None:
    code, found = run("verify-bundle", bundle, "--policy", policy(store))
    assert code == 0, found
    rows = [row for row in store.rows() if row.trace == TRACE]
    with zipfile.ZipFile(bundle) as file:
        entries = [file.read(name) for name in file.namelist() if name.endswith(".entry.json")]
    events = [json.loads(entry) for entry in entries]
    assert [each["id"] for each in events if each["trace"] == TRACE] == [r.event_id for r in rows]
    assert {each["stream"].partition("-")[0] for each in events if each["trace"] != TRACE} == {
        "agency",
        "person",
    }
    assert f"agency-{identity('elsewhere')}" not in {each["stream"] for each in events}
    assert found["checkpoints"][0]["witnesses"] == {"W": "2026-11-18T11:06:40+00:00"}
    assert found["missing"] == {"0" * 64: "erased"}
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_its_lines_are_those_that_the_auditor_sees(bundle: Path, trail: Trail) -> None:
    with zipfile.ZipFile(bundle) as file:
        lines = json.loads(file.read("timeline.json"))
    with trail.audit.unit() as unit:
        found = lines_of(unit.connection, UUID(TRACE), None)
        known = replicas(unit.connection, found, None)
    seen = shown(found, known, Names(trail.blobs))
    assert len(lines) == len(seen) >= 15
    assert [
        {name: each[name] for name in line} for line, each in zip(lines, seen, strict=True)
    ] == lines


def test_the_same_trace_at_the_same_checkpoint_makes_the_same_bytes(bundle: Path, run: Run) -> None:
    again = bundle.with_name("again.zip")
    assert run("bundle", TRACE, "-o", again)[0] == 0
    assert again.read_bytes() == bundle.read_bytes()


def test_it_is_verified_where_nothing_of_ours_is(
    bundle: Path, store: SealedStore, tmp_path: Path
) -> None:
    """By the file that lies in it, in an environment with `cryptography` alone."""
    fresh, folder = FreshVenv(tmp_path / "fresh"), tmp_path / "elsewhere"
    folder.mkdir()
    with zipfile.ZipFile(bundle) as file:
        program = Path(file.extract("verify_bundle.py", folder))
    assert "No module named 'libs'" in fresh.run(["-c", "import libs"], folder).stderr
    words = [program.name, bundle, "--policy", policy(store)]
    done = fresh.run(words, folder)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith("ĐÚNG · VERIFIED")
    assert json.loads(fresh.run([*words, "--json"], folder).stdout)["keys_from"] == "policy"
    own = fresh.run([program.name, bundle], folder)
    assert own.returncode == 0
    assert "THE KEYS ARE THE BUNDLE'S OWN" in own.stdout
    assert str(store.key()) in own.stdout
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "changed.zip").write_bytes(content)
    changed = fresh.run([program.name, "changed.zip"], folder)
    assert (changed.returncode, "SAI · NOT VERIFIED" in changed.stdout) == (1, True)
    for wrong in ([], ["no.zip"], ["changed.zip", "--policy", "no"], ["changed.zip", "--what"]):
        assert fresh.run([program.name, *wrong], folder).returncode == 2
    asked = fresh.run([*words, "--signatures"], folder)
    assert (asked.returncode, "Liên Thông" in asked.stderr) == (2, True)


# Flipped bytes.


def regions(content: bytes) -> dict[str, range]:
    """Each part of a bundle by name, as any reader of ZIP files finds them."""
    found, members = {}, []
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = file.infolist()
        directory = file.start_dir
    for each in members:
        begin = each.header_offset + 30 + len(each.filename)
        found[f"header of {each.filename}"] = range(each.header_offset, begin)
        found[each.filename] = range(begin, begin + each.file_size)
    found["central directory"] = range(directory, len(content) - 22)
    found["end"] = range(len(content) - 22, len(content))
    return {name: places for name, places in found.items() if places}


def test_every_kind_of_byte_is_read() -> None:
    lines = [line for line in UNREAD.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) <= 5
    assert lines == []


def flipped(content: bytes, place: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    return bytes(changed)


def test_a_flipped_byte_is_noticed_in_every_region(bundle: Path) -> None:
    content = bundle.read_bytes()
    parts = regions(content)
    assert sum(map(len, parts.values())) == len(content)
    passed = []
    for number, (name, places) in enumerate(parts.items()):
        for place in {places[0], places[-1], places[len(places) // 2]}:
            if check.verify(flipped(content, place, number % 8))["verified"]:
                passed.append((name, place))
    assert passed == []


def test_any_flipped_bit_is_noticed(bundle: Path) -> None:
    content = bundle.read_bytes()
    parts = regions(content)

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def flip(data: st.DataObject) -> None:
        places = parts[data.draw(st.sampled_from(sorted(parts)))]
        place = data.draw(st.integers(places.start, places.stop - 1))
        assert not check.verify(flipped(content, place, data.draw(st.integers(0, 7))))["verified"]

    flip()


# What the log does not bear out: these a lying maker can change. All else he cannot.
UNPROVEN = {"manifest.json", "verify_bundle.py", "timeline.pdf", "log/policy"}


def test_whoever_makes_the_rest_fit_again_is_noticed_too(bundle: Path) -> None:
    """A byte of a member is changed, and manifest and ZIP are made anew."""
    with zipfile.ZipFile(bundle) as file:
        members = {name: file.read(name) for name in file.namelist()}
    proven = sorted(name for name in members if name not in UNPROVEN and members[name])
    policy = members["log/policy"].decode()

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def flip(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(proven))
        place = data.draw(st.integers(0, len(members[name]) - 1))
        body = flipped(members[name], place, data.draw(st.integers(0, 7)))
        assert not check.verify(forged(members, **{name: body}), policy)["verified"], (name, place)

    flip()


# The whole log.


def without_last(bundle: Path) -> bytes:
    """The bundle of a maker who withholds the newest step, and tells the rest rightly."""
    with zipfile.ZipFile(bundle) as file:
        members = {name: file.read(name) for name in file.namelist()}
    lines = json.loads(members["timeline.json"])
    events = {
        json.loads(body)["id"]: name
        for name, body in members.items()
        if name.endswith("entry.json")
    }
    stem = events[lines[-1]["event_id"]].partition(".")[0]
    about = json.loads(members["bundle.json"])
    about["events"] -= 1
    changed: dict[str, bytes | None] = {name: None for name in members if name.startswith(stem)}
    changed["timeline.json"] = json.dumps(lines[:-1]).encode()
    changed["bundle.json"] = json.dumps(about).encode()
    page = check.page(members["texts/page.html"].decode(), about, lines[:-1])
    return forged(members, **{**changed, "timeline.html": page.encode()})


def test_a_copy_of_the_log_shows_what_was_withheld(
    bundle: Path, store: SealedStore, run: Run, tmp_path: Path
) -> None:
    code, found = run("verify-bundle", bundle, "--log", store.log)
    assert (code, "entries of the trace are here" in found["log_copy"]) == (0, True)
    other = tmp_path / "other.zip"
    other.write_bytes(without_last(bundle))
    assert run("verify-bundle", other)[0] == 0  # nobody can see it from the bundle alone
    code, found = run("verify-bundle", other, "--log", store.log)
    assert (code, "withheld" in found["wrong"]) == (1, True)
    assert run("verify-bundle", bundle, "--log", tmp_path / "none")[0] == 1


def test_another_log_is_no_witness(bundle: Path, store: SealedStore, run: Run) -> None:
    path = store.log / "2026" / "tile" / "entries" / "000"
    path.write_bytes(path.read_bytes().replace(b"person:", b"nobody:", 1))
    code, found = run("verify-bundle", bundle, "--log", store.log)
    assert (code, "not the log of the checkpoint" in found["wrong"]) == (1, True)


# Makers.


def test_what_is_younger_than_the_checkpoint_is_told(
    bundle: Path, store: SealedStore, trail: Trail, run: Run
) -> None:
    trail.append("DraftReturned", "out", document_id=identity("out"), note="")
    trail.read()
    again = bundle.with_name("again.zip")
    code, told = run("bundle", TRACE, "-o", again)
    assert (code, told["younger"]) == (0, 1)
    assert again.read_bytes() == bundle.read_bytes()


def test_names_are_those_of_the_day_and_erased_ones_are_said_to_be(
    store: SealedStore, trail: Trail, run: Run
) -> None:
    card = next(
        json.loads(row.payload)["card"] for row in store.rows() if row.type == "PersonRegistered"
    )
    trail.blobs.delete(card)
    path = store.folder / "case.zip"
    code, told = run("bundle", TRACE, "-o", path)
    assert (code, told["missing"][card]) == (0, "erased")
    with zipfile.ZipFile(path) as file:
        lines = json.loads(file.read("timeline.json"))
    assert "(đã xóa)" in {line["handler"] for line in lines}


def test_an_unknown_trace_is_refused(store: SealedStore, trail: Trail, run: Run) -> None:
    path = store.folder / "case.zip"
    assert run("bundle", identity("nothing"), "-o", path)[1]["error"] == "trace_unknown"
    assert not path.exists()


def test_a_store_that_was_changed_makes_no_bundle(
    bundle: Path, store: SealedStore, run: Run
) -> None:
    before = bundle.read_bytes()
    store.tamper("UPDATE es.event SET handler = 'person:x/y' WHERE type = 'DocumentIssued'")
    code, told = run("bundle", TRACE, "-o", bundle)
    assert (code, told["error"]) == (1, "not_as_sealed")
    assert bundle.read_bytes() == before


def test_a_deleted_event_makes_no_bundle(bundle: Path, store: SealedStore, run: Run) -> None:
    store.tamper("DELETE FROM es.event WHERE type = 'TaskStarted'")
    assert run("bundle", TRACE, "-o", bundle)[1]["error"] == "not_as_sealed"


def test_read_models_that_are_behind_make_no_bundle(
    store: SealedStore, trail: Trail, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PATIENCE", 0.0)
    trail.append("DocumentVoided", "out", document_id=identity("out"), note="")
    seal(store)
    code, told = run("bundle", TRACE, "-o", store.folder / "case.zip")
    assert (code, told["error"]) == (1, "not_caught_up")


def test_a_trace_over_two_years_has_two_checkpoints(
    store: SealedStore, trail: Trail, run: Run
) -> None:
    later = ShardName(2027)
    store.keys.make(later)
    store.now = datetime(2027, 1, 5, tzinfo=UTC)
    trail.append("DocumentVoided", "out", document_id=identity("out"), note="")
    trail.read()
    seal(store, later)
    path = store.folder / "case.zip"
    assert run("bundle", TRACE, "-o", path)[0] == 0
    code, found = run("verify-bundle", path, "--log", store.log)
    assert (code, len(found["checkpoints"])) == (0, 2)


def test_who_may_not_read_everything_makes_no_bundle(
    store: SealedStore, trail: Trail, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", store.url("documents"))
    code, told = run("bundle", TRACE, "-o", store.folder / "case.zip")
    assert (code, told["error"]) == (1, "bundle_refused")
