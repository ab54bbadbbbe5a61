"""Writers against one another, against other transactions, and with clocks that are wrong."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import TypeVar

import pytest

from libs.db import Database, engine_for
from libs.eventstore import ANY, START, WrongVersion
from tests.support.fault_load import context, event_for
from tests.support.fault_report import Fault
from tests.support.fault_world import World
from tests.support.wait import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(600)]

T = TypeVar("T")
WRITERS = 8
STREAM = "document-hot"


def compete(url: str, wins: int) -> Counter[str]:
    """In a process of its own: append behind what was read, until it has won so often."""
    database = Database(engine_for(url, pool_size=1), "documents")
    ends: Counter[str] = Counter()
    while ends["won"] < wins:
        with database.unit() as unit:
            last = unit.store.read_last(STREAM)
        try:
            with database.unit() as unit:
                seen = last.version if last else 0
                unit.store.append(STREAM, seen, [event_for(STREAM)], context())
            ends["won"] += 1
        except WrongVersion:
            ends["lost"] += 1
    return ends


def cross(url: str, number: int, calls: int) -> int:
    """In a process of its own: appends to the same streams, named in another order."""
    database = Database(engine_for(url, pool_size=1), "documents")
    streams = [f"document-{name}" for name in range(4)]
    order = streams[number % 4 :] + streams[: number % 4]
    for _ in range(calls):
        with database.unit() as unit:
            unit.store.append_all([(name, ANY, [event_for(name)]) for name in order], context())
    return calls


def all_at_once(task: Callable[..., T], *arguments: tuple[object, ...]) -> list[T]:
    """Run `task` in a process for each tuple of arguments; what they return."""
    with ProcessPoolExecutor(len(arguments), mp_context=get_context("spawn")) as processes:
        runs = [processes.submit(task, *given) for given in arguments]
        return [run.result(timeout=300) for run in runs]


def test_hot_stream(here: World, fault: Fault) -> None:
    """One writer wins a version, the others get WrongVersion; versions have no gap."""
    wins = fault.choose(10, 200)
    ends = all_at_once(compete, *[(here.url("documents"), wins)] * WRITERS)
    with here.database("documents").unit() as unit:
        versions = [event.version for event in unit.store.read(STREAM)]
    assert versions == list(range(1, WRITERS * wins + 1))
    assert sum(end["lost"] for end in ends) > 0, "nobody was in anybody's way"
    fault.note = f"{WRITERS} processes, {wins} appends won by each"


def test_crossing_appends(here: World, fault: Fault) -> None:
    """Calls that name the same streams in another order lock them in one order: no deadlock."""
    calls = fault.choose(20, 500)
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = here.execute(deadlocks)
    all_at_once(cross, *[(here.url("documents"), number, calls) for number in range(WRITERS)])
    assert here.execute(deadlocks) == before
    with here.database("documents").unit() as unit:
        for name in range(4):
            versions = [event.version for event in unit.store.read(f"document-{name}")]
            assert versions == list(range(1, WRITERS * calls + 1))
    fault.note = f"{WRITERS} processes, {calls} calls of four streams by each"


@pytest.mark.parametrize("hours", [1, -1])
def test_clients_clock_wrong_by_hours(here: World, fault: Fault, hours: int) -> None:
    """Order comes from transactions, never from a clock; what the client says is kept as said."""
    here.relay().start()
    here.consumer().start()
    start = datetime.now(UTC)
    said = [start + timedelta(hours=hours * (number % 3)) for number in range(9)]
    database = here.database("documents")
    for at in said:
        with database.unit() as unit:
            unit.store.append("document-1", ANY, [event_for("document-1")], context(at))
    with database.unit() as unit:
        events = unit.store.read_category("document", START)
    assert [event.version for event in events] == list(range(1, 10))
    assert [event.occurred_at for event in events] == said
    recorded = [event.recorded_at for event in events]
    assert recorded == sorted(recorded)
    assert start - timedelta(minutes=1) < recorded[0] <= recorded[-1] < start + timedelta(minutes=5)
    eventually(here.applied, within=60)
    fault.note = "shifted times given as occurred_at; recorded_at is the server's"
