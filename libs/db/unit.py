"""The unit of work: one transaction with the store, the jobs and the read models in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import psycopg2
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from libs.db.engine import engine_for
from libs.eventstore import EventStore, RestoredNotRebased, StoreUnreachable, WrongVersion
from libs.jobs.queue import JobQueue

# Deadlock, serialisation failure, lock timeout.
_AGAIN = {"40P01", "40001", "55P03"}
_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_HOLD_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")


@dataclass(frozen=True)
class Unit:
    """What a handler works with. It commits or rolls back as a whole; it never commits itself."""

    connection: Connection
    store: EventStore
    jobs: JobQueue
    now: datetime

    def hold(self, name: str, *, shared: bool = False) -> None:
        """Wait until no other transaction holds the name; hold it until this one ends.

        Those who hold it `shared` wait for no other such. What is read afterwards shows what
        those who were waited for committed.
        """
        self.connection.execute(_HOLD_SHARED if shared else _HOLD, {"name": name})


class Database:
    """The service's database: units of work on its schema."""

    def __init__(self, engine: Engine, schema: str) -> None:
        self.engine = engine
        self.schema = schema
        self._asking = engine.execution_options(isolation_level="AUTOCOMMIT")
        # Said by the BEGIN that is sent anyway.
        self._looking = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """One transaction; committed when the block ends, rolled back when it raises."""
        with self.engine.begin() as connection:
            yield self._unit(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Unit]:
        """For answers: every statement sees the same instant, and what writes is refused."""
        with self._looking.begin() as connection:
            yield self._unit(connection)

    @contextmanager
    def at_once(self) -> Iterator[Connection]:
        """A connection on which every statement is a transaction of its own: for one statement."""
        with self._asking.connect() as connection:
            yield connection

    def _unit(self, connection: Connection) -> Unit:
        queue = JobQueue(connection, self.schema)
        return Unit(connection, EventStore(connection), queue, datetime.now(UTC))


@cache
def database_of(url: str, service: str) -> Database:
    """The process's one database of a service: one pool, shared by all that run in it."""
    return Database(engine_for(url, application=service), service)


def pgcode(error: BaseException) -> str | None:
    """The SQLSTATE behind an error of SQLAlchemy or psycopg2, if there is one."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "pgcode", None)
    return code if isinstance(code, str) else None


def may_run_again(error: BaseException) -> bool:
    """Whether the same work may succeed at once: someone was faster, or a deadlock was broken."""
    return isinstance(error, WrongVersion) or pgcode(error) in _AGAIN


def connection_lost(error: BaseException) -> bool:
    """Whether the database went away, or waits for its operator, rather than refused."""
    if isinstance(error, RestoredNotRebased | StoreUnreachable):
        return True
    original = error.orig if isinstance(error, DBAPIError) else error
    lost = isinstance(original, psycopg2.OperationalError | psycopg2.InterfaceError)
    code = pgcode(error)
    return lost and (code is None or code.startswith(("08", "57P")))
