"""The clock of the PostgreSQL server, stepped by hours forward and back while all work on."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from libs.jobs import worker as product
from tests.fault.test_jobs import add, all_done, killed_in_its_act, worker
from tests.fault.test_standby import world_on
from tests.support.fault_clock import Clock, library
from tests.support.fault_load import load, write
from tests.support.fault_report import Fault
from tests.support.fault_servers import OwnPostgres
from tests.support.fault_standby import caught_up, promote, standby_of
from tests.support.fault_world import World, world
from tests.support.servers import RabbitMQForTests
from tests.support.wait import eventually
from tools import cli

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(900)]

STEPS = (1, -1, 0)
"""Hours from where the clock began: an hour forward, two back, one forward."""
BAD = "document-bad"

_JUMPS = """
SELECT count(*) FILTER (WHERE step > interval '50 minutes') AS forward,
    count(*) FILTER (WHERE step < interval '-110 minutes') AS back
FROM (SELECT recorded_at - lag(recorded_at) OVER (ORDER BY tx, position) AS step FROM es.event) AS s
"""
_TORN = """
SELECT stream FROM (
    SELECT stream, version, row_number() OVER (PARTITION BY stream ORDER BY tx, position) AS place
    FROM es.event) AS e
WHERE version <> place
"""
_STEPS_BACK = """
SELECT count(*) FILTER (WHERE step < interval '-2 hours') FROM (
    SELECT recorded_at - lag(recorded_at) OVER (ORDER BY tx, position) AS step FROM es.event) AS s
"""
_RETRY = (
    "SELECT attempts, due_at - clock_timestamp() > interval '110 minutes' AS far FROM es.retry"
    " WHERE stream = 'document-bad' ORDER BY version LIMIT 1"
)
_FAR_JOBS = (
    "SELECT job_id FROM interconnect.job WHERE state = 'open'"
    " AND due_at > clock_timestamp() + interval '50 minutes'"
)


@pytest.fixture(scope="module")
def clock(server_folder: Path) -> Clock:
    """The clock of this module's cluster."""
    preloaded = library()
    if preloaded is None:
        pytest.skip("libfaketime is not installed")
    return Clock(server_folder, preloaded)


@pytest.fixture(scope="module")
def stepped_postgres(clock: Clock, server_folder: Path) -> Iterator[OwnPostgres]:
    """A cluster that lives by the clock."""
    with OwnPostgres(server_folder / "stepped", variables=clock.variables).running() as server:
        yield server


@pytest.fixture
def there(
    clock: Clock, stepped_postgres: OwnPostgres, rabbitmq: RabbitMQForTests, tmp_path: Path
) -> Iterator[World]:
    """An installation on the cluster that lives by the clock; its programs have another."""
    with world(stepped_postgres.fresh_database(), rabbitmq.url, tmp_path) as installation:
        clock.stand(0, installation)
        yield installation


def test_clock_of_the_server_stepped_under_load(there: World, clock: Clock, fault: Fault) -> None:
    """Order is by transaction and position, never by time: versions dense, each event once.

    `recorded_at` shows the steps, and nobody reads in its order.
    """
    relay = there.relay().start()
    there.consumer().start()
    rounds = fault.rounds(1, 10)
    with load(there, pause=0.05) as clients:
        clients.comes_to(20)
        for _ in rounds:
            for hours in STEPS:
                relay.kill()  # so that what it reads next lies on both sides of the step
                clock.stand(hours, there)
                clients.comes_to(len(clients.acknowledged) + 20)
                relay.start()
                clients.comes_to(len(clients.acknowledged) + 20)
                eventually(partial(handled, there, len(clients.acknowledged)), within=30)
    assert not clients.unanswered
    eventually(there.relayed, within=60)
    eventually(there.applied, within=60)
    assert set(there.stored("document") + there.stored("process")) == clients.acknowledged
    assert there.execute(_TORN) == []
    ((forward, back),) = there.execute(_JUMPS)
    assert forward >= 2 * len(rounds)
    assert back >= len(rounds)
    fault.note = "an hour forward, two back, one forward, while two clients append"


def handled(world: World, count: int) -> bool:
    """Whether the handler has run for so many events."""
    return len(world.effects("document")) + len(world.effects("process")) >= count


