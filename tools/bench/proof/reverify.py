"""The whole store verified against its log, against how fast its events can be read at all."""

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from libs.db import engine_for
from libs.eventstore import Context, EventStore
from libs.eventstore.bulk import BulkReader
from tests.support.sealing import SealedStore, sealed_store
from tools.bench.crew import interleave
from tools.bench.eventstore.place import Place
from tools.bench.eventstore.replay import rate_of
from tools.bench.eventstore.samples import AT, events
from tools.bench.report import Measure, Target, ratio
from tools.log.places import shards_below
from tools.log.trust import Trust
from tools.verify.check import Task, verify

_IN_A_CALL = 2  # as services append: an event of a document, and one of its register


def reverify(place: Place) -> list[Measure]:
    """`lienthong verify` with a process for each core, and BulkReader decoding the same events."""
    url = place.postgres.fresh_database()
    count = 2_000 if place.quick else 200_000
    with sealed_store(url, place.scratch / "reverify") as store:
        _fill(url("documents"), count)
        place.admin(url("migrator"), "VACUUM ANALYZE es.event")
        store.seal()
        jobs = os.cpu_count() or 1
        arms: dict[str, Callable[[], object]] = {
            "read": lambda: _read(url("audit"), count),
            "verify": lambda: _verify(store, count, jobs),
            "verify alone": lambda: _verify(store, count, 1),
        }
        rates = interleave(place.repeats, {name: rate_of(arm, count) for name, arm in arms.items()})
    note = f"{count:,} events of 600 bytes in cache, {jobs} processes; the server takes a core too"
    told = {
        "read": "BulkReader: every event decoded, nothing checked",
        "verify": f"rows, chains, tiles, root, signature; {jobs} processes",
        "verify alone": "the same by one process",
    }
    return [
        ratio(
            "full verification against the decoded read rate", rates["verify"], rates["read"],
            Target(">=", 0.8), note,
        ),
        *(
            Measure(f"verification: {name}", "events/s", rate, note=told[name])
            for name, rate in rates.items()
        ),
    ]  # fmt: skip


def _fill(url: str, count: int) -> None:
    engine = engine_for(url, pool_size=1)
    with engine.connect() as connection:
        store = EventStore(connection)
        for number in range(count // _IN_A_CALL):
            context = Context(
                "agency-1", "person:p1/q1", AT, uuid4(), correlation=uuid4(), causation=uuid4()
            )
            store.append(f"document-{number // 5}", -1, events(_IN_A_CALL), context)
            connection.commit()
    engine.dispose()


def _read(url: str, count: int) -> None:
    with BulkReader(url) as reader:
        assert sum(1 for _ in reader.everything()) == count


def _verify(store: SealedStore, count: int, jobs: int) -> None:
    trusted: Any = SimpleNamespace(policy=None, key=str(store.key()))
    task = Task(
        store.url("audit"), shards_below(store.log), lambda each: Trust.of(trusted, each.files),
        jobs=jobs,
    )  # fmt: skip
    report = verify(task, lambda _done, _total: None)
    assert report.verified, report.findings[:3]
    assert report.events == count
