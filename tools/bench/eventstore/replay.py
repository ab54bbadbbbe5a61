"""A category from its first event to its last, decoded, against COPY on the server to nowhere."""

import time
from collections.abc import Callable
from uuid import uuid4

from libs.db import engine_for
from libs.eventstore import START, Context, EventStore
from libs.eventstore.bulk import BulkReader
from libs.eventstore.store import COLUMNS
from tools.bench.crew import interleave
from tools.bench.eventstore.place import Place
from tools.bench.eventstore.samples import AT, events
from tools.bench.report import Measure, Target, ratio

_COPY = (
    f"COPY (SELECT {COLUMNS} FROM es.event WHERE category = 'document'"  # noqa: S608
    " ORDER BY tx, position) TO '/dev/null'"
)
BATCH = 100


def replay(place: Place) -> list[Measure]:
    """The bulk reader and the store's own pages; every event is a `Recorded` with its UUIDs."""
    url = place.postgres.fresh_database()
    count = 2_000 if place.quick else 60_000
    _fill(url("documents"), count)
    place.admin(url("migrator"), "VACUUM ANALYZE es.event")
    arms = {
        "copy": lambda: place.admin(url("migrator"), _COPY),
        "bulk": lambda: _bulk(url("workflow"), count),
        "pages": lambda: _pages(url("workflow"), count),
    }
    rates = interleave(place.repeats, {name: rate_of(arm, count) for name, arm in arms.items()})
    told = {
        "copy": "COPY ... ORDER BY tx, position TO '/dev/null', text, same columns",
        "bulk": "BulkReader: pages of 10,000, chunks of 200, psycopg 3 binary",
        "pages": "EventStore.read_category: pages of 1,000, psycopg2",
    }
    note = f"{count} events, in cache, row-level security on"
    return [
        ratio(
            "replay in pages, decoded, against COPY to nowhere",
            rates["bulk"],
            rates["copy"],
            Target(">=", 0.7),
            note,
        ),
        *(
            Measure(f"replay: {name}", "events/s", rate, note=told[name])
            for name, rate in rates.items()
        ),
    ]


def _fill(url: str, count: int) -> None:
    engine = engine_for(url, pool_size=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        store = EventStore(connection)
        for _ in range(count // BATCH):
            # As effects have them: correlation and causation are set.
            context = Context(
                "agency-1", "person:p1/q1", AT, uuid4(), correlation=uuid4(), causation=uuid4()
            )
            store.append(f"document-{uuid4()}", 0, events(BATCH), context)
    engine.dispose()


def rate_of(arm: Callable[[], object], count: int) -> Callable[[], float]:
    """An arm that does `count` things, as one that tells how many a second."""

    def run() -> float:
        begin = time.perf_counter()
        arm()
        return count / (time.perf_counter() - begin)

    return run


def _bulk(url: str, count: int) -> None:
    with BulkReader(url) as reader:
        _check(sum(1 for _ in reader.category("document")), count)


def _pages(url: str, count: int) -> None:
    engine = engine_for(url, pool_size=1)
    with engine.connect() as connection:
        store, place, seen = EventStore(connection), START, 0
        while page := store.read_category("document", place, 1000):
            seen, place = seen + len(page), page[-1].place
    engine.dispose()
    _check(seen, count)


def _check(seen: int, count: int) -> None:
    if seen != count:
        raise AssertionError(f"{seen} events read, {count} written")