def test_clock_stepped_while_a_retry_waits(there: World, clock: Clock, fault: Fault) -> None:
    """A retry comes late by a step back, at once after a step forward, never twice.

    `due_at` is an instant of the server's clock. Until then its stream alone waits.
    """
    there.relay().start()
    there.consumer().start()
    there.execute("INSERT INTO interconnect.poison VALUES (:s, 1, 'raise')", s=BAD)
    write(there, BAD, 2)
    # From the second try to the third it waits for ten seconds.
    eventually(lambda: [row.attempts for row in there.execute(_RETRY)] == [2], within=30)
    clock.stand(-2, there)
    there.execute("DELETE FROM interconnect.poison")
    write(there, "document-good", 3)
    write(there, "process-1", 3)
    eventually(lambda: there.versions("document-good") == [1, 2, 3], within=30)
    eventually(lambda: there.versions("process-1") == [1, 2, 3], within=30)
    assert there.execute(_RETRY) == [(2, True)]
    assert there.versions(BAD) == []
    clock.stand(1, there)
    eventually(lambda: there.versions(BAD) == [1, 2], within=10)
    clock.stand(-1, there)
    write(there, BAD)
    eventually(lambda: there.versions(BAD) == [1, 2, 3], within=30)
    for category in ("document", "process"):
        assert sorted(there.effects(category)) == sorted(there.stored(category))
    fault.note = "two hours back: the retry two hours late, other streams on time"


def test_clock_stepped_forward_while_a_job_is_at_work(
    there: World, clock: Clock, fault: Fault
) -> None:
    """The lease ends early and two workers work at one job: it is ended once."""
    (job_id,) = add(there, 1)
    go = there.folder / "go"
    late = worker(there).start("one", "until", str(go))
    eventually(lambda: late.said(f"works on {job_id}"), within=30)
    clock.stand(1, there)
    faster = worker(there).start("two")
    eventually(lambda: all_done(there), within=product.LEASE_SECONDS / 2)
    faster.kill()
    go.touch()
    (last,) = add(there, 1)  # it is taken when the late worker has ended its first act
    eventually(lambda: all_done(there), within=30)
    assert there.effects("job") == [job_id, last]


def test_clock_stepped_back_while_jobs_are_open(there: World, clock: Clock, fault: Fault) -> None:
    """Jobs of before wait until the clock is there again, then each is done once; new ones go on.

    A job's first `due_at` is the instant at which it was added: even a worker that frees its own
    lease finds it not due. Nothing else can be told from a clock that was stepped back.
    """
    (held,) = add(there, 1)
    killed_in_its_act(there, worker(there), "one", held)
    (open_one,) = add(there, 1)
    clock.stand(-1, there)
    worker(there).start("one")
    (new,) = add(there, 1)
    eventually(lambda: there.effects("job") == [new], within=30)
    assert {row.job_id for row in there.execute(_FAR_JOBS)} == {held, open_one}
    clock.stand(1, there)
    eventually(lambda: all_done(there), within=30)
    assert sorted(there.effects("job")) == sorted([new, held, open_one])
    fault.note = "an hour back: open jobs an hour late"


def test_failover_to_a_server_whose_clock_is_behind(
    there: World, stepped_postgres: OwnPostgres, server_folder: Path, fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The order is the transactions', not the clocks': what comes hours earlier stands behind."""
    with ExitStack() as ends:
        standby = ends.enter_context(standby_of(stepped_postgres, server_folder))
        new = ends.enter_context(world_on(standby, there))
        relay, consumer = there.relay().start(), there.consumer().start()
        write(there, "document-1", 4)
        eventually(lambda: there.applied() and there.relayed(), within=60)
        eventually(lambda: caught_up(stepped_postgres, standby), within=30)
        for program in (relay, consumer):
            program.kill()
        ends.callback(stepped_postgres.start)
        stepped_postgres.kill()
        promote(standby)
        monkeypatch.setenv("DATABASE_URL", new.url("migrator"))
        assert cli.main(["eventstore", "rebase"]) == 0
        new.relay().start()
        new.consumer().start()
        write(new, "document-1", 4)
        eventually(lambda: new.applied() and new.relayed(), within=60)
        assert new.versions("document-1") == list(range(1, 9))
        ((jumps,),) = new.execute(_STEPS_BACK)
        assert jumps == 1
    fault.note = "a standby three hours behind its primary"
