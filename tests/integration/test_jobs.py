"""Jobs that take long, and jobs that must come again: over a real database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from libs.db import Database, engine_for
from libs.eventstore import Context
from libs.jobs import worker as product
from libs.jobs.queue import BACK_OFF_SECONDS, LONGEST_WAIT, Job, Share
from libs.jobs.worker import ComeAgain, Doubtful, Finish, Worker
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

pytestmark = pytest.mark.postgres


@dataclass
class Place:
    """A service's database, and an act that does as told."""

    database: Database
    error: Exception | None = None
    acted: list[UUID] = field(default_factory=list)
    counted: list[tuple[int, int]] = field(default_factory=list)
    given: list[dict[str, Any]] = field(default_factory=list)

    def worker(self, name: str = "one") -> Worker:
        return Worker(name, self.database, {"act": self.act})

    def act(self, job: Job) -> Finish:
        self.acted.append(job.job_id)
        self.counted.append((job.failures, job.doubts))
        self.given.append(job.arguments)
        if self.error:
            raise self.error
        return lambda _unit: None

    def add(self) -> UUID:
        job_id = uuid4()
        context = Context("a", "system:test", datetime.now(UTC), uuid4())
        with self.database.unit() as unit:
            unit.jobs.add(job_id, "act", {"of": "it"}, context)
        return job_id

    def tries(self, *errors: Exception) -> None:
        """One try for each of these, which it fails by."""
        for error in errors:
            self.error = error
            self.change("due_at = clock_timestamp()")
            assert self.worker().work_one()

    def row(self, job_id: UUID) -> Any:
        query = (
            "SELECT state, worker, attempts, lease_end,"
            " extract(epoch FROM due_at - clock_timestamp()) AS due,"
            " extract(epoch FROM lease_end - clock_timestamp()) AS lease"
            " FROM interconnect.job WHERE job_id = :id"
        )
        with self.database.unit() as unit:
            return unit.connection.execute(text(query), {"id": job_id}).one()

    def change(self, assignment: str) -> None:
        with self.database.unit() as unit:
            unit.connection.execute(text(f"UPDATE interconnect.job SET {assignment}"))  # noqa: S608


@pytest.fixture
def place(postgres: PostgresForTests) -> Iterator[Place]:
    database = Database(engine_for(postgres.fresh_database()("interconnect")), "interconnect")
    yield Place(database)
    database.engine.dispose()


def test_a_long_act_keeps_its_job(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "LEASE_SECONDS", 1.5)
    job_id = place.add()

    def long(job: Job) -> Finish:
        first = place.row(job.job_id).lease_end
        eventually(lambda: place.row(job.job_id).lease_end > first, within=30)
        return place.act(job)

    assert Worker("one", place.database, {"act": long}).work_one()
    assert place.row(job_id).state == "done"


def test_a_lease_that_has_ended_is_not_renewed(place: Place) -> None:
    job_id = place.add()
    with place.database.unit() as unit:
        job = unit.jobs.take("one", Share(["act"]), urgent_only=False, lease_seconds=60)
    assert job is not None
    place.change("lease_end = clock_timestamp() - interval '1 second'")
    with place.database.unit() as unit:
        unit.jobs.renew(job, "one", 60)
    assert place.row(job_id).lease < 0
    assert place.worker("two").work_one()
    with place.database.unit() as unit:
        unit.jobs.renew(job, "one", 60)
    assert (place.row(job_id).worker, place.row(job_id).state) == ("two", "done")


def test_what_waits_for_something_outside_is_never_parked(place: Place) -> None:
    job_id = place.add()
    place.error = ComeAgain("it is away")
    for _ in range(2 * len(BACK_OFF_SECONDS)):
        place.change("due_at = clock_timestamp()")
        assert place.worker().work_one()
    row = place.row(job_id)
    assert (row.state, row.attempts) == ("open", 2 * len(BACK_OFF_SECONDS))
    assert LONGEST_WAIT - 60 < row.due <= LONGEST_WAIT * 1.5


def test_it_is_left_alone_for_as_long_as_it_asks(place: Place) -> None:
    job_id = place.add()
    place.error = ComeAgain("it is away", 200)
    assert place.worker().work_one()
    assert 140 < place.row(job_id).due <= 200


def test_what_fails_by_itself_is_parked_after_its_last_try(place: Place) -> None:
    job_id = place.add()
    place.error = ValueError("no good")
    for _ in range(len(BACK_OFF_SECONDS) + 1):
        assert place.row(job_id).state == "open"
        place.change("due_at = clock_timestamp()")
        assert place.worker().work_one()
    assert place.row(job_id).state == "parked"


def test_what_waited_for_something_outside_has_all_its_tries_afterwards(place: Place) -> None:
    job_id = place.add()
    place.tries(*[ComeAgain("it is away")] * 8)
    place.tries(*[ValueError("no good")] * len(BACK_OFF_SECONDS))
    row = place.row(job_id)
    assert (row.state, row.attempts) == ("open", 8 + len(BACK_OFF_SECONDS))
    assert row.due > BACK_OFF_SECONDS[-1] - 60
    place.tries(ValueError("no good"))
    assert place.row(job_id).state == "parked"


def test_a_job_knows_how_its_earlier_tries_failed(place: Place) -> None:
    job_id = place.add()
    away, wrong, perhaps = ComeAgain("away"), ValueError("no good"), Doubtful("perhaps")
    place.tries(away, perhaps, away, wrong, perhaps, wrong)
    assert place.counted == [(0, 0), (0, 0), (1, 1), (1, 1), (2, 1), (3, 2)]
    place.change("state = 'parked'")
    with place.database.unit() as unit:
        unit.jobs.release([job_id])
    place.tries(wrong)
    assert place.counted[-1] == (0, 0)
    # An act may take its arguments for all that there is.
    assert place.given == [{"of": "it"}] * 7


def test_a_worker_takes_only_what_it_has_an_act_for(place: Place) -> None:
    job_id = place.add()
    other = Worker("one", place.database, {"other": place.act})
    assert not other.work_one()
    assert (place.row(job_id).state, place.row(job_id).attempts) == ("open", 0)
    assert place.worker().work_one()


def test_what_waits_is_hurried_when_somebody_is_back(place: Place) -> None:
    place.error = ComeAgain("it is away", 500)
    jobs = [place.add() for _ in range(3)]
    while place.worker().work_one():
        pass
    fresh = place.add()
    assert min(place.row(job_id).due for job_id in jobs) > 400
    with place.database.unit() as unit:
        assert unit.jobs.hurry(["other"]) == 0
        assert unit.jobs.hurry(["act"], most=1) == 1
    assert sum(place.row(job_id).due <= 0 for job_id in jobs) == 1
    with place.database.unit() as unit:
        assert unit.jobs.hurry(["act"]) == 2
    place.error = None
    while place.worker().work_one():
        pass
    assert {place.row(job_id).state for job_id in (*jobs, fresh)} == {"done"}


def test_what_another_works_on_is_not_hurried(place: Place) -> None:
    place.error = ComeAgain("it is away", 500)
    job_id = place.add()
    place.worker().work_one()
    place.change("lease_end = clock_timestamp() + interval '1 minute'")
    with place.database.unit() as unit:
        assert unit.jobs.hurry(["act"]) == 0
    assert place.row(job_id).due > 400
