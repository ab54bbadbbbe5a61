"""Set back to before a year or a fork that witnesses know: nothing of it is signed again."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from libs.translog import CHECKPOINT, Checkpoint, Note, Policy, Use
from libs.translog.policy import Party
from services.audit.sealer import Settings, Work
from services.audit.sealing.errors import Contradicted, ForkRefused
from services.audit.sealing.files import SIGNED
from services.audit.sealing.memory import Memory
from services.audit.sealing.seal import Sealer
from services.audit.sealing.shards import ShardName
from services.audit.sealing.witness import Witness
from services.audit.sealing.witnesses import Witnesses
from tests.support.log_operators import Run, command, two_operators
from tests.support.sealing import NOW, ORIGIN, YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.translog_log import signer
from tests.support.translog_witness import WitnessClient, folder_for, serving
from tools.cli import main

NEXT, AFTER, FORKED = ShardName(2027), ShardName(2027, 1), ShardName(2026, 1)
NEW_YEAR = datetime(2027, 1, 2, tzinfo=UTC)
GONE = WitnessClient("http://127.0.0.1:9", signer("gone.example", Use.COSIGNATURE).key)


class Ended(Exception):
    """The test has seen enough."""


@pytest.fixture
def store(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealedStore]:
    """30 events of 2026 are sealed; the keys of 2027, and of a fork, are there."""
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        for variable, value in (
            ("LOG_DIR", store.log), ("LOG_STATE", store.state), ("LOG_ORIGIN", ORIGIN),
            ("LOG_KEYS", store.folder / "keys"), ("DATABASE_URL", store.url("monitor")),
        ):  # fmt: skip
            monkeypatch.setenv(variable, str(value))
        monkeypatch.setattr("services.audit.sealer._now", lambda: store.now)
        for name in (NEXT, FORKED, AFTER):
            store.keys.make(name)
        store.append_all(30, "document-2026")
        store.seal()
        yield store


@pytest.fixture
def witness(store: SealedStore) -> Iterator[WitnessClient]:
    """Knows the keys; has co-signed the last checkpoint of 2026."""
    keys = [store.key(name) for name in (YEAR, FORKED, NEXT, AFTER)]
    with ExitStack() as stack:
        found = stack.enter_context(serving(folder_for(store.folder / "witness", *keys)))
        cosign(store, found, YEAR)
        yield found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return command(capsys)


@pytest.fixture
def persons(store: SealedStore, run: Run) -> tuple[Path, Path]:
    return two_operators(store, run)


def cosign(store: SealedStore, witness: WitnessClient, name: ShardName) -> None:
    Witness(Party(witness.key, witness.url)).cosign(store.files(name).note(), store.files(name))


def lose(store: SealedStore, stream: str) -> None:
    """The store as a backup has it that is older than a stream."""
    store.tamper("DELETE FROM es.event WHERE stream = :stream", stream=stream)
    store.tamper("DELETE FROM es.stream WHERE stream = :stream", stream=stream)


def copy(store: SealedStore, name: str) -> None:
    """Copy what the sealer remembers, and its files."""
    for folder in ("log", "state"):
        shutil.copytree(store.folder / folder, store.folder / f"{name}-{folder}")


def bring_back(store: SealedStore, name: str) -> None:
    """Set the sealer back to a copy."""
    for folder in ("log", "state"):
        shutil.rmtree(store.folder / folder)
        (store.folder / f"{name}-{folder}").rename(store.folder / folder)


def witnessed_and_set_back(store: SealedStore, witness: WitnessClient) -> bytes:
    """5 events of 2027 are sealed and co-signed; then the whole machine is of 2026 again.

    The last checkpoint of 2027 that was published.
    """
    copy(store, "old")
    store.now = NEW_YEAR
    store.append_all(5, "document-lost")
    store.seal()
    cosign(store, witness, NEXT)
    note = (store.log / "2027" / CHECKPOINT).read_bytes()
    bring_back(store, "old")
    lose(store, "document-lost")
    store.append_all(3, "document-new")
    return note


def seal(store: SealedStore, *witnesses: WitnessClient, turn: datetime | None = None) -> None:
    """Work as the process does until nothing is left to be sealed; raises what halts it.

    `turn`: so late it is from the second batch on, which has two events more.
    """
    lines = [f"witness W{n} {each.key} {each.url}" for n, each in enumerate(witnesses)]
    policy = Policy.parse("\n".join([*lines, "quorum none", ""]))
    settings = Settings(
        database_url=store.url("audit"), log_dir=store.log, log_state=store.state,
        log_keys=store.folder / "keys", log_origin=ORIGIN,
    )  # fmt: skip
    real, turns = Sealer.step, [turn] if turn else []

    def step(self: Sealer) -> int:
        sealed = real(self)
        if not sealed and not turns:
            raise Ended
        if not sealed and (later := turns.pop()):
            store.now = later
            store.append_all(2, "document-turned")
        return sealed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Ended):
        patch.setattr(Sealer, "step", step)
        Work(settings, store.keys, Witnesses(policy, store.log)).run(threading.Event())


def shards(store: SealedStore) -> list[str]:
    return [str(shard.name) for shard in Memory.read(store.state).shards]


def test_a_year_that_a_witness_knows_is_not_begun_anew(
    store: SealedStore, witness: WitnessClient
) -> None:
    note = witnessed_and_set_back(store, witness)
    with pytest.raises(Contradicted, match=r"6 entries of .*/2027; 0 are known here"):
        seal(store, witness)
    assert not (store.log / "2027").exists()
    assert shards(store) == ["2026"]
    (evidence,) = (store.state / "contradictions").iterdir()
    assert Note.parse(evidence.read_bytes()).text == Note.parse(note).text


def test_a_clock_that_is_behind_does_not_let_the_old_year_grow(
    store: SealedStore, witness: WitnessClient
) -> None:
    """The witness's 2027 begins with the last checkpoint of 2026."""
    witnessed_and_set_back(store, witness)
    store.now = NOW
    with pytest.raises(Contradicted, match="2027"):
        seal(store, witness)
    assert store.signed().size == 30


