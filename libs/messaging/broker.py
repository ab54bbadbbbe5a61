"""Exchanges, queues and bindings of the topology. The relay declares them; consumers check them."""

from typing import Any

from libs.contracts import topology

EXCHANGE_TYPE = "fanout"
# One active consumer for each queue keeps the order; quorum queues survive a node.
QUEUE_ARGUMENTS: dict[str, Any] = {"x-queue-type": "quorum", "x-single-active-consumer": True}


def published_categories() -> tuple[str, ...]:
    """Categories with a subscriber in another service: the others need no message."""
    shape = topology()
    wanted = {name for consumer in shape.consumers.values() for name in shape.foreign(consumer)}
    return tuple(sorted(wanted))


def declare(channel: Any) -> None:
    """Declare the whole topology on a blocking pika channel; the same again changes nothing."""
    shape = topology()
    for name in published_categories():
        channel.exchange_declare(
            shape.categories[name].exchange, exchange_type=EXCHANGE_TYPE, durable=True
        )
    for consumer in shape.consumers.values():
        foreign = shape.foreign(consumer)
        if not foreign:
            continue
        channel.queue_declare(consumer.name, durable=True, arguments=QUEUE_ARGUMENTS)
        for name in foreign:
            channel.queue_bind(consumer.name, shape.categories[name].exchange)
