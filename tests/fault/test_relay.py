"""The relay, killed, paused and taken over."""

import random
from threading import Event

import pytest

from tests.support.fault_load import load, write
from tests.support.fault_queue import drain, first_seen
from tests.support.fault_relay import PAUSE, POINTS
from tests.support.fault_report import Fault
from tests.support.fault_world import WRITERS, World
from tests.support.wait import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(1800)]

_HOLDER = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def whole_and_in_order(world: World) -> None:
    """The queue got every event of the store, each category in store order, repeats aside."""
    assert first_seen(drain(world)) == {name: world.stored(name) for name in WRITERS}


@pytest.mark.parametrize("point", POINTS)
def test_relay_killed_between(here: World, fault: Fault, point: str) -> None:
    """At least once, in order: the cursor moves only behind confirmed messages."""
    struck = here.relay("tests.support.fault_relay")
    for _ in fault.rounds(2, 10):
        write(here, "document-1", 5)
        write(here, "process-1", 5)
        struck.start(point).dies()
    here.relay().start()
    eventually(here.relayed, within=30)
    whole_and_in_order(here)
    fault.note = "10 events a round; every message in the queue compared with the store"


def test_relay_killed_at_any_moment_under_load(here: World, fault: Fault) -> None:
    """At least once, in order: nothing that a relay holds in memory is needed by the next."""
    chance = random.Random(3)  # noqa: S311
    relay = here.relay()
    with load(here) as clients:
        for round_ in fault.rounds(8, 200):
            relay.start()
            holder_of_the_lock(here)
            clients.comes_to(round_ * 5)
            Event().wait(chance.uniform(0, 0.2))
            relay.kill()
    relay.start()
    eventually(here.relayed, within=60)
    whole_and_in_order(here)
    fault.note = "killed within 0.2 s of taking the lock, while two clients append"


def test_relay_paused_taken_over_and_woken_under_load(here: World, fault: Fault) -> None:
    """A woken relay can repeat messages; it never moves a cursor back, loses or reorders."""
    marks = [here.cursor("document")]
    with load(here) as clients:
        for _ in fault.rounds(2, 20):
            paused, successor = here.relay().start(), here.relay()
            holder = holder_of_the_lock(here)
            clients.comes_to(len(clients.acknowledged) + 20)
            paused.pause()
            end_connection(here, holder)
            successor.start()
            assert holder_of_the_lock(here) != holder
            clients.comes_to(len(clients.acknowledged) + 20)
            marks.append(here.cursor("document"))
            paused.wake()
            clients.comes_to(len(clients.acknowledged) + 40)
            marks.append(here.cursor("document"))
            paused.kill()
            successor.kill()
    here.relay().start()
    eventually(here.relayed, within=60)
    whole_and_in_order(here)
    assert marks == sorted(marks)
    fault.note = "SIGSTOP, its lock's connection ended, a second relay at work, SIGCONT"


def test_relay_paused_before_its_cursor_and_woken(here: World, fault: Fault) -> None:
    """A cursor is moved by compare-and-set: what a woken relay knows is too old to count."""
    for _ in fault.rounds(1, 10):
        write(here, "document-1", 5)
        paused, successor = here.relay("tests.support.fault_relay").start(PAUSE), here.relay()
        paused.pauses()
        end_connection(here, holder_of_the_lock(here))
        successor.start()
        write(here, "document-1", 5)
        eventually(here.relayed, within=60)
        stands = here.cursor("document")
        paused.wake()
        eventually(lambda: paused.log.read_text().count("relay_restarts"), within=60)  # noqa: B023
        assert here.cursor("document") == stands
        paused.kill()
        successor.kill()
    whole_and_in_order(here)
    fault.note = "confirmed and not yet written down, while a second relay has gone on"


def holder_of_the_lock(world: World) -> int:
    """The backend through which a relay holds the relays' lock."""
    ((pid,),) = eventually(lambda: world.execute(_HOLDER), within=30, every=0.01)
    return int(pid)


def end_connection(world: World, pid: int) -> None:
    """End a connection of the relay's, as a lost network would."""
    with world.database("relay").unit() as unit:
        unit.connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
    eventually(lambda: not world.execute(_HOLDER), within=10, every=0.01)