def test_years_after_one_that_a_witness_knows_are_not_begun_either(
    store: SealedStore, witness: WitnessClient
) -> None:
    witnessed_and_set_back(store, witness)
    store.keys.make(ShardName(2029))
    store.now = datetime(2029, 5, 1, tzinfo=UTC)
    with pytest.raises(Contradicted, match="/2027"):
        seal(store, witness)
    assert shards(store) == ["2026"]


def test_a_year_is_asked_about_once_more_when_it_begins(
    store: SealedStore, witness: WitnessClient
) -> None:
    """Its key came, or its witness woke up, after the sealer had started."""
    witnessed_and_set_back(store, witness)
    key = store.folder / "keys" / "2027.pem"
    key.rename(key.with_suffix(".away"))
    store.now = NOW
    real = Work._check_past

    def then_the_key_comes(self: Work) -> None:
        real(self)
        key.with_suffix(".away").rename(key)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Contradicted, match="/2027"):
        patch.setattr(Work, "_check_past", then_the_key_comes)
        seal(store, witness, turn=NEW_YEAR)
    assert shards(store) == ["2026"]


@pytest.mark.parametrize("gone", [False, True], ids=["it answers", "it is silent"])
def test_an_ordinary_turn_of_the_year_is_not_hindered(
    store: SealedStore, witness: WitnessClient, gone: bool
) -> None:
    store.append_all(3, "document-new")
    seal(store, *([GONE] if gone else [witness, GONE]), turn=NEW_YEAR)
    assert shards(store) == ["2026", "2027"]
    assert (store.signed().size, store.signed(NEXT).size) == (33, 3)
    assert not (store.state / "contradictions").exists()
    seal(store, *([GONE] if gone else [witness, GONE]))


def under_a_new_key(store: SealedStore, witness: WitnessClient) -> Path:
    """Set back without the key of 2027, for which another was made; where the right one is."""
    witnessed_and_set_back(store, witness)
    key = store.folder / "keys" / "2027.pem"
    right = key.rename(key.with_suffix(".away"))
    store.keys.make(NEXT)
    return right


