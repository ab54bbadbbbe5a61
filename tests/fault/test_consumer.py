"""A consumer: what comes twice, in disorder or not at all; its process killed; what fails in it."""

import json
import random
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pika
import pytest

from libs.eventstore import NewEvent
from libs.messaging.delivery import HEADER
from libs.messaging.desk import carry_out
from libs.messaging.parked import Refuse, Release
from tests.support.fault_load import context, event_for, load, write
from tests.support.fault_queue import Message, drain, publish, send
from tests.support.fault_report import Fault
from tests.support.fault_world import CONSUMER, SERVICE, World
from tests.support.wait import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(900)]

WINDOW = 100
TRIES = 5
BAD = "document-bad"
STRAY_WITHOUT = ("epoch", "place", "predecessor", "stream")


def disturbed(messages: list[Message], chance: random.Random) -> list[Message]:
    """One in a hundred dropped, the rest two or three times, shuffled over a window."""
    kept = [message for message in messages if chance.random() >= 0.01]
    copies = [message for message in kept for _ in range(chance.choice((2, 3)))]
    places = [(place + chance.uniform(0, WINDOW), n) for n, place in enumerate(range(len(copies)))]
    return [copies[n] for _, n in sorted(places)]


def test_messages_doubled_shuffled_and_dropped(here: World, fault: Fault) -> None:
    """Each event has one effect, in store order, whatever the queue brings."""
    count = fault.choose(150, 5000)
    for number in range(count // 10):
        write(here, f"document-{number % 7}", 5)
        write(here, f"process-{number % 3}", 5)
    relay = here.relay().start()
    eventually(here.relayed, within=60)
    relay.kill()
    messages = drain(here)
    publish(here, disturbed(messages, random.Random(5)))  # noqa: S311
    here.consumer().start()
    eventually(here.applied, within=120)
    fault.note = f"{count} events, 2-3 copies of each, shuffled over {WINDOW} places, 1 % dropped"


@pytest.mark.parametrize("point", ["commit", "ack"])
def test_consumer_killed_before_its(here: World, fault: Fault, point: str) -> None:
    """One effect for each event: it is written with the position, and acknowledged afterwards."""
    here.relay().start()
    consumer = here.consumer()
    for _ in fault.rounds(2, 20):
        consumer.start(point)
        write(here, "document-1", 4)
        write(here, "process-1", 4)
        consumer.dies()
    consumer.start()
    eventually(here.applied, within=60)
    fault.note = "SIGKILL at the third event of a round"


def test_consumer_killed_at_any_moment_under_load(here: World, fault: Fault) -> None:
    """One effect for each event, in store order, wherever the consumer was cut off."""
    here.relay().start()
    consumer = here.consumer()
    with load(here, clients=1, pause=0.05) as clients:
        for _ in fault.rounds(3, 50):
            consumer.start()
            enough = len(here.effects("document")) + 5
            eventually(partial(has_more_than, here, enough), within=30)
            consumer.kill()
        clients.comes_to(20)
    consumer.start()
    eventually(here.relayed, within=120)
    eventually(here.applied, within=120)
    fault.note = "killed while a client appends"


def has_more_than(world: World, count: int) -> bool:
    """Whether the handler ran more often than that for documents."""
    return len(world.effects("document")) > count


def unreadable(payload: bytes, kind: str = "DraftReviewed", schema: int = 1) -> NewEvent:
    """An event that the contract cannot read."""
    return NewEvent(uuid4(), kind, schema, payload)


POISONS: dict[str, Callable[[str], NewEvent]] = {
    "handler that raises": event_for,
    "payload that is no JSON": lambda _: unreadable(b"\xff\xfe"),
    "payload of other fields": lambda _: unreadable(b'{"surprise":1}'),
    "unknown type": lambda _: unreadable(b"{}", kind="NeverHeardOf"),
    "unknown version": lambda _: unreadable(b"{}", schema=99),
}


@pytest.mark.parametrize("poison", POISONS)
def test_poison_by_a(here: World, fault: Fault, poison: str) -> None:
    """What fails is parked after its tries; its stream alone waits, and then goes on in order."""
    here.relay().start()
    here.consumer().start()
    write(here, BAD, 2)
    with here.database("documents").unit() as unit:
        unit.store.append(BAD, 2, [POISONS[poison](BAD)], context())
    here.execute("INSERT INTO interconnect.poison VALUES (:s, 3, 'raise')", s=BAD)
    write(here, BAD, 2)
    write(here, "document-good", 3)
    write(here, "process-1", 3)
    eventually(lambda: front(here) == (3, TRIES, True), within=60)
    eventually(lambda: others_flow(here), within=30)
    assert here.versions(BAD) == [1, 2]
    heal(here)
    healed = poison == "handler that raises"
    decide(here, Release(CONSUMER, BAD) if healed else Refuse(CONSUMER, BAD, reason="0" * 64))
    versions = [1, 2, 3, 4, 5] if healed else [1, 2, 4, 5]
    eventually(lambda: here.versions(BAD) == versions and front(here) is None, within=30)
    fault.note = "released" if healed else "refused"


def front(world: World) -> tuple[int, int, bool] | None:
    """Version, tries and whether parked, of what stands in front of the bad stream.

    Its next try is made due, to spare the test the waiting.
    """
    world.execute(
        "UPDATE es.retry SET due_at = clock_timestamp() WHERE consumer = :c AND stream = :s"
        " AND attempts > 0 AND NOT parked",
        c=CONSUMER,
        s=BAD,
    )
    rows = world.execute(
        "SELECT version, attempts, parked FROM es.retry WHERE consumer = :c AND stream = :s"
        " ORDER BY version LIMIT 1",
        c=CONSUMER, s=BAD,
    )  # fmt: skip
    return (rows[0].version, rows[0].attempts, rows[0].parked) if rows else None


def others_flow(world: World) -> bool:
    """The streams beside the bad one are applied to their ends."""
    return world.versions("document-good") == [1, 2, 3] == world.versions("process-1")


def heal(world: World) -> None:
    """Mend the handler."""
    world.execute("DELETE FROM interconnect.poison")


def decide(world: World, order: Release | Refuse) -> None:
    """What the desk does."""
    with world.database(SERVICE).unit() as unit:
        carry_out(unit, order, "person:1/1", uuid4())


def test_message_that_is_not_the_relays(here: World, fault: Fault) -> None:
    """What no relay wrote changes nothing, and holds up nothing."""
    relay = here.relay().start()
    write(here, "document-1")
    eventually(here.relayed, within=30)
    (message,) = drain(here)
    facts = json.loads(message.properties.headers[HEADER])
    strays = [{name: facts[name] for name in facts if name != lost} for lost in STRAY_WITHOUT]
    for header in [*map(json.dumps, strays), "{", "[]"]:
        send(here, "events.document", pika.BasicProperties(headers={HEADER: header}))
    send(here, "events.document", pika.BasicProperties())
    consumer = here.consumer().start()
    write(here, "document-1", 3)
    eventually(here.applied, within=30)
    assert consumer.said("message_unreadable")
    assert relay.alive


def test_handler_that_kills_its_process(here: World, fault: Fault) -> None:
    """An event that kills its consumer is set aside unrun, its tries counted before each run."""
    here.relay().start()
    consumer = here.consumer().start()
    here.execute("INSERT INTO interconnect.poison VALUES (:s, 1, 'exit')", s=BAD)
    write(here, BAD, 2)
    write(here, "document-good", 3)
    write(here, "process-1", 3)

    def supervised(probe: Callable[[], bool]) -> Callable[[], bool]:
        def look() -> bool:
            if not consumer.alive:
                consumer.start()
            return probe()

        return look

    eventually(supervised(lambda: others_flow(here)), within=60)
    eventually(supervised(lambda: front(here) == (1, TRIES, True)), within=60)
    heal(here)
    decide(here, Release(CONSUMER, BAD))
    eventually(supervised(lambda: here.versions(BAD) == [1, 2]), within=30)
