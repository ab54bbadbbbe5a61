"""The consumer's queue as a test sees it: raw messages, and what they tell of the order."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pika

from libs.messaging.delivery import Delivery, read_delivery
from tests.support.fault_world import CONSUMER, SERVICE, WRITERS, World


@dataclass(frozen=True)
class Message:
    """One message as it came."""

    properties: pika.BasicProperties
    body: bytes

    @property
    def delivery(self) -> Delivery:
        """What the relay wrote into it."""
        properties: Any = self.properties
        return read_delivery(properties.message_id, properties.type, properties.headers, self.body)


def drain(world: World, idle: float = 0.5) -> list[Message]:
    """Take what is in the queue, until nothing comes for `idle` seconds."""
    connection = pika.BlockingConnection(pika.URLParameters(world.broker(SERVICE)))
    found = []
    for _, properties, body in connection.channel().consume(
        CONSUMER, auto_ack=True, inactivity_timeout=idle
    ):
        if properties is None:
            break
        found.append(Message(properties, body))
    connection.close()
    return found


def first_seen(messages: list[Message]) -> dict[str, list[UUID]]:
    """By category: the events in the order in which each came first."""
    seen: dict[str, dict[UUID, None]] = {category: {} for category in WRITERS}
    for message in messages:
        event = message.delivery.event
        seen[event.category].setdefault(event.event_id)
    return {category: list(events) for category, events in seen.items()}


def publish(world: World, messages: list[Message]) -> None:
    """Put messages into the exchanges again as they were, in this order."""
    with _exchanges(world) as channel:
        for message in messages:
            exchange = f"events.{message.delivery.event.category}"
            channel.basic_publish(exchange, "", message.body, message.properties)


def send(world: World, exchange: str, properties: pika.BasicProperties) -> None:
    """Publish a message of the test's making."""
    with _exchanges(world) as channel:
        channel.basic_publish(exchange, "", b"{}", properties)


@contextmanager
def _exchanges(world: World) -> Iterator[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(world.broker("relay")))
    channel = connection.channel()
    channel.confirm_delivery()
    yield channel
    connection.close()
