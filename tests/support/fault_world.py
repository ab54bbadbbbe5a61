"""An installation in small: its database, its vhost, the relay, one consumer, what both did.

The consumer is `interconnect.policies`: two categories of two writers come to it by message. Its
handler writes one row for each event it is given, with nothing that would hide a second one.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, create_engine, text

from libs.db import Database, engine_for
from tests.support.fault_program import Program
from tests.support.wait import eventually
from tools.platform.ports import free_ports

SERVICE, CONSUMER = "interconnect", "interconnect.policies"
WRITERS = {"document": "documents", "process": "workflow"}
_TABLES = """
CREATE TABLE interconnect.effect (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL, stream text NOT NULL, version bigint NOT NULL);
CREATE TABLE interconnect.poison (stream text PRIMARY KEY, version bigint, what text NOT NULL);
GRANT SELECT, INSERT ON interconnect.effect TO interconnect;
GRANT SELECT ON interconnect.poison TO interconnect;
"""


@dataclass
class World:
    """Role to database URL, user to broker URL, and a folder for logs."""

    url: Callable[[str], str]
    broker: Callable[[str], str]
    folder: Path
    owner: Engine
    _ends: ExitStack = field(default_factory=ExitStack)
    _databases: dict[str, Database] = field(default_factory=dict)

    def database(self, service: str) -> Database:
        """A service's database: one pool for all who ask."""
        if service not in self._databases:
            engine = engine_for(self.url(service))
            self._ends.callback(engine.dispose)
            self._databases[service] = Database(engine, service)
        return self._databases[service]

    def relay(self, module: str = "libs.messaging.relay") -> Program:
        """The relay's program, not started."""
        return self._program(module, "relay")

    def consumer(self) -> Program:
        """The consumer's program, not started."""
        return self._program("tests.support.fault_consumer", SERVICE)

    def program(self, module: str, role: str) -> Program:
        """Another program under a role."""
        return self._program(module, role)

    def keep(self, program: Program) -> Program:
        """A program that is killed at the latest with this world."""
        self._ends.callback(program.kill)
        return program

    def execute(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement as the owner of the tables; its rows, if it has any."""
        with self.owner.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    def stored(self, category: str) -> list[UUID]:
        """The category's events in store order."""
        rows = self.execute(
            "SELECT event_id FROM es.event WHERE category = :c ORDER BY tx, position", c=category
        )
        return [row.event_id for row in rows]

    def effects(self, category: str) -> list[UUID]:
        """The events that the handler ran for, in the order in which it did."""
        rows = self.execute(
            "SELECT event_id FROM interconnect.effect"
            " WHERE split_part(stream, '-', 1) = :c ORDER BY n",
            c=category,
        )
        return [row.event_id for row in rows]

    def versions(self, stream: str) -> list[int]:
        """The versions of a stream for which the handler ran, in that order."""
        rows = self.execute(
            "SELECT version FROM interconnect.effect WHERE stream = :s ORDER BY n", s=stream
        )
        return [row.version for row in rows]

    def cursor(self, category: str) -> tuple[int, int]:
        """The relay's cursor."""
        ((tx, position),) = self.execute(
            "SELECT tx, position FROM es.cursor WHERE category = :c", c=category
        )
        return tx, position

    def applied(self) -> bool:
        """Each event of both categories has one effect, in store order."""
        for category in WRITERS:
            done, stored = self.effects(category), self.stored(category)
            order = "in order" if done == stored[: len(done)] else "not in order"
            assert done == stored, f"{category}: {len(done)} of {len(stored)}, {order}"
        return True

    def catches_up(self, within: float) -> None:
        """All is applied, in order; `within` bounds the seconds in which nothing more is."""
        done = 0
        while done < self._count("es.event"):
            done = eventually(partial(self._more_than, done), within)
        assert self.applied()

    def relayed(self) -> bool:
        """The relay's cursors stand at the last events."""
        for category in WRITERS:
            ends = self.execute(
                "SELECT tx, position FROM es.event WHERE category = :c"
                " ORDER BY tx DESC, position DESC LIMIT 1",
                c=category,
            )
            assert [self.cursor(category)] == [tuple(end) for end in ends] or not ends
        return True

    def _more_than(self, done: int) -> int:
        now = self._count("interconnect.effect")
        return now if now > done else 0

    def _count(self, table: str) -> int:
        ((count,),) = self.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        return int(count)

    def _program(self, module: str, role: str) -> Program:
        ops = str(free_ports(1)[0])
        environment = {
            "DATABASE_URL": self.url(role),
            "AMQP_URL": self.broker(role),
            "OPS_PORT": ops,
            "OIDC_ISSUER": "http://127.0.0.1/nobody",
        }
        return self.keep(Program(module, environment, self.folder / f"{module}.{ops}.log"))


@contextmanager
def world(
    url: Callable[[str], str], broker: Callable[[str], str], folder: Path, restored: bool = False
) -> Iterator[World]:
    """Prepare a fresh database for the consumer, or take one as restored; kill all in the end."""
    # Not the services' engine: that one refuses a store that was not rebased.
    owner = create_engine(url("migrator").replace("postgresql:", "postgresql+psycopg2:"))
    with ExitStack() as ends:
        ends.callback(owner.dispose)
        if not restored:
            with owner.begin() as connection:
                connection.exec_driver_sql(_TABLES)
        yield World(url, broker, folder, owner, ends)
