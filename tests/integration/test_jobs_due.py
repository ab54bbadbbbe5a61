"""What the lookout of a worker process is told, and whom it wakes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from libs.db import Database, engine_for
from libs.eventstore import Context
from libs.jobs import lookout
from libs.jobs.lookout import look_out
from libs.jobs.queue import OWNER, Due, Job, Share
from libs.jobs.worker import Finish, Worker
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres: PostgresForTests) -> Iterator[Database]:
    engine = engine_for(postgres.fresh_database()("documents"))
    yield Database(engine, "documents")
    engine.dispose()


def add(
    database: Database, *, urgent: bool = False, lane: str | None = None, owner: str = ""
) -> None:
    context = Context("a", "system:x", datetime.now(UTC), UUID(int=1))
    named = {OWNER: owner} if owner else {}
    with database.unit() as unit:
        unit.jobs.add(uuid4(), "act", named, context, urgent=urgent, lane=lane)


def due(database: Database) -> set[Due]:
    with database.unit() as unit:
        return unit.jobs.due()


def take(database: Database) -> None:
    with database.unit() as unit:
        assert unit.jobs.take("one", Share(["act"]), urgent_only=False, lease_seconds=60)


def test_nothing_is_due_then_a_job_then_an_urgent_one(database: Database) -> None:
    assert due(database) == set()
    add(database)
    assert due(database) == {Due("act", False, "")}
    add(database, urgent=True)
    assert due(database) == {Due("act", False, ""), Due("act", True, "")}


def test_a_job_that_somebody_has_is_not_due_nor_is_the_next_of_its_lane(
    database: Database,
) -> None:
    for _ in range(2):
        add(database, lane="packet-1")
    take(database)
    assert due(database) == set()
    add(database, lane="packet-2")
    assert due(database) == {Due("act", False, "")}


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


def test_while_all_are_busy_who_may_take_what_is_due_nobody_asks_often(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Worker("one", database, {"act": never})
    told: list[bool] = []

    def pause_after(pause: float, woken: bool) -> float:
        told.append(woken)
        return pause

    monkeypatch.setattr(lookout, "pause_after", pause_after)
    with looking_out(database, [busy]):
        add(database)
        assert busy.wake.wait(30)
        eventually(lambda: len(told) > told.index(True) + 3, within=30)
    assert told.count(True) == 1


def test_a_job_wakes_whoever_has_its_owner_in_his_share_alone(database: Database) -> None:
    add(database, owner="busy")
    of_token = Worker(
        "token", database, {"act": never}, share=lambda: Share(["act"], ["a"], others=False)
    )
    rest = Worker("rest", database, {"act": never}, share=lambda: Share(["act"], ["a", "busy"]))
    for worker in (of_token, rest):
        assert not worker.work_one()  # and it knows its share
    with looking_out(database, [of_token, rest]):
        add(database, owner="a")
        assert of_token.wake.wait(30)
        assert not rest.wake.is_set()
        add(database)
        assert rest.wake.wait(30)


@pytest.mark.parametrize(
    ("share", "owners"),
    [
        (Share(["act"], ["a"], others=False), ["a"]),
        (Share(["act"], ["a"]), ["b", ""]),
        (Share(["act"]), ["a", "b", ""]),
        (Share(["other"]), []),
    ],
)
def test_a_share_is_some_owners_or_all_but_these(
    database: Database, share: Share, owners: list[str]
) -> None:
    for owner in ("a", "b", ""):
        add(database, owner=owner)
    taken = []
    with database.unit() as unit:
        while job := unit.jobs.take("one", share, urgent_only=False, lease_seconds=60):
            taken.append(job.arguments.get(OWNER, ""))
    assert taken == owners
    assert [owner for owner in ("a", "b", "") if share.has("act", owner)] == owners


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
