"""When sealed events are lost for good two persons decide, and the loss stays known."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.eventstore.bulk import BulkReader
from libs.translog import CHECKPOINT, Checkpoint, Note, Policy
from libs.translog.files import write_key
from libs.translog.policy import Party
from services.audit.sealing import forking
from services.audit.sealing.errors import Contradicted, ForkRefused, StoreIsOld
from services.audit.sealing.files import SIGNED, ShardFiles
from services.audit.sealing.fork import Fork
from services.audit.sealing.forking import carried_out
from services.audit.sealing.memory import Memory
from services.audit.sealing.notary import Notary
from services.audit.sealing.shards import ShardName
from services.audit.sealing.witness import Witness
from services.audit.sealing.witnesses import Past, Witnesses
from tests.support.log_operators import Run, command, two_operators
from tests.support.sealing import ORIGIN, YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.tampering import recompute
from tests.support.translog_witness import folder_for, serving

FORKED = ShardName(2026, 1)
LOSE = """
    DELETE FROM es.event WHERE (tx, position) > (
        SELECT tx, position FROM es.event ORDER BY tx, position OFFSET {last} LIMIT 1)
"""


@pytest.fixture
def store(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealedStore]:
    """600 events are sealed; two persons may decide."""
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        monkeypatch.setenv("LOG_DIR", str(store.log))
        monkeypatch.setenv("LOG_STATE", str(store.state))
        monkeypatch.setenv("LOG_KEYS", str(store.folder / "keys"))
        monkeypatch.setenv("LOG_ORIGIN", ORIGIN)
        monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
        store.append_all(400, "document-1")
        store.seal()
        store.append_all(200, "document-2")
        store.seal()
        yield store


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return command(capsys)


@pytest.fixture
def persons(store: SealedStore, run: Run) -> tuple[Path, Path]:
    return two_operators(store, run)


def restore(store: SealedStore, events: int) -> None:
    """The store as an old backup has it."""
    store.tamper(LOSE.format(last=events - 1))
    recompute(store)


def carry_out(store: SealedStore) -> bool:
    """What the sealer does before each round."""
    with BulkReader(store.url("audit")) as reader:
        notary = Notary(store.state, store.keys)
        publisher = Witnesses(None, store.log)
        return carried_out(notary, store.log, store.state, reader, publisher.offer, lambda _: None)


def test_what_was_lost_is_reported_before_anything_is_decided(store: SealedStore, run: Run) -> None:
    restore(store, 450)
    store.append(3)
    code, told = run("log", "fork")
    assert code == 0
    assert (told["sealed"], told["kept"], len(told["lost"])) == (600, 450, 150)
    assert [event["version"] for event in told["lost"]][:2] == ["51", "52"]
    assert {event["stream"] for event in told["lost"]} == {"document-2"}
    assert told["complete"] is False
    assert not carry_out(store)


def test_two_persons_let_the_log_go_on(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    last = (store.log / "2026" / CHECKPOINT).read_bytes()
    restore(store, 450)
    name = store.append(3)
    with pytest.raises(StoreIsOld):
        store.seal()
    told = run(
        "log", "fork", "--reason", "disk of 3 May, backup of 2 May", "--sign-with", persons[0]
    )[1]
    assert (told["signed_by"], told["complete"]) == (["operator.a"], False)
    assert not carry_out(store)
    told = run("log", "fork", "--sign-with", persons[1])[1]
    assert (told["signed_by"], told["complete"]) == (["operator.a", "operator.b"], True)
    assert told["new_key"] == str(store.key(FORKED))
    assert carry_out(store)
    assert store.seal() == 3
    first, statement, *events = store.entries(FORKED)
    assert first == last
    fork = Fork.parse(Note.parse(statement).text)
    assert (fork.old, fork.kept, fork.reason) == (
        "log.h42.example/2026", 450, "disk of 3 May, backup of 2 May",
    )  # fmt: skip
    assert [json.loads(entry)["stream"] for entry in events] == [name] * 3
    # The old log stays as it was: what was lost can still be shown to have been.
    assert store.checkpoint(YEAR).size == 600
    assert not carry_out(store)
    assert store.seal() == 0
    store.append()
    assert store.seal() == 1


def test_the_verification_knows_of_the_fork(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    forked(store, run, persons, 450)
    report = run("verify", "--jobs", "1")[1]
    assert report["verified"], report["findings"]
    assert (report["events"], report["not_sealed_yet"]) == (453, 0)
    old, new = report["shards"]
    assert (old["given_up"], new["forked_because"]) == (150, "an old backup")
    store.tamper(
        "UPDATE es.event SET agency = 'agency-9' WHERE stream = 'document-2' AND version = 50"
    )
    finding = run("verify", "--jobs", "1")[1]["findings"][0]
    assert (finding["stream"], finding["version"], finding["columns"]) == (
        "document-2", 50, ["agency"],
    )  # fmt: skip


def forked(store: SealedStore, run: Run, persons: tuple[Path, Path], events: int) -> None:
    restore(store, events)
    store.append(3)
    run("log", "fork", "--reason", "an old backup", "--sign-with", persons[0])
    run("log", "fork", "--sign-with", persons[1])
    assert carry_out(store)
    store.seal()


@pytest.mark.parametrize("kept", [0, 256, 599])
def test_whatever_was_kept_the_log_goes_on(
    store: SealedStore, run: Run, persons: tuple[Path, Path], kept: int
) -> None:
    if kept == 0:
        store.tamper("TRUNCATE es.event, es.stream")
        store.append(3)
        run("log", "fork", "--reason", "an old backup", "--sign-with", persons[0])
        run("log", "fork", "--sign-with", persons[1])
        assert carry_out(store)
        store.seal()
    else:
        forked(store, run, persons, kept)
    report = run("verify", "--jobs", "1")[1]
    assert report["verified"], report["findings"]
    assert report["events"] == kept + 3


class PowerFailure(BaseException):
    """The machine stops here."""


STEPS = [(ShardFiles, "write"), (Memory, "write"), (forking, "show"), (Path, "rename")]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("where", "what"), STEPS, ids=[what for _, what in STEPS])
def test_a_sealer_that_dies_while_it_forks_is_followed_by_one_that_goes_on(
    store: SealedStore, run: Run, persons: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch,
    where: Any, what: str, when: str,
) -> None:  # fmt: skip
    restore(store, 450)
    run("log", "fork", "--reason", "an old backup", "--sign-with", persons[0])
    run("log", "fork", "--sign-with", persons[1])
    real = getattr(where, what)

    def fail(*arguments: Any, **named: Any) -> None:
        if when == "after":
            real(*arguments, **named)
        raise PowerFailure

    with monkeypatch.context() as broken:
        broken.setattr(where, what, fail)
        with pytest.raises(PowerFailure):
            carry_out(store)
    carry_out(store)
    assert not carry_out(store)
    store.append(2)
    assert store.seal() == 2
    assert (store.log / "2026.1" / "key").read_text().strip() == str(store.key(FORKED))
    report = run("verify", "--jobs", "1")[1]
    assert report["verified"], report["findings"]


def test_events_of_both_sides_have_their_proofs(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    forked(store, run, persons, 450)
    rows = store.rows()
    for number, shard in ((10, "2026"), (452, "2026.1")):
        code, told = run("log", "prove", rows[number].event_id, "--to", store.folder / "proofs")
        assert (code, told["shard"]) == (0, shard)
        assert (
            run("log", "check", told["proof"], "--key", store.key(ShardName.parse(shard)))[0] == 0
        )


def test_one_person_twice_is_one_person(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    restore(store, 450)
    run("log", "fork", "--reason", "an old backup", "--sign-with", persons[0])
    told = run("log", "fork", "--sign-with", persons[0])[1]
    assert (told["signed_by"], told["complete"]) == (["operator.a"], False)
    assert not carry_out(store)


def test_a_stranger_decides_nothing(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    restore(store, 450)
    stranger = store.folder / "stranger.pem"
    write_key(stranger, Ed25519PrivateKey.generate())
    code, told = run("log", "fork", "--reason", "mine", "--sign-with", stranger)
    assert (code, told["error"]) == (1, "log_fork_refused")
    assert not (store.state / "fork").exists()


def test_without_two_operators_nobody_decides(store: SealedStore, run: Run) -> None:
    restore(store, 450)
    key = store.folder / "a.pem"
    told = run("log", "operator", "operator.a", key)[1]
    for content in ("", f"{told['key']}\n", f"{told['key']}\n{told['key']}\n", "nonsense\n"):
        (store.state / "operators").write_text(content)
        code, refused = run("log", "fork", "--reason", "mine", "--sign-with", key)
        assert (code, refused["error"]) == (1, "log_fork_refused")


def test_a_statement_that_is_not_so_any_more_is_not_carried_out(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    restore(store, 450)
    run("log", "fork", "--reason", "an old backup", "--sign-with", persons[0])
    restore(store, 300)
    code, told = run("log", "fork", "--sign-with", persons[1])
    assert (code, told["error"]) == (1, "log_fork_refused")
    told = run("log", "fork", "--reason", "an older one", "--sign-with", persons[1])[1]
    assert (told["signed_by"], told["kept"]) == (["operator.b"], 300)
    assert run("log", "fork", "--sign-with", persons[0])[1]["complete"]
    restore(store, 200)
    with pytest.raises(ForkRefused, match="does not say what"):
        carry_out(store)


def test_a_statement_that_was_altered_is_signed_by_nobody(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    restore(store, 450)
    run("log", "fork", "--reason", "an old backup", "--sign-with", persons[0])
    run("log", "fork", "--sign-with", persons[1])
    path = store.state / "fork"
    path.write_bytes(path.read_bytes().replace(b"an old backup", b"another story"))
    with pytest.raises(ValueError, match="signature"):
        carry_out(store)


def test_a_whole_log_is_not_forked(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    code, told = run("log", "fork", "--reason", "why not", "--sign-with", persons[0])
    assert (code, told["error"]) == (1, "log_fork_refused")
    assert "nothing was" in told["detail"] or "nothing asks" in told["detail"]


def test_a_reason_is_given_once_and_in_one_line(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    restore(store, 450)
    for reason in ("", " ", "two\nlines", "x" * 501):
        assert run("log", "fork", "--reason", reason, "--sign-with", persons[0])[0] == 1
    assert run("log", "fork", "--sign-with", persons[0])[0] == 1
    assert run("log", "fork", "--reason", "first", "--sign-with", persons[0])[0] == 0
    assert run("log", "fork", "--reason", "second", "--sign-with", persons[1])[0] == 1


def test_a_lost_memory_is_a_reason_too(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    (store.state / "state.json").unlink()
    run("log", "fork", "--reason", "the sealer's volume is gone", "--sign-with", persons[0])
    told = run("log", "fork", "--sign-with", persons[1])[1]
    assert (told["kept"], told["lost"], told["complete"]) == (600, [], True)
    assert carry_out(store)
    store.append(2)
    assert store.seal() == 2
    assert run("verify", "--jobs", "1")[1]["verified"]


def test_the_next_year_follows_a_fork(
    store: SealedStore, run: Run, persons: tuple[Path, Path]
) -> None:
    forked(store, run, persons, 450)
    store.keys.make(ShardName(2027))
    store.now = datetime(2027, 1, 5, tzinfo=UTC)
    store.append(2)
    assert store.seal() == 2
    assert [str(shard.name) for shard in Memory.read(store.state).shards] == [
        "2026", "2026.1", "2027",
    ]  # fmt: skip
    assert run("verify", "--jobs", "1")[1]["verified"]


def test_a_fork_can_be_forked(store: SealedStore, run: Run, persons: tuple[Path, Path]) -> None:
    forked(store, run, persons, 450)
    store.append_all(20, "document-9")
    store.seal()
    forked(store, run, persons, 455)
    report = run("verify", "--jobs", "1")[1]
    assert report["verified"], report["findings"]
    assert [shard["name"] for shard in report["shards"]] == ["2026", "2026.1", "2026.2"]
    assert report["events"] == 458


def test_a_whole_machine_set_back_is_known_by_the_witness(
    store: SealedStore, run: Run, persons: tuple[Path, Path], tmp_path: Path
) -> None:
    """Store, files and memory are of yesterday; the witness has co-signed what came after."""
    with serving(folder_for(tmp_path / "witness", store.key())) as witness:
        names = ("log", "state")
        for name in names:
            shutil.copytree(store.folder / name, tmp_path / f"old-{name}")
        store.append_all(100, "document-3")
        store.seal()
        asked = Witness(Party(witness.key, witness.url))
        seen = store.files().note()
        asked.cosign(seen, store.files())
        for name in names:
            (store.folder / name).rename(tmp_path / f"lost-{name}")
            shutil.copytree(tmp_path / f"old-{name}", store.folder / name)
        restore(store, 600)
        (store.state / "operators").write_bytes(
            (tmp_path / "lost-state" / "operators").read_bytes()
        )
        policy = Policy.parse(f"witness W {witness.key} {witness.url}\nquorum none\n")
        witnesses = Witnesses(policy, store.log)
        files, evidence = store.files(), store.state / "contradictions"
        with pytest.raises(Contradicted, match=r"700 entries of .*; 600 are known here"):
            witnesses.check_past([Past(store.key(), store.signed(), files)], evidence)
        told = run("log", "fork", "--reason", "yesterday's machine", "--sign-with", persons[0])[1]
        assert (told["sealed"], told["kept"], told["not_even_here"]) == (700, 600, 100)
        run("log", "fork", "--sign-with", persons[1])
        assert run("log", "status")[0] == 1
        assert carry_out(store)
    assert run("log", "status")[0] == 0
    assert list((store.state / "contradictions-2026.1").iterdir())
    first = Note.parse(store.entries(FORKED)[0])
    assert Checkpoint.parse(first.text).size == 700
    assert first.checked([witness.key])
    store.append(2)
    assert store.seal() == 2
    assert Checkpoint.parse(store.files().note(SIGNED).text).size == 600
    assert run("verify", "--jobs", "1")[1]["verified"]
    # What the witness saw more is what the fork tells of: given up, and said.
    (tmp_path / "seen").write_bytes(bytes(seen))
    report = run("verify", "--jobs", "1", "--since", tmp_path / "seen")[1]
    assert report["verified"], report["findings"]
    assert report["shards"][0]["given_up"] == 100


def test_a_fork_that_is_gone_is_missed_by_a_checkpoint_that_was_kept(
    store: SealedStore, run: Run, persons: tuple[Path, Path], tmp_path: Path
) -> None:
    forked(store, run, persons, 450)
    policy = tmp_path / "policy"
    policy.write_text(f"log {store.key()}\nlog {store.key(FORKED)}\nquorum none\n")
    kept = tmp_path / "kept"
    kept.write_bytes((store.log / "2026.1" / CHECKPOINT).read_bytes())
    words = ("verify", "--jobs", "1", "--policy", policy, "--since", kept)
    assert run(*words)[1]["verified"]
    (store.log / "2026.1").rename(tmp_path / "away")
    details = [each["detail"] for each in run(*words)[1]["findings"]]
    assert f"{kept}: 5 entries of log.h42.example/2026.1 were seen, and it is not here" in details
