"""Transactions that stay open: readers wait for them, miss nothing, and go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg2
import pytest

from tests.support.fault_load import event_for, write
from tests.support.fault_report import Fault
from tests.support.fault_servers import OwnPostgres
from tests.support.fault_world import World
from tests.support.wait import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(300)]

AGE = "lienthong_horizon_age_seconds"
_APPEND = (
    "SELECT * FROM es.append(ARRAY['document-late'], ARRAY[-1]::bigint[], ARRAY[1],"
    " ARRAY[%s]::uuid[], ARRAY['DraftReviewed'], ARRAY[1], ARRAY[%s]::bytea[],"
    " 'a', 'system:x', NULL, now(), %s, NULL, NULL, 0)"
)


@contextmanager
def open_append(world: World, _: OwnPostgres) -> Iterator[Callable[[], None]]:
    """An append that is not committed yet."""
    with _connected(world.url("documents")) as connection:
        _append(connection)
        yield connection.commit


@contextmanager
def prepared_append(world: World, _: OwnPostgres) -> Iterator[Callable[[], None]]:
    """An append prepared for a two-phase commit, its client gone."""
    name = f"fault-{uuid4()}"
    with _connected(world.url("documents")) as connection:
        _append(connection)
        connection.cursor().execute(f"PREPARE TRANSACTION '{name}'")
    with _connected(world.url("documents")) as connection:
        connection.autocommit = True
        yield lambda: connection.cursor().execute(f"COMMIT PREPARED '{name}'")


@contextmanager
def writer_elsewhere(_: World, server: OwnPostgres) -> Iterator[Callable[[], None]]:
    """A transaction that writes in another database of the cluster."""
    with _connected(server.server.database.admin_url) as connection:
        connection.cursor().execute("SET idle_in_transaction_session_timeout = 0")
        connection.cursor().execute("SELECT pg_current_xact_id()")
        yield connection.commit


OPEN = {
    "open append": open_append,
    "prepared append": prepared_append,
    "writer in another database": writer_elsewhere,
}


@pytest.mark.parametrize("what", OPEN)
def test_horizon_held_by_an(
    breakable_store: World, own_postgres: OwnPostgres, fault: Fault, what: str
) -> None:
    """Nobody reads past what may still come before; all goes on when it has ended."""
    relay = breakable_store.relay().start()
    breakable_store.consumer().start()
    for _ in fault.rounds(1, 10):
        write(breakable_store, "document-1", 2)
        eventually(breakable_store.applied, within=60)
        stands = breakable_store.cursor("document")
        before = breakable_store.effects("document")
        with OPEN[what](breakable_store, own_postgres) as end:
            write(breakable_store, "document-1", 2)
            eventually(lambda: relay.measure(AGE) >= 1, within=20)
            assert breakable_store.cursor("document") == stands
            assert breakable_store.effects("document") == before
            end()
        eventually(breakable_store.applied, within=60)
        eventually(lambda: relay.measure(AGE) == 0, within=20)
    fault.note = "relay and consumer stand still, and the horizon's age tells"


def _append(connection: psycopg2.extensions.connection) -> None:
    event = event_for("document-late")
    values = (str(event.event_id), psycopg2.Binary(event.payload), str(uuid4()))
    connection.cursor().execute(_APPEND, values)


@contextmanager
def _connected(url: str) -> Iterator[psycopg2.extensions.connection]:
    connection = psycopg2.connect(url)
    try:
        yield connection
    finally:
        connection.close()
