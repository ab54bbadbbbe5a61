"""Every event becomes an entry, in the store's order; whatever does not fit is not signed."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from libs.eventstore.bulk import TO_SEAL, BulkReader
from libs.eventstore.entries import entry_of, fields_of, leaf_of
from libs.translog import (
    CHECKPOINT,
    Checkpoint,
    Note,
    Tile,
    Use,
    check_consistency,
    cosign,
    prove_consistency,
    rebuilt,
)
from libs.translog import files as translog_files
from services.audit.sealing import files as sealing_files
from services.audit.sealing import notary as sealing_notary
from services.audit.sealing import seal as sealing_seal
from services.audit.sealing.errors import (
    Contradicted,
    FilesLost,
    KeyMissing,
    MemoryLost,
    NoRights,
    NotAsAppended,
    SealingRefused,
    StoreIsOld,
)
from services.audit.sealing.files import SIGNED
from services.audit.sealing.memory import Memory
from services.audit.sealing.shards import ShardName
from tests.support.sealing import YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.translog_log import signer

NEXT = ShardName(2027)
NEW_YEAR = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)  # half past midnight in Hà Nội


@pytest.fixture
def store(postgres: PostgresForTests, tmp_path: Path) -> Iterator[SealedStore]:
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        yield store


def check_whole(store: SealedStore, name: ShardName = YEAR) -> None:
    """The files are exactly what their entries make, under the signed root."""
    for tile, content in rebuilt(store.files(name), store.checkpoint(name)):
        assert store.files(name).tile(tile)[: len(content)] == content


def test_what_a_batch_costs_does_not_grow_with_the_store(store: SealedStore) -> None:
    """Joined, all streams' leaves were hashed for each batch: a tenth of a second at 100,000."""
    for _ in range(30):
        store.append_batch(100)
    end = store.rows()[-50].place
    with BulkReader(store.url("audit")) as reader:
        plan = "\n".join(line for (line,) in reader.ask(f"EXPLAIN {TO_SEAL}", *end, 1000))
    assert "event_order" in plan
    assert "Seq Scan" not in plan


def test_every_event_is_an_entry_in_the_stores_order(store: SealedStore) -> None:
    one = store.append(3)
    store.append(2)
    store.append_batch(300)
    store.append(2, one)
    assert store.seal() == 307
    rows = store.rows()
    before: dict[str, bytes] = {}
    assert [row.place for row in rows] == sorted(row.place for row in rows)
    entries = []
    for row in rows:
        entries.append(entry_of(row, before.get(row.stream)))
        assert leaf_of(entries[-1]) == row.leaf
        before[row.stream] = row.leaf
    assert store.entries() == entries
    assert store.checkpoint().origin == "log.h42.example/2026"
    check_whole(store)


def test_the_log_grows_by_every_batch_and_keeps_what_it_had(store: SealedStore) -> None:
    sizes = []
    with store.sealer() as sealer:
        for count in (1, 1, 254, 3, 256, 1):
            store.append_batch(count)
            assert sealer.step() == count
            sizes.append(store.checkpoint())
    for old, new in pairwise(sizes):
        proof = prove_consistency(old.size, new.size, store.files().tile)
        check_consistency(old.size, old.root, new.size, new.root, proof)
    check_whole(store)


def test_nothing_new_is_nothing_signed(store: SealedStore) -> None:
    store.append(2)
    store.seal()
    signed = len(store.offered)
    with store.sealer() as sealer:
        assert sealer.step() == 0
    assert len(store.offered) == signed


def test_many_events_are_sealed_in_batches(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing_seal, "BATCH", 7)
    store.append_batch(20)
    assert store.seal() == 20
    assert [Checkpoint.parse(note.text).size for _, note in store.offered] == [7, 14, 20]


def test_an_event_behind_a_running_transaction_waits_and_is_not_passed(store: SealedStore) -> None:
    store.append()
    with store.database.engine.connect() as slow:
        slow.execute(text("SELECT pg_current_xact_id()"))
        late = store.append()
        assert store.seal() == 1
        slow.rollback()
    assert store.seal() == 1
    assert fields_of(store.entries()[-1])["stream"] == late


def test_partial_tiles_go_when_the_full_one_is_there(store: SealedStore) -> None:
    with store.sealer() as sealer:
        for count in (100, 100):
            store.append_batch(count)
            sealer.step()
        folders = sorted(path.name for path in (store.log / "2026").glob("tile/**/*.p"))
        assert folders == ["000.p", "000.p"]
        store.append_batch(100)
        sealer.step()
    left = sorted(
        str(path.relative_to(store.log / "2026")) for path in (store.log / "2026").glob("tile/**/*")
        if path.is_file()
    )  # fmt: skip
    assert left == [
        Tile(0, 0).path,
        Tile(0, 1, 44).path,
        Tile(1, 0, 1).path,
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]
    store.append()
    assert store.seal() == 1
    check_whole(store)


class PowerFailure(BaseException):
    """The machine stops here."""


