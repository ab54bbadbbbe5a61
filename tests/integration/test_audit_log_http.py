"""The log over HTTP: files as they lie, proofs of single events, entries for auditors alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs.blobs import open_store
from libs.db import Database, engine_for
from libs.eventstore.entries import leaf_of
from libs.translog import (
    CHECKPOINT,
    LogFiles,
    LogProof,
    Policy,
    PolicyRefused,
    Tile,
    rebuilt,
)
from services.audit.sealing.files import SIGNED
from services.audit.sealing.shards import ShardName
from tests.integration.audit_client import Auditor, api_over
from tests.support.sealing import YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests

NEXT = ShardName(2027)


@pytest.fixture(scope="module")
def store(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SealedStore]:
    """300 events in 2026, of which one is not co-signed, 10 in 2027, one not sealed."""
    folder = tmp_path_factory.mktemp("log")
    with sealed_store(postgres.fresh_database(), folder) as store:
        store.append_batch(299)
        store.seal()
        store.append()
        last = (store.log / "2026" / CHECKPOINT).read_bytes()
        store.seal()
        (store.log / "2026" / CHECKPOINT).write_bytes(last)
        yield store


@pytest.fixture(scope="module")
def auditor(store: SealedStore) -> Iterator[Auditor]:
    engine = engine_for(store.url("audit"))
    blobs = open_store(f"file://{store.folder / 'blobs'}")
    yield Auditor(api_over(Database(engine, "audit"), blobs, store.log))
    engine.dispose()


def proof_of(auditor: Auditor, event_id: str) -> tuple[bytes, LogProof, dict[str, Any]]:
    answer = auditor.get(f"/v1/events/{event_id}/proof")
    return answer["entry"].encode(), LogProof.parse(answer["proof"].encode()), answer


def policy(store: SealedStore, name: ShardName = YEAR) -> Policy:
    return Policy.parse(f"log {store.key(name)}\nquorum none\n")


def test_every_event_is_proven(store: SealedStore, auditor: Auditor) -> None:
    rows = store.rows()
    for number in (0, 1, 255, 256, 298):
        entry, proof, answer = proof_of(auditor, rows[number].event_id)
        accepted = proof.check(leaf_of(entry), policy(store))
        assert accepted.checkpoint == store.checkpoint()
        assert leaf_of(entry) == rows[number].leaf
        assert (proof.index, answer["shard"], answer["witnessed"]) == (number, "2026", True)


def test_an_event_that_no_witness_has_seen_says_so(store: SealedStore, auditor: Auditor) -> None:
    entry, proof, answer = proof_of(auditor, store.rows()[299].event_id)
    assert proof.check(leaf_of(entry), policy(store)).checkpoint == store.signed()
    assert (answer["index"], answer["witnessed"]) == (299, False)


def test_a_proof_does_not_do_for_another_log_or_entry(store: SealedStore, auditor: Auditor) -> None:
    entry, proof, _ = proof_of(auditor, store.rows()[5].event_id)
    other = Policy.parse(f"log {store.keys.make(ShardName(2025)).key}\nquorum none\n")
    with pytest.raises(PolicyRefused):
        proof.check(leaf_of(entry), other)
    with pytest.raises(ValueError, match="another root"):
        proof.check(leaf_of(entry + b" "), policy(store))


def test_the_files_are_a_log_as_anyone_reads_it(store: SealedStore, auditor: Auditor) -> None:
    def read(path: str) -> bytes:
        answer = auditor.ask(f"/log/2026/{path}")
        if answer.status_code == 404:
            raise FileNotFoundError(path)
        assert answer.status_code == 200
        content: bytes = answer.data
        return content

    files = LogFiles(read)
    note = files.note(SIGNED)
    note.signed_by([store.key()])
    assert len(list(rebuilt(files, store.signed()))) == 5


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("/log/checkpoint", "text/plain; charset=utf-8", "no-cache"),
        ("/log/2026/checkpoint", "text/plain; charset=utf-8", "no-cache"),
        ("/log/2026/signed", "text/plain; charset=utf-8", "no-cache"),
        ("/log/2026/key", "text/plain; charset=utf-8", "no-cache"),
        ("/log/2026/tile/0/000", "application/octet-stream", "public, max-age"),
        ("/log/2026/tile/entries/000", "application/octet-stream", "private, max-age"),
    ],
)
def test_a_file_says_how_long_it_may_be_kept(
    auditor: Auditor, path: str, kind: str, cache: str
) -> None:
    answer = auditor.ask(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Cache-Control"].startswith(cache)


def test_hashes_are_for_all_and_entries_for_auditors(auditor: Auditor) -> None:
    assert auditor.ask("/log/2026/tile/0/000", role="officer").status_code == 200
    assert auditor.ask("/log/2026/tile/entries/000", role="officer").status_code == 403
    assert auditor.ask(f"/v1/events/{uuid4()}/proof", role="officer").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/log/2025/checkpoint",
        "/log/2026/state.json",
        "/log/2026/tile/0/001.p/45",
        "/log/2026/tile/0/000.p/0",
        "/log/2026/tile/64/000",
        "/log/2026/tile/0/0",
        "/log/2026/tile/0/..%2f..%2fkey",
        "/log/2026/tile/../checkpoint",
        "/log/..%2f2026/checkpoint",
        "/log/../state/state.json",
        "/log/2026/tile/entries/%00",
    ],
)
def test_nothing_else_is_shown(auditor: Auditor, path: str) -> None:
    assert auditor.ask(path).status_code == 404


def test_the_shards_are_listed(store: SealedStore, auditor: Auditor) -> None:
    (shard,) = auditor.get("/v1/log")["shards"]
    assert shard == {
        "name": "2026",
        "origin": "log.h42.example/2026",
        "prefix": "/log/2026",
        "witnessed": 299,
        "signed": 300,
    }


def test_an_event_that_is_not_there_or_not_sealed_has_no_proof(
    store: SealedStore, auditor: Auditor
) -> None:
    assert auditor.ask(f"/v1/events/{UUID(int=5)}/proof").status_code == 404
    store.append()
    answer = auditor.ask(f"/v1/events/{store.rows()[-1].event_id}/proof")
    assert (answer.status_code, answer.json["code"]) == (409, "event_not_sealed")
    assert answer.headers["Retry-After"] == "1"


def test_a_later_year_is_found_and_an_old_one_may_be_gone(
    store: SealedStore, auditor: Auditor
) -> None:
    store.keys.make(NEXT)
    store.now = datetime(2027, 1, 2, tzinfo=UTC)
    store.append_batch(10)
    store.seal()
    old, new = store.rows()[0].event_id, store.rows()[-1].event_id
    entry, proof, answer = proof_of(auditor, new)
    proof.check(leaf_of(entry), policy(store, NEXT))
    assert answer["shard"] == "2027"
    away: Path = store.folder / "archive"
    (store.log / "2026").rename(away)
    assert auditor.ask(f"/v1/events/{old}/proof").json["code"] == "event_not_in_log"
    proof_of(auditor, new)
    away.rename(store.log / "2026")
    assert proof_of(auditor, old)[2]["index"] == 0
    assert auditor.ask("/log/checkpoint").data == auditor.ask("/log/2027/checkpoint").data


def test_damaged_files_prove_nothing(store: SealedStore, auditor: Auditor) -> None:
    """What is damaged leads to no root that anyone has signed."""
    event_id = store.rows()[7].event_id
    path = store.log / "2026" / Tile(0, 0).path
    good = path.read_bytes()
    path.write_bytes(bytes(32) + good[32:])
    entry, proof, _ = proof_of(auditor, event_id)
    with pytest.raises(ValueError, match="another root"):
        proof.check(leaf_of(entry), policy(store))
    path.write_bytes(good)


def test_before_anything_is_sealed_there_is_no_log(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with sealed_store(postgres.fresh_database(), tmp_path) as fresh:
        engine = engine_for(fresh.url("audit"))
        blobs = open_store(f"file://{tmp_path / 'blobs'}")
        auditor = Auditor(api_over(Database(engine, "audit"), blobs, fresh.log))
        assert auditor.get("/v1/log") == {"shards": []}
        assert auditor.ask("/log/checkpoint").status_code == 404
        fresh.append()
        answer = auditor.ask(f"/v1/events/{fresh.rows()[0].event_id}/proof")
        assert answer.json["code"] == "event_not_sealed"
        engine.dispose()
