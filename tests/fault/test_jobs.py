"""Job workers killed with a lease in hand, and workers that meet at one job."""

from uuid import UUID, uuid4

import pytest

from libs.jobs import worker as product
from tests.support.fault_load import context
from tests.support.fault_program import Program
from tests.support.fault_report import Fault
from tests.support.fault_world import SERVICE, World
from tests.support.wait import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(600)]


def add(world: World, count: int, urgent: bool = False) -> list[UUID]:
    """Add jobs in one transaction; their ids."""
    ids = [uuid4() for _ in range(count)]
    with world.database(SERVICE).unit() as unit:
        for job_id in ids:
            unit.jobs.add(job_id, "act", {}, context(), urgent=urgent)
    return ids


def worker(world: World) -> Program:
    """A worker's program, not started."""
    return world.program("tests.support.fault_worker", SERVICE)


def all_done(world: World) -> bool:
    """No job is open."""
    return not world.execute("SELECT 1 FROM interconnect.job WHERE state <> 'done'")


def killed_in_its_act(world: World, program: Program, name: str, job_id: UUID) -> None:
    """Start a slow worker and kill it while it works on the job."""
    program.start(name, "until", "/never")
    eventually(lambda: program.said(f"works on {job_id}"), within=30)
    program.kill()


def test_worker_killed_and_started_again(here: World, fault: Fault) -> None:
    """A worker's restart frees what it held: the job is done once, long before the lease ends."""
    struck = worker(here)
    for _ in fault.rounds(2, 20):
        (job_id,) = add(here, 1)
        killed_in_its_act(here, struck, "one", job_id)
        next_one = worker(here).start("one")
        eventually(lambda: all_done(here), within=product.LEASE_SECONDS / 2)
        next_one.kill()
        assert here.effects("job").count(job_id) == 1
    fault.note = "done before half of the lease was over"


def test_worker_killed_for_good(here: World, fault: Fault) -> None:
    """Another worker takes the job when the lease has ended, not before; it is done once."""
    (job_id,) = add(here, 1)
    killed_in_its_act(here, worker(here), "one", job_id)
    (later,) = add(here, 1)
    worker(here).start("two")
    eventually(lambda: here.effects("job") == [later], within=30)
    here.execute("UPDATE interconnect.job SET lease_end = clock_timestamp()"
                 " WHERE state = 'open'")  # fmt: skip
    eventually(lambda: all_done(here), within=30)
    assert here.effects("job") == [later, job_id]


def test_worker_that_outlived_its_lease(here: World, fault: Fault) -> None:
    """Two workers never end one job twice: who lost the lease writes nothing."""
    (job_id,) = add(here, 1)
    go = here.folder / "go"
    late = worker(here).start("one", "until", str(go))
    eventually(lambda: late.said(f"works on {job_id}"), within=30)
    here.execute("UPDATE interconnect.job SET lease_end = clock_timestamp()")
    faster = worker(here).start("two")
    eventually(lambda: all_done(here), within=30)
    faster.kill()
    go.touch()
    (last,) = add(here, 1)  # it is taken when the late worker has ended its first act
    eventually(lambda: all_done(here), within=30)
    assert here.effects("job") == [job_id, last]


def test_workers_at_one_queue(here: World, fault: Fault) -> None:
    """Urgent jobs first, each job done once, however many workers take from the queue."""
    count = fault.choose(40, 400)
    usual = add(here, count)
    urgent = add(here, count, urgent=True)
    programs = [worker(here).start(f"worker-{n}") for n in range(3)]
    programs.append(worker(here).start("reserve", "urgent"))
    eventually(lambda: all_done(here), within=120)
    done = here.effects("job")
    assert sorted(done) == sorted(usual + urgent)
    assert set(done[: count - 3]) <= set(urgent)
    fault.note = f"{count} usual jobs before {count} urgent ones, three workers and a reserved one"