STEPS = [
    (translog_files, "_sync"),
    (sealing_files, "write_all_durably"),
    (sealing_notary, "check_consistency"),
    (os, "replace"),
    (Memory, "write"),
    (sealing_seal, "show"),
    (sealing_files.ShardFiles, "drop_partial"),
]


def dies(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch, where: Any, what: str, when: str
) -> None:
    """A sealer's power fails before or after a step of its next batch."""
    real = getattr(where, what)

    def fail(*arguments: Any, **named: Any) -> None:
        if when == "after":
            real(*arguments, **named)
        raise PowerFailure

    with store.sealer() as sealer, monkeypatch.context() as broken:
        broken.setattr(where, what, fail)
        with pytest.raises(PowerFailure):
            sealer.step()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("where", "what"), STEPS, ids=[what for _, what in STEPS])
def test_a_sealer_that_dies_at_any_step_is_followed_by_one_that_goes_on(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch, where: Any, what: str, when: str
) -> None:
    store.append_batch(200)
    store.seal()
    earlier = store.signed()
    store.append_batch(100)
    dies(store, monkeypatch, where, what, when)
    store.append_batch(10)
    store.seal()
    later = store.signed()
    assert later.size == 310
    assert store.checkpoint() == later
    proof = prove_consistency(earlier.size, later.size, store.files().tile)
    check_consistency(earlier.size, earlier.root, later.size, later.root, proof)
    check_whole(store)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("where", "what"), STEPS, ids=[what for _, what in STEPS])
def test_a_sealer_that_dies_in_its_first_batch_leaves_no_shard_without_its_key(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch, where: Any, what: str, when: str
) -> None:
    store.append(2)
    dies(store, monkeypatch, where, what, when)
    store.seal()
    assert store.checkpoint() == store.signed()
    assert store.files().read(sealing_files.KEY) == f"{store.key()}\n".encode()


def test_what_was_signed_and_not_shown_is_shown_by_the_next_sealer(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append()
    store.seal()
    store.append()

    def fail(*_: Any) -> None:
        raise PowerFailure

    with store.sealer() as sealer, monkeypatch.context() as broken:
        broken.setattr(sealing_seal, "show", fail)
        with pytest.raises(PowerFailure):
            sealer.step()
    assert (store.signed().size, store.checkpoint().size) == (1, 1)
    assert store.seal() == 0
    assert (store.signed().size, store.checkpoint().size) == (2, 2)


# What is refused.


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("payload = '{}'", "leaf"),
        ("leaf = sha256('')", "leaf"),
        ("agency = 'a\",\"b'", "limits"),
        ("category = 'register'", "limits"),
        ("version = 7", "gap"),
    ],
)
def test_a_row_that_was_altered_before_it_was_sealed_is_not_sealed(
    store: SealedStore, change: str, why: str
) -> None:
    store.append()
    store.seal()
    name = store.append(2)
    store.tamper(f"UPDATE es.event SET {change} WHERE stream = :s AND version = 2", s=name)  # noqa: S608
    with pytest.raises(NotAsAppended, match=why) as refused:
        store.seal()
    assert refused.value.stream == name
    assert store.signed().size == 1


def test_a_row_without_its_predecessor_is_not_sealed(store: SealedStore) -> None:
    name = store.append(3)
    store.tamper("DELETE FROM es.event WHERE stream = :s AND version = 2", s=name)
    with pytest.raises(NotAsAppended, match="gap"):
        store.seal()


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM es.event WHERE version = 2",
        "DELETE FROM es.event WHERE version = 5",
        "UPDATE es.event SET handler = 'machine:x' WHERE version = 3",
        "UPDATE es.event SET position = position + 1000 WHERE version = 3",
        "UPDATE es.event SET leaf = sha256('') WHERE version = 5",
    ],
)
def test_a_store_that_lost_what_was_sealed_is_not_sealed_on(store: SealedStore, harm: str) -> None:
    store.append(5)
    store.seal()
    store.tamper(harm)
    store.append(1)
    with pytest.raises(StoreIsOld):
        store.seal()
    assert store.signed().size == 5


