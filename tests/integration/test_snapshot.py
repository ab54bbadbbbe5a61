"""What a query reads is of one instant, and it changes nothing."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import InternalError

from libs.db import Database, engine_for
from services.interconnect.tables import envelope_sender
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres: PostgresForTests) -> Iterator[Database]:
    engine = engine_for(postgres.fresh_database()("interconnect"), pool_size=2)
    yield Database(engine, "interconnect")
    engine.dispose()


def add(database: Database, number: int) -> None:
    with database.unit() as unit:
        unit.connection.execute(insert(envelope_sender).values(agency_id=UUID(int=number)))


def count(database_unit: object) -> int:
    connection = database_unit.connection  # type: ignore[attr-defined]
    return int(connection.execute(select(func.count()).select_from(envelope_sender)).scalar_one())


def test_every_statement_sees_the_same_instant(database: Database) -> None:
    add(database, 1)
    with database.snapshot() as unit:
        assert count(unit) == 1
        add(database, 2)
        assert count(unit) == 1
    with database.snapshot() as unit:
        assert count(unit) == 2


def test_nothing_is_written_and_the_connection_may_write_again_afterwards(
    database: Database,
) -> None:
    with pytest.raises(InternalError, match="read-only transaction"), database.snapshot() as unit:
        unit.connection.execute(insert(envelope_sender).values(agency_id=UUID(int=1)))
    for number in range(1, 5):
        add(database, number)
        with database.unit() as unit:
            assert count(unit) == number
            add(database, number + 10)
            assert count(unit) == number + 1
            unit.connection.execute(
                envelope_sender.delete().where(envelope_sender.c.agency_id == UUID(int=number + 10))
            )
