"""What the lookout of a worker process is told, and whom it wakes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from libs.db import Database, engine_for
from libs.eventstore import Context
from libs.jobs.lookout import look_out
from libs.jobs.queue import Job
from libs.jobs.worker import Finish, Worker
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres: PostgresForTests) -> Iterator[Database]:
    engine = engine_for(postgres.fresh_database()("documents"))
    yield Database(engine, "documents")
    engine.dispose()


def add(database: Database, *, urgent: bool = False, lane: str | None = None) -> None:
    context = Context("a", "system:x", datetime.now(UTC), UUID(int=1))
    with database.unit() as unit:
        unit.jobs.add(uuid4(), "act", {}, context, urgent=urgent, lane=lane)


def due(database: Database) -> set[tuple[str, bool]]:
    with database.unit() as unit:
        return unit.jobs.due()


def take(database: Database) -> None:
    with database.unit() as unit:
        assert unit.jobs.take("one", kinds=["act"], urgent_only=False, lease_seconds=60)


def test_nothing_is_due_then_a_job_then_an_urgent_one(database: Database) -> None:
    assert due(database) == set()
    add(database)
    assert due(database) == {("act", False)}
    add(database, urgent=True)
    assert due(database) == {("act", False), ("act", True)}


def test_a_job_that_somebody_has_is_not_due_nor_is_the_next_of_its_lane(
    database: Database,
) -> None:
    for _ in range(2):
        add(database, lane="packet-1")
    take(database)
    assert due(database) == set()
    add(database, lane="packet-2")
    assert due(database) == {("act", False)}


def test_a_normal_job_wakes_whoever_may_take_it(database: Database) -> None:
    stranger = Worker("stranger", database, {"other": never})
    urgent_only = Worker("urgent", database, {"act": never}, urgent_only=True)
    anyone = Worker("one", database, {"act": never})
    with looking_out(database, [stranger, urgent_only, anyone]):
        add(database)
        assert anyone.wake.wait(30)
        assert not urgent_only.wake.is_set()
        add(database, urgent=True)
        assert urgent_only.wake.wait(30)
        assert not stranger.wake.is_set()


def test_the_lookout_goes_on_when_its_connection_was_cut(database: Database) -> None:
    worker = Worker("one", database, {"act": never})
    with looking_out(database, [worker]):
        # At its work: asked at least once, on the connection that is cut.
        add(database)
        assert worker.wake.wait(30)
        take(database)
        cut_all_others(database)
        eventually(lambda: reachable(database), within=30)
        worker.wake.clear()
        add(database)
        assert worker.wake.wait(30)


def cut_all_others(database: Database) -> None:
    """End every connection of this database but the one that asks."""
    with database.unit() as unit:
        unit.connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user"
            "   AND pid <> pg_backend_pid()"
        )


def never(_job: Job) -> Finish:
    """No job is carried out here."""
    raise AssertionError


def reachable(database: Database) -> bool:
    try:
        due(database)
    except Exception:
        return False
    return True


@contextmanager
def looking_out(database: Database, workers: list[Worker]) -> Iterator[None]:
    """A lookout at work for as long as the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=look_out, args=(database, workers, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
