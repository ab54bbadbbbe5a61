"""The proof of any event among a million, as audit serves it."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import requests

from libs.blobs import open_store
from libs.db import Database, engine_for
from libs.eventstore import Place as StorePlace
from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import entry_of
from libs.translog import CHECKPOINT, Checkpoint
from libs.web.ops import threaded_server
from services.audit.sealing.files import KEY, SIGNED, ShardFiles, show
from services.audit.sealing.keys import KeyFiles
from services.audit.sealing.shards import ShardName, year_of
from tests.integration.audit_client import api_over
from tools.bench.eventstore.place import Place
from tools.bench.proof.running import ORIGIN
from tools.bench.report import Measure, Target

EVENTS = 1_000_000
_ASKED = 200
_TIMES = 3
"""An event asked three times on a shared machine: once slow is the machine, twice is the event."""
_BATCH = 25_600
# Straight into the table: what is measured is finding and proving, not appending.
_FILL = """
ALTER TABLE es.event DISABLE TRIGGER ALL;
INSERT INTO es.event SELECT 1000 + n / 10, n, 'document-' || n / 10, mod(n, 10) + 1, 'document',
    gen_random_uuid(), 'DocumentDrafted', 1, 'agency-1', 'person:p1/q1', NULL,
    clock_timestamp(), clock_timestamp(), gen_random_uuid(), NULL, NULL, '{}', '\\x00'
    FROM generate_series(1, %d) AS n;
UPDATE es.meta SET tx_offset = 2000000;
ANALYZE es.event;
"""


def served(place: Place) -> list[Measure]:
    """`GET /v1/events/{id}/proof` over HTTP, one after another, events at random."""
    url = place.postgres.fresh_database()
    count = 20_000 if place.quick else EVENTS
    place.admin(url("migrator"), _FILL % count)
    log = place.scratch / "served"
    ids = _seal(url("audit"), log)
    chance = random.Random(7)  # noqa: S311
    rounds: list[tuple[float, float, float]] = []
    with _serving(url("audit"), log) as base, requests.Session() as session:
        session.headers["Authorization"] = "Bearer auditor"
        for _ in range(place.repeats):
            asked = chance.sample(ids, _ASKED)
            times = [
                [_timed(session, f"{base}/v1/events/{each}/proof") for each in asked]
                for _ in range(_TIMES)
            ]
            each_event = [median(of_one) for of_one in zip(*times, strict=True)]
            rounds.append((max(each_event), median(each_event), max(map(max, times))))
    slowest, p50, worst = zip(*rounds, strict=True)
    note = f"{_ASKED} of {count:,} events, over HTTP, recorded as a consultation"
    return [
        Measure(
            "inclusion proof of any event in 1,000,000, slowest event", "ms",
            slowest, Target("<=", 20.0), f"{note}; the median of each event's {_TIMES} answers",
        ),
        Measure("inclusion proof served: p50", "ms", p50, note=note),
        Measure("inclusion proof served: slowest answer", "ms", worst, note=note),
    ]  # fmt: skip


def _seal(url: str, log: Path) -> list[str]:
    """The log over all rows, as the sealer would write it; the events' ids."""
    name = ShardName(year_of(datetime.now(UTC)))
    signer = KeyFiles(log.with_name("keys"), ORIGIN).make(name)
    files, entries, ids = ShardFiles(log, name), list[bytes](), list[str]()
    with BulkReader(url) as reader:
        for row in reader.rows(StorePlace(0, 0)):
            entries.append(entry_of(row, row.leaf if row.version > 1 else None))
            ids.append(row.event_id)
            if len(entries) == _BATCH:
                files.write(entries)
                entries = []
    if entries:
        files.write(entries)
    note = Checkpoint(signer.key.name, files.tree.size, files.tree.root).signed(signer)
    for path, content in (
        (CHECKPOINT, bytes(note)),
        (SIGNED, bytes(note)),
        (KEY, f"{signer.key}\n".encode()),
    ):
        show(files.folder, path, content)
    return ids


def _timed(session: requests.Session, url: str) -> float:
    begin = time.perf_counter()
    answer = session.get(url, timeout=30)
    took = 1000 * (time.perf_counter() - begin)
    if answer.status_code != 200:
        raise AssertionError(f"{url}: {answer.status_code} {answer.text[:200]}")
    return took


@contextmanager
def _serving(url: str, log: Path) -> Iterator[str]:
    """Audit's own API from a thread of this process; the token is a role."""
    engine = engine_for(url)
    blobs = open_store(f"file://{log.with_name('blobs')}")
    server = threaded_server("127.0.0.1", 0)
    server.set_app(api_over(Database(engine, "audit"), blobs, log))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        engine.dispose()
