"""The job table: what a worker takes, and what becomes of a job that must wait."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from libs.db import Database, Unit, engine_for
from libs.eventstore import Context
from libs.jobs.queue import BACK_OFF_SECONDS, Job
from libs.jobs.worker import REST, WAIT_SECONDS, Finish, NotYet, Worker
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres

CONTEXT = Context("a1", "system:signatures", datetime(2026, 11, 22, 7, tzinfo=UTC), UUID(int=9))


@pytest.fixture
def database(postgres: PostgresForTests) -> Iterator[Database]:
    engine = engine_for(postgres.fresh_database()("signatures"))
    yield Database(engine, "signatures")
    engine.dispose()


def add(database: Database, kind: str) -> UUID:
    job_id = uuid4()
    with database.unit() as unit:
        unit.jobs.add(job_id, kind, {}, CONTEXT)
    return job_id


def row(database: Database, job_id: UUID) -> Any:
    with database.unit() as unit:
        return unit.connection.execute(
            text(
                "SELECT state, attempts, cause, due_at - clock_timestamp() AS wait"
                " FROM signatures.job WHERE job_id = :id"
            ),
            {"id": job_id},
        ).one()


def make_due(database: Database) -> None:
    with database.unit() as unit:
        unit.connection.execute(text("UPDATE signatures.job SET due_at = clock_timestamp()"))


def done(_job: Job) -> Finish:
    return lambda _unit: None


def away(_job: Job) -> Finish:
    raise NotYet("the authority is away")


def broken(_job: Job) -> Finish:
    raise ValueError("broken")


def test_a_worker_takes_only_what_it_has_an_act_for(database: Database) -> None:
    theirs, ours = add(database, "sign"), add(database, "stamp")
    worker = Worker("one", database, {"stamp": done})
    assert worker.work_one()
    assert not worker.work_one()
    assert row(database, ours).state == "done"
    assert (row(database, theirs).state, row(database, theirs).attempts) == ("open", 0)


def test_a_job_that_must_wait_is_never_parked(database: Database) -> None:
    job_id = add(database, "stamp")
    worker = Worker("one", database, {"stamp": away})
    for _ in range(len(BACK_OFF_SECONDS) + 3):
        assert worker.work_one()
        waits = row(database, job_id)
        assert (waits.state, waits.attempts) == ("open", 0)
        assert waits.cause == "the authority is away"
        assert 0 < waits.wait.total_seconds() <= WAIT_SECONDS
        assert not worker.work_one()
        make_due(database)
    assert Worker("one", database, {"stamp": done}).work_one()
    assert row(database, job_id).state == "done"


def test_waiting_does_not_use_up_the_tries_of_a_job_that_then_fails(database: Database) -> None:
    job_id = add(database, "stamp")
    for _ in range(len(BACK_OFF_SECONDS) + 3):
        Worker("one", database, {"stamp": away}).work_one()
        make_due(database)
    Worker("one", database, {"stamp": broken}).work_one()
    assert row(database, job_id).state == "open"


def test_after_a_job_that_must_wait_the_worker_rests_longer_than_it_tried(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 102.0])
    monkeypatch.setattr("libs.jobs.worker.time.monotonic", lambda: next(clock))
    add(database, "stamp")
    rests: list[float] = []
    Worker("one", database, {"stamp": away}).work_one(rests.append)
    assert rests == [2.0 * REST]


def test_who_lost_the_lease_puts_nothing_back(database: Database) -> None:
    job_id = add(database, "stamp")

    def slow(job: Job) -> Finish:
        with database.unit() as unit:
            _end_by_another(unit, job)
        raise NotYet("too late")

    Worker("one", database, {"stamp": slow}).work_one()
    assert row(database, job_id).state == "done"
    assert row(database, job_id).cause is None


def _end_by_another(unit: Unit, job: Job) -> None:
    unit.connection.execute(
        text("UPDATE signatures.job SET worker = 'two', state = 'done' WHERE job_id = :id"),
        {"id": job.job_id},
    )
