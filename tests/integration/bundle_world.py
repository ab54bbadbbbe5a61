"""A sealed and witnessed journey through four tiers, of which bundles are made."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs.blobs import open_store
from libs.eventstore import ANY, Context, NewEvent
from libs.translog import CHECKPOINT, Use, cosign
from services.audit.sealing.shards import ShardName
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
from tests.support.sealing import YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.translog_log import signer
from tools.cli import main

TRACE = identity("trace")
WITNESS = signer("witness.h43.example", Use.COSIGNATURE, seed=5)
SUBJECT = "Về việc gửi, nhận văn bản điện tử"
World = tuple[SealedStore, Trail]
Run = Callable[..., tuple[int, Any]]


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; its exit code and JSON."""

    def call(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@contextmanager
def world(postgres: PostgresForTests, folder: Path) -> Iterator[tuple[SealedStore, Trail]]:
    """A journey through four tiers, sealed and witnessed, among the events of other traces."""
    blobs = f"file://{folder}/blobs"
    with (
        sealed_store(postgres.fresh_database(), folder) as store,
        closing(Trail(store.url, open_store(blobs))) as trail,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("DATABASE_URL", store.url("audit"))
        environment.setenv("BLOB_URL", blobs)
        environment.setenv("LOG_DIR", str(store.log))
        environment.setenv("LOG_POLICY", str(policy(store)))
        walk(trail)
        others(store, 300)
        trail.read()
        seal(store)
        yield store, trail


def walk(trail: Trail) -> None:
    who, text = everybody(trail), trail.text(subject=SUBJECT)
    trail.agency("elsewhere", 3, "H42.15")
    arrive(trail, "province", "government", "in", "15/CĐ", text)
    handle(trail, "province", "in", who)
    issue(trail, "out", text, who)
    arrive(trail, "commune", "province", "received", "05/CT-UBND", text)
    tell(trail, "out", "03", BEGIN + timedelta(minutes=50))
    trail.agency("province", 2, "H42", full_name="UBND tỉnh Ninh Bình")


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
