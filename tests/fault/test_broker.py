"""The broker: away, blocked, full, without a way to a queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from urllib.parse import quote, urlsplit

import pika
import pytest

from libs.contracts import topology
from tests.support.fault_load import Load, load, write
from tests.support.fault_queue import drain, first_seen
from tests.support.fault_report import Fault
from tests.support.fault_servers import OwnRabbitMQ
from tests.support.fault_world import CONSUMER, WRITERS, World
from tests.support.wait import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(600)]

LAG = "lienthong_relay_lag_seconds"
ALARMS = {
    "memory": (
        ("set_vm_memory_high_watermark", "0"),
        ("set_vm_memory_high_watermark", "absolute", "512MB"),
    ),
    "disk": (("set_disk_free_limit", "10000GB"), ("set_disk_free_limit", "200MB")),
}


def goes_on(clients: Load, seconds: float) -> None:
    """While the broker takes nothing: appends are answered as before."""
    before = len(clients.acknowledged)
    Event().wait(seconds)
    clients.comes_to(before + int(seconds * 20), within=5)


@contextmanager
def flowing(world: World) -> Iterator[Load]:
    """Clients, relay and consumer at work; in the end everything has been applied, in order."""
    world.relay().start()
    consumer = world.consumer().start()
    with load(world) as clients:
        eventually(lambda: world.effects("process"), within=30)
        yield clients
        clients.comes_to(len(clients.acknowledged) + 20)
    eventually(world.relayed, within=120)
    world.catches_up(within=60)  # a sweep comes every 30 s
    assert set(world.stored("document") + world.stored("process")) == clients.acknowledged
    assert consumer.alive


def test_broker_killed_under_load(
    breakable_broker: World, own_rabbitmq: OwnRabbitMQ, fault: Fault
) -> None:
    """Appends need no broker; what waits is relayed in order afterwards."""
    seconds = fault.choose(5, 60)
    with flowing(breakable_broker) as clients:
        own_rabbitmq.kill()
        try:
            goes_on(clients, seconds)
        finally:
            own_rabbitmq.start()
    fault.note = f"SIGKILL, {seconds} s away"


@pytest.mark.parametrize("alarm", ALARMS)
def test_broker_blocked_by_an_alarm_of(
    breakable_broker: World, own_rabbitmq: OwnRabbitMQ, fault: Fault, alarm: str
) -> None:
    """Appends need no broker; what waits is relayed in order afterwards."""
    seconds = fault.choose(3, 60)
    block, free = ALARMS[alarm]
    with flowing(breakable_broker) as clients:
        own_rabbitmq.control(*block)
        try:
            goes_on(clients, seconds)
        finally:
            own_rabbitmq.control(*free)
    fault.note = f"publishers blocked for {seconds} s"


def test_broker_away_is_seen(
    breakable_broker: World, own_rabbitmq: OwnRabbitMQ, fault: Fault
) -> None:
    """What waits for the broker is seen as the relay's lag while it waits, and not afterwards."""
    relay = breakable_broker.relay().start()
    write(breakable_broker, "document-1")
    eventually(breakable_broker.relayed, within=30)
    own_rabbitmq.kill()
    try:
        write(breakable_broker, "document-1")
        eventually(lambda: relay.measure(LAG) >= 2, within=30)
    finally:
        own_rabbitmq.start()
    eventually(breakable_broker.relayed, within=120)
    eventually(lambda: relay.measure(LAG) == 0, within=10)


def test_broker_queue_full(
    breakable_broker: World, own_rabbitmq: OwnRabbitMQ, fault: Fault
) -> None:
    """A refused message holds the cursor; nothing behind it is skipped."""
    vhost = quote(urlsplit(breakable_broker.broker("relay")).path[1:], safe="")
    policy = f"policies/{vhost}/full"
    rule = {"pattern": CONSUMER, "definition": {"max-length": 5, "overflow": "reject-publish"}}
    own_rabbitmq.node.ask("PUT", policy, rule)
    relay = breakable_broker.relay().start()
    write(breakable_broker, "document-1", 20)
    eventually(breakable_broker.relayed, within=30)  # a burst is taken before the queue says no
    write(breakable_broker, "document-1", 20)
    write(breakable_broker, "process-1", 20)
    refusals = fault.rounds(1, 10)
    eventually(lambda: relay.log.read_text().count("relay_restarts") >= len(refusals), within=60)
    assert breakable_broker.cursor("process") == (0, 0)
    own_rabbitmq.node.ask("DELETE", policy)
    eventually(breakable_broker.relayed, within=60)
    seen = first_seen(drain(breakable_broker))
    assert seen == {name: breakable_broker.stored(name) for name in WRITERS}
    fault.note = "a quorum queue of 5 with overflow reject-publish; as many windows refused as runs"


def test_binding_deleted(here: World, fault: Fault) -> None:
    """A returned message stops its category alone, until the topology is declared again."""
    relay = here.relay().start()
    consumer = here.consumer().start()
    rounds = fault.rounds(1, 10)
    for _ in rounds:
        write(here, "document-1", 3)
        eventually(here.applied, within=60)
        stands = here.cursor("document")
        unbind_all(here, "events.document")
        write(here, "document-1", 3)
        write(here, "process-1", 3)
        eventually(lambda: here.cursor("process") == last_place(here, "process"), within=30)
        assert here.cursor("document") == stands
        eventually(here.relayed, within=30)
        eventually(here.applied, within=30)
    assert relay.log.read_text().count("event_unroutable") >= len(rounds)
    assert consumer.alive
    fault.note = "every queue of the exchange unbound"


def last_place(world: World, category: str) -> tuple[int, int]:
    """The place of the category's last event."""
    ((tx, position),) = world.execute(
        "SELECT tx, position FROM es.event WHERE category = :c ORDER BY tx DESC, position DESC"
        " LIMIT 1",
        c=category,
    )
    return tx, position


def unbind_all(world: World, exchange: str) -> None:
    """Take every queue of the topology off an exchange."""
    shape = topology()
    connection = pika.BlockingConnection(pika.URLParameters(world.broker("relay")))
    for consumer in shape.consumers.values():
        if exchange.partition(".")[2] in shape.foreign(consumer):
            connection.channel().queue_unbind(consumer.name, exchange)
    connection.close()
