"""A store with every event of the contract many times over, its read models, and rebuilds."""

import importlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from sqlalchemy import Engine, text

from libs.contracts import topology
from libs.db import Database, engine_for
from libs.eventstore import ANY, Context, NewEvent
from libs.messaging.applier import Applier
from libs.messaging.decision import Position
from libs.messaging.positions import Positions
from libs.messaging.read_models import ReadModels
from libs.messaging.rebuild import Outcome, Rebuild
from tests.support.wait import eventually

SAMPLES = Path(__file__).resolve().parents[1] / "vectors" / "events"
# One document cannot have been drafted and have arrived: the samples tell of both.
ARRIVALS = {
    "DocumentArrived", "ValidationRequested", "ArrivalVerified", "DocumentAccepted",
    "DocumentRefused",
}  # fmt: skip
# Told of every certificate, these would leave none by which an envelope is believed.
ENDINGS = {"CertificateRevoked", "DeviceReturned", "DeviceLost"}
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def models_of(service: str) -> ReadModels:
    """What the service declares."""
    found: ReadModels = importlib.import_module(f"services.{service}.projections").READ_MODELS
    return found


def payload(event_type: str, version: int, salt: str, spared: bool = False) -> bytes:
    """The sample of an event with all its ids changed alike; a spared certificate does not end."""
    salt += "arrival" if event_type in ARRIVALS else ""
    salt += "other" if spared and event_type in ENDINGS else ""

    def changed(found: re.Match[bytes]) -> bytes:
        return str(uuid5(NAMESPACE_URL, f"{salt}:{found[0].decode()}")).encode()

    return _UUID.sub(changed, (SAMPLES / f"{event_type}.v{version}.json").read_bytes())


class Store:
    """One installation's database, entered as its services and as `migrator`."""

    def __init__(self, url: Callable[[str], str]) -> None:
        self.url = url
        self.owner: Engine = engine_for(url("migrator"))
        self._services: dict[str, Database] = {}

    def close(self) -> None:
        """End all connections."""
        for engine in (self.owner, *(each.engine for each in self._services.values())):
            engine.dispose()

    def as_service(self, name: str) -> Database:
        """The database under the service's own role."""
        if name not in self._services:
            self._services[name] = Database(engine_for(self.url(name)), name)
        return self._services[name]

    def tell(self, copies: int = 1, categories: set[str] | None = None) -> int:
        """Append every sample of the categories once for each copy; how many events.

        Returns when all may be read: anybody's transaction in the cluster may hold the horizon.
        """
        count, last_tx = 0, 0
        for copy in range(copies):
            salt, spared = str(uuid4()), copy % 2 == 1
            for category in topology().categories.values():
                if categories is not None and category.name not in categories:
                    continue
                context = Context(salt, "system:test", datetime.now(UTC), UUID(int=1))
                events = [
                    NewEvent(uuid4(), kind, version, payload(kind, version, salt, spared))
                    for kind, version in category.events.items()
                ]
                writer = topology().writers(category)[0]
                name = f"{writer}.{salt}" if category.shared else salt
                with self.as_service(writer).unit() as unit:
                    placed = unit.store.append(f"{category.name}-{name}", ANY, events, context)
                count, last_tx = count + len(events), max(last_tx, placed.place.tx)
        eventually(lambda: self.ask("SELECT es.horizon()")[0][0] > last_tx, within=10)
        return count

    def serve(self, service: str) -> None:
        """Let the service's read models apply everything; nothing may fail."""
        models, name = models_of(service), f"{service}.projections"
        applier = Applier(name, self.as_service(service), models.handlers)
        applier.follow(topology().consumers[name].categories)
        failed = self.ask("SELECT stream, cause FROM es.retry WHERE consumer = :c", c=name)
        assert not failed, failed

    def rebuild(self, service: str, models: ReadModels | None = None, **how: Any) -> Outcome:
        """A rebuild, as the command does it."""
        watch = how.pop("watch", lambda _done, _total: None)
        return Rebuild(
            self.url("migrator"), service, models or models_of(service), watch
        ).run(**how)  # fmt: skip

    def rows(self, service: str) -> dict[str, list[str]]:
        """All rows of the tables that a rebuild makes anew, as text."""
        rows = "SELECT t::text AS row FROM {}.{} AS t ORDER BY 1"
        return {
            table.name: [row for (row,) in self.ask(rows.format(service, table.name))]
            for table in models_of(service).rebuilt
        }

    def positions(self, consumer: str) -> dict[str, Position]:
        """Where a consumer stands."""
        with self.owner.connect() as connection:
            return Positions(connection, consumer).all()

    def ask(self, question: str, **values: Any) -> list[Any]:
        """All rows of an answer, as the tables' owner sees them."""
        with self.owner.connect() as connection:
            return list(connection.execute(text(question), values).all())

    def do(self, statement: str, **values: Any) -> None:
        """Change something as the tables' owner."""
        with self.owner.begin() as connection:
            connection.execute(text(statement), values)

    @contextmanager
    def running(self, *works: Callable[[], object]) -> Iterator[None]:
        """Repeat each work in a thread of its own until the block ends; no one may raise."""
        stop, errors = threading.Event(), []

        def repeat(work: Callable[[], object]) -> None:
            try:
                while not stop.is_set():
                    work()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=repeat, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)
        assert not errors, errors