def test_a_year_that_a_witness_knows_is_not_begun_under_another_key(
    store: SealedStore, witness: WitnessClient
) -> None:
    right = under_a_new_key(store, witness)
    for _ in range(2):
        with pytest.raises(Contradicted, match=r"6 entries of .*/2027 under another key than ours"):
            seal(store, witness)
    assert not (store.log / "2027").exists()
    assert shards(store) == ["2026"]
    assert len(list((store.state / "contradictions").iterdir())) == 1
    right.rename(right.with_suffix(".pem"))
    with pytest.raises(Contradicted, match=r"6 entries of .*/2027; 0 are known here"):
        seal(store, witness)


def test_without_the_new_key_the_old_year_goes_on(
    store: SealedStore, witness: WitnessClient
) -> None:
    under_a_new_key(store, witness)
    (store.folder / "keys" / "2027.pem").unlink()
    seal(store, witness)
    assert (shards(store), store.signed().size) == (["2026"], 33)


def test_one_that_wakes_up_too_late_and_knows_another_key_is_reported(
    store: SealedStore, witness: WitnessClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The year has begun: nobody is helped by a log that stands still."""
    under_a_new_key(store, witness)
    seal(store, GONE)
    assert shards(store) == ["2026", "2027"]
    seal(store, witness)
    (told,) = [each for each in caplog.records if each.msg == "log_under_another_key"]
    assert (told.levelname, told.__dict__["fields"]["witness"]) == ("ERROR", "W0")


def decide(run: Run, persons: tuple[Path, Path]) -> dict[str, Any]:
    """Two persons sign the fork; what the second one is told."""
    for words in (("--reason", "the machine of December"), ()):
        code, told = run("log", "fork", *words, "--sign-with", persons[not words])
        assert code == 0, told
    answer: dict[str, Any] = told
    return answer


def test_two_persons_fork_a_year_of_which_nothing_is_here(
    store: SealedStore, witness: WitnessClient, run: Run, persons: tuple[Path, Path]
) -> None:
    note = witnessed_and_set_back(store, witness)
    with pytest.raises(Contradicted):
        seal(store, witness)
    told = decide(run, persons)
    assert (told["shard"], told["sealed"], told["kept"], told["lost"]) == ("2026", 30, 30, [])
    assert told["shard_not_here"] == {"origin": f"{ORIGIN}/2027", "sealed": 6}
    assert (told["new_shard"], told["new_key"]) == ("2027.1", str(store.key(AFTER)))
    seal(store, witness)
    assert shards(store) == ["2026", "2027.1"]
    first, _, *events = store.entries(AFTER)
    assert Note.parse(first).text == Note.parse(note).text
    assert {json.loads(entry)["stream"] for entry in events} == {"document-new"}
    assert not (store.state / "contradictions").exists()
    # Now it goes on. Of the old year witnesses may know more: it is not shown to them again.
    (store.log / "2026" / CHECKPOINT).unlink()
    store.append_all(2, "document-newer")
    seal(store, witness)
    assert store.signed(AFTER).size == 7
    assert not (store.log / "2026" / CHECKPOINT).exists()


def forked(store: SealedStore, witness: WitnessClient, run: Run, both: tuple[Path, Path]) -> Path:
    """The log goes on as 2027.1; a policy that names all its keys and the witness."""
    witnessed_and_set_back(store, witness)
    with pytest.raises(Contradicted):
        seal(store, witness)
    decide(run, both)
    seal(store, witness)
    logs = "".join(f"log {store.key(name)}\n" for name in (YEAR, NEXT, AFTER))
    policy = store.folder / "policy"
    policy.write_text(f"{logs}witness W {witness.key} {witness.url}\nquorum none\n")
    return policy


def test_the_verification_says_what_was_given_up_whole(
    store: SealedStore, witness: WitnessClient, run: Run, persons: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    policy = forked(store, witness, run, persons)
    words = ("verify", "--jobs", "1", "--policy", policy, "--ask-witnesses")
    code, report = run(*words)
    assert (code, report["findings"]) == (0, [])
    assert (report["events"], report["not_sealed_yet"], report["not_compared"]) == (33, 0, [])
    old, new = report["shards"]
    assert (old["given_up"], old["given_up_whole"]) == (0, None)
    assert new["given_up_whole"] == {"origin": f"{ORIGIN}/2027", "entries": 6}
    assert main(list(map(str, words))) == 0
    assert f"gave up {ORIGIN}/2027 whole: 6 entries" in " ".join(capsys.readouterr().out.split())
    # The old year may be moved away, and is named as what comes before.
    (store.log / "2026").rename(store.folder / "2026")
    report = run("verify", "--jobs", "1", "--policy", policy)[1]
    assert (report["findings"], report["logs_not_here"]) == ([], [f"{ORIGIN}/2026"])


def test_a_year_that_was_forked_is_not_taken_for_one_that_was_given_up_whole(
    store: SealedStore, witness: WitnessClient, run: Run, persons: tuple[Path, Path]
) -> None:
    """Its statement names it: without its folder something is missing."""
    store.now = NEW_YEAR
    store.append_all(5, "document-lost")
    store.seal()
    lose(store, "document-lost")
    decide(run, persons)
    store.append_all(3, "document-new")
    seal(store)
    assert run("verify", "--jobs", "1")[1]["findings"] == []
    (store.log / "2027").rename(store.folder / "2027")
    details = [each["detail"] for each in run("verify", "--jobs", "1")[1]["findings"]]
    assert f"it follows {ORIGIN}/2027, which is not here: name its folder by --log" in details


def test_what_was_given_up_of_the_old_year_too_is_one_fork(
    store: SealedStore, witness: WitnessClient, run: Run, persons: tuple[Path, Path]
) -> None:
    """The machine is of a moment before the last checkpoint of 2026: the witness knows both."""
    copy(store, "older")
    store.append_all(4, "document-late")
    store.seal()
    cosign(store, witness, YEAR)
    witnessed_and_set_back(store, witness)
    bring_back(store, "older")
    lose(store, "document-late")
    with pytest.raises(Contradicted, match=r"34 entries of .*/2026; 30 .* 6 entries of .*/2027; 0"):
        seal(store, witness)
    assert decide(run, persons)["new_shard"] == "2027.1"
    seal(store, witness)
    assert shards(store) == ["2026", "2027.1"]
    policy = store.folder / "policy"
    logs = "".join(f"log {store.key(name)}\n" for name in (YEAR, NEXT, AFTER))
    policy.write_text(f"{logs}witness W {witness.key} {witness.url}\nquorum none\n")
    report = run("verify", "--jobs", "1", "--policy", policy, "--ask-witnesses")[1]
    assert report["findings"] == []
    assert report["not_compared"] == [{"whose": "witness W", "origin": f"{ORIGIN}/2026"}]


def test_a_fork_that_a_witness_knows_is_not_begun_anew(
    store: SealedStore, witness: WitnessClient, run: Run, persons: tuple[Path, Path]
) -> None:
    """Set back to the moment when two persons had signed, and nothing was carried out yet."""
    store.append_all(5, "document-lost")
    store.seal()
    lose(store, "document-lost")
    decide(run, persons)
    copy(store, "old")
    seal(store)
    store.append_all(3, "document-after")
    seal(store)
    cosign(store, witness, FORKED)
    bring_back(store, "old")
    lose(store, "document-after")
    with pytest.raises(Contradicted, match=r"/2026\.1; 0 are known"):
        seal(store, witness)
    assert not (store.log / "2026.1").exists()
    with pytest.raises(ForkRefused, match="does not say what"):
        seal(store, witness)
    told = decide(run, persons)
    assert (told["kept"], told["new_shard"]) == (30, "2026.2")
    store.append_all(2, "document-new")
    seal(store, witness)
    assert shards(store) == ["2026", "2026.2"]
    report = run("verify", "--jobs", "1")[1]
    assert (report["findings"], report["events"]) == ([], 32)
    assert store.checkpoint(YEAR, SIGNED).size == 35
    assert Checkpoint.parse(Note.parse(store.entries(ShardName(2026, 2))[0]).text).size == 5
