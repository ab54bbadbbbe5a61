"""What one event costs alone: appended; relayed to one queue and consumed with one row's effect.

Events come one at a time, at the pace at which a load's events come, in a store and a
broker of their own. Counted is all processor time of this process and of what it started.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, text

from libs.db import Database, engine_for
from libs.eventstore import NO_STREAM, NewEvent
from tests.support.servers import (
    RabbitMQForTests,
    fresh_vhost,
    running_postgres,
    running_rabbitmq,
    stop_process,
)
from tests.support.wait import eventually
from tools.bench.crew import ROOT
from tools.bench.eventstore.relaying import APPLIED
from tools.bench.eventstore.samples import CONTEXT
from tools.bench.interconnect import cpu
from tools.platform.ports import free_ports
from tools.platform.spawn import spawn


@dataclass(frozen=True)
class Event:
    """Processor seconds of one event's ways."""

    appended: float
    relayed_and_consumed: float

    @property
    def both(self) -> float:
        """Appended, relayed and consumed."""
        return self.appended + self.relayed_and_consumed


def events(folder: Path, pace: float, seconds: float, repeats: int) -> list[Event]:
    """Measure for `seconds` at `pace` (events per second), so often."""
    folder.mkdir(mode=0o711)
    count = max(round(pace * seconds), 10)
    with _store(folder) as (url, broker):
        documents = engine_for(url("documents"), pool_size=1)
        owner = engine_for(url("migrator"))
        with owner.begin() as connection:
            connection.exec_driver_sql(APPLIED)
        database = Database(documents, "documents")
        _append(database, 20, 100)
        alone = [_used(lambda: _append(database, count, pace)) / count for _ in range(repeats)]
        with _following(folder, url, broker):
            eventually(lambda: _all_applied(owner), within=60)

            def exchange() -> None:
                _append(database, count, pace)
                eventually(lambda: _all_applied(owner), within=60, every=0.2)

            together = [_used(exchange) / count for _ in range(repeats)]
        documents.dispose()
        owner.dispose()
    return [Event(one, both - one) for one, both in zip(alone, together, strict=True)]


def _used(work: Callable[[], None]) -> float:
    """Processor seconds of this process and its descendants meanwhile."""
    tree = {"all": os.getpid()}
    before = cpu.of_trees(tree)
    work()
    return cpu.since(before, cpu.of_trees(tree))["all"]


def _append(database: Database, count: int, pace: float) -> None:
    begin = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begin + number / pace - time.monotonic()))
        document_id = str(uuid4())
        payload = b'{"document_id":"%s"}' % document_id.encode()
        event = NewEvent(uuid4(), "DraftReviewed", 1, payload)
        with database.unit() as unit:
            unit.store.append(f"document-{document_id}", NO_STREAM, [event], CONTEXT)


def _all_applied(owner: Engine) -> bool:
    with owner.connect() as connection:
        done = connection.execute(text("SELECT count(*) FROM bench.applied")).scalar_one()
        there = connection.execute(text("SELECT count(*) FROM es.event")).scalar_one()
    return bool(done == there)


@contextmanager
def _store(folder: Path) -> Iterator[tuple[Callable[[str], str], RabbitMQForTests]]:
    with (
        running_postgres(folder) as postgres,
        running_rabbitmq(folder) as node,
        fresh_vhost(node) as broker,
    ):
        yield postgres.fresh_database(), broker


@contextmanager
def _following(folder: Path, url: Callable[[str], str], broker: RabbitMQForTests) -> Iterator[None]:
    """A relay, and one consumer in a nameko process."""

    def start(module: str, role: str, **settings: str) -> subprocess.Popen[bytes]:
        urls = {"DATABASE_URL": url(role), "AMQP_URL": broker.url(role)}
        return spawn(
            [sys.executable, "-m", module],
            log=folder / f"{module}.log",
            environment=os.environ | urls | settings,
            folder=ROOT,
        )

    running = [
        start("libs.messaging.relay", "relay", OPS_PORT=str(free_ports(1)[0])),
        start("tools.bench.eventstore.consumer", "workflow"),
    ]
    try:
        yield
    finally:
        for process in reversed(running):
            stop_process(process, signal.SIGKILL)
