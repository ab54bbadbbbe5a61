"""Clients that append under a fault, each append noted when it is asked and when answered."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg2
from sqlalchemy.exc import DBAPIError

from libs.db import Database
from libs.eventstore import ANY, Context, NewEvent
from tests.support.fault_world import WRITERS, World
from tests.support.wait import eventually

_KINDS = {"document": ("DraftReviewed", "document_id"), "process": ("TaskStarted", "process_id")}


def context(at: datetime | None = None, after_tx: int = 0) -> Context:
    """The context of a test's append."""
    moment = at or datetime.now(UTC)
    return Context("a", "system:x", moment, trace=UUID(int=1), after_tx=after_tx)


def event_for(stream: str) -> NewEvent:
    """A new event of the stream's category that the contract knows."""
    category, _, name = stream.partition("-")
    kind, key = _KINDS[category]
    return NewEvent(uuid4(), kind, 1, f'{{"{key}":"{name}"}}'.encode())


def write(world: World, stream: str, count: int = 1) -> list[UUID]:
    """Append `count` events to a stream, one transaction each; their ids."""
    database = world.database(WRITERS[stream.partition("-")[0]])
    events = [event_for(stream) for _ in range(count)]
    for event in events:
        with database.unit() as unit:
            unit.store.append(stream, ANY, [event], context())
    return [event.event_id for event in events]


@dataclass(frozen=True)
class Asked:
    """An append that a client asked for."""

    database: Database
    stream: str
    event: NewEvent

    def ask(self) -> None:
        """Append, or append again."""
        with self.database.unit() as unit:
            unit.store.append(self.stream, ANY, [self.event], context())


class Load:
    """Some clients, each appending one event after the other until the end.

    A client that loses the database, or is refused by it, notes its append as unanswered and goes.
    """

    def __init__(self, world: World, clients: int, pause: float) -> None:
        self._pause = pause
        self._stop = threading.Event()
        self._databases = {name: world.database(role) for name, role in WRITERS.items()}
        self.acknowledged: set[UUID] = set()
        self.unanswered: list[Asked] = []
        self.failures: list[Exception] = []
        self._threads = [threading.Thread(target=self._client) for _ in range(clients)]

    def start(self) -> None:
        """Let the clients begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait for the clients' last answers; raises what a client did not expect."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
        if self.failures:
            raise self.failures[0]

    def comes_to(self, count: int, within: float = 60) -> None:
        """Return when so many appends were acknowledged."""
        eventually(lambda: len(self.acknowledged) >= count, within, every=0.01)

    def _client(self) -> None:
        streams = [f"{category}-{uuid4()}" for category in WRITERS]
        try:
            while not self._stop.wait(self._pause):
                for stream in streams:
                    asked = Asked(self._databases[stream[: stream.find("-")]], stream,
                                  event_for(stream))  # fmt: skip
                    if not self._ask(asked):
                        return
        except Exception as error:
            self.failures.append(error)

    def _ask(self, asked: Asked) -> bool:
        try:
            asked.ask()
        except (DBAPIError, psycopg2.Error):
            self.unanswered.append(asked)
            return False
        self.acknowledged.add(asked.event.event_id)
        return True


@contextmanager
def load(world: World, clients: int = 2, pause: float = 0.02) -> Iterator[Load]:
    """Clients that append for as long as the block runs."""
    clients_at_work = Load(world, clients, pause)
    clients_at_work.start()
    try:
        yield clients_at_work
    finally:
        clients_at_work.end()