def test_an_event_missing_long_ago_is_noticed_by_number(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.audit.sealing.past._TAIL", 3)
    name = store.append(20)
    store.seal()
    store.tamper("DELETE FROM es.event WHERE stream = :s AND version = 2", s=name)
    with pytest.raises(StoreIsOld, match="20 events were sealed in 2026; 19 are there"):
        store.seal()


def test_tiles_that_are_not_those_that_were_signed_are_not_built_on(store: SealedStore) -> None:
    store.append(5)
    store.seal()
    path = store.log / "2026" / Tile(0, 0, 5).path
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    with pytest.raises(FilesLost, match="not those"):
        store.seal()
    path.unlink()
    with pytest.raises(FilesLost, match="taken up"):
        store.seal()


def test_an_old_memory_is_noticed_by_what_is_shown(store: SealedStore) -> None:
    store.append()
    store.seal()
    old = (store.state / "state.json").read_bytes()
    store.append()
    store.seal()
    (store.state / "state.json").write_bytes(old)
    with pytest.raises(MemoryLost, match="2 entries of 2026 were signed, 1 are remembered"):
        store.seal()


def test_a_lost_memory_is_no_new_beginning(store: SealedStore) -> None:
    store.append()
    store.seal()
    (store.state / "state.json").unlink()
    with pytest.raises(MemoryLost, match="not remembered"):
        store.seal()


def test_two_roots_under_our_own_signature_stop_the_log(store: SealedStore) -> None:
    store.append()
    store.seal()
    forged = Checkpoint(store.key().name, 1, bytes(32)).signed(store.keys.signer(YEAR))
    (store.log / "2026" / SIGNED).write_bytes(bytes(forged))
    with pytest.raises(Contradicted):
        store.seal()


def test_a_note_of_a_stranger_beside_ours_stops_nobody(store: SealedStore) -> None:
    store.append()
    store.seal()
    stranger = Checkpoint("log.h42.example/2026", 9, bytes(32)).signed(
        signer("log.h42.example/2026")
    )
    (store.log / "2026" / CHECKPOINT).write_bytes(bytes(stranger))
    store.append()
    assert store.seal() == 1
    assert store.checkpoint().size == 2


def test_a_role_that_may_not_read_everything_does_not_seal(store: SealedStore) -> None:
    store.append()
    store.tamper("DELETE FROM es.grantee WHERE role = 'audit' AND category = '*'")
    with pytest.raises(NoRights):
        store.seal()


def test_without_a_key_nothing_is_sealed(store: SealedStore) -> None:
    store.append()
    (store.folder / "keys" / "2026.pem").unlink()
    with pytest.raises(KeyMissing):
        store.seal()
    assert not (store.log / "2026" / SIGNED).exists()
    store.keys.make(YEAR)
    assert store.seal() == 1


@pytest.mark.parametrize("error", SealingRefused.__subclasses__(), ids=lambda each: each.__name__)
def test_every_refusal_has_a_code_of_its_own(error: type[SealingRefused]) -> None:
    codes = [each.code for each in SealingRefused.__subclasses__()]
    assert codes.count(error.code) == 1


# The turn of the year.


def test_a_new_year_is_a_new_log_that_begins_with_the_last_word_of_the_old_one(
    store: SealedStore,
) -> None:
    store.keys.make(NEXT)
    store.append(3)
    store.seal()
    witness = signer("witness.h43.example", Use.COSIGNATURE, seed=5)
    path = store.log / "2026" / CHECKPOINT
    note = Note.parse(path.read_bytes())
    path.write_bytes(bytes(note.with_signatures(cosign(note.text, witness, at=1_790_000_000))))
    last = path.read_bytes()
    store.now = NEW_YEAR
    assert store.seal() == 0  # there is no batch yet
    name = store.append(2)
    assert store.seal() == 2
    first, *events = store.entries(NEXT)
    assert first == last
    assert [fields_of(entry)["stream"] for entry in events] == [name, name]
    assert store.checkpoint(NEXT).origin == "log.h42.example/2027"
    assert store.key(NEXT) != store.key(YEAR)
    assert store.checkpoint(YEAR).size == 3
    store.append()
    assert store.seal() == 1
    assert store.checkpoint(NEXT).size == 4
    check_whole(store, NEXT)
    memory = Memory.read(store.state)
    assert [(shard.name, shard.begin) for shard in memory.shards] == [
        (YEAR, (0, 0)),
        (NEXT, memory.shards[0].end),
    ]


def test_without_the_new_years_key_the_old_log_goes_on(store: SealedStore) -> None:
    store.append(3)
    store.seal()
    store.now = NEW_YEAR
    store.append()
    assert store.seal() == 1
    assert store.checkpoint(YEAR).size == 4
    store.keys.make(NEXT)
    store.append()
    assert store.seal() == 1
    assert store.checkpoint(NEXT).size == 2


def test_an_old_year_may_be_moved_away(store: SealedStore) -> None:
    store.keys.make(NEXT)
    store.append(3)
    store.seal()
    store.now = NEW_YEAR
    store.append()
    store.seal()
    (store.log / "2026").rename(store.folder / "archive")
    store.append()
    assert store.seal() == 1
    assert store.checkpoint(NEXT).size == 3


def test_the_new_year_does_not_hide_what_the_old_one_lost(store: SealedStore) -> None:
    store.keys.make(NEXT)
    store.append(3)
    store.seal()
    store.now = NEW_YEAR
    name = store.append(3)
    store.seal()
    store.tamper("DELETE FROM es.event WHERE stream = :s AND version = 2", s=name)
    with pytest.raises(StoreIsOld):
        store.seal()


def test_the_rows_to_seal_come_with_their_streams_leaf_before(store: SealedStore) -> None:
    one, other = store.append(1), store.append(1)
    store.append(1, one)
    with BulkReader(store.url("audit")) as reader:
        found = [(row.stream, row.version, prev) for row, prev in reader.to_seal((0, 0), 10)]  # type: ignore[arg-type]
    first = store.rows()[0].leaf
    assert found == [(one, 1, None), (other, 1, None), (one, 2, first)]
