"""This service's streams in the store."""

from collections.abc import Iterable
from functools import reduce
from uuid import UUID

from libs.contracts.journal import Journal
from libs.db import Unit
from services.interconnect.commands import Command
from services.interconnect.domain import Delivery, Event, decide, evolve
from services.interconnect.events import EVENTS

JOURNAL = Journal(EVENTS)
SYSTEM = "system:interconnect"
Write = tuple[str, int, list[object]]


def dispatch_stream(dispatch_id: UUID) -> str:
    """Where a document's sending is recorded."""
    return f"dispatch-{dispatch_id}"


def delivery_stream(delivery_id: str) -> str:
    """Where one recipient's delivery is recorded."""
    return f"delivery-{delivery_id}"


def packet_stream(packet_id: UUID) -> str:
    """Where one arrival, and what was told about it, is recorded."""
    return f"packet-{packet_id}"


def delivery_writes(unit: Unit, delivery_id: str, commands: Iterable[Command]) -> list[Write]:
    """What the commands add to a delivery, ready to be appended; empty when nothing is new."""
    stream = delivery_stream(delivery_id)
    history, version = JOURNAL.load(unit.store, stream)
    delivery = reduce(evolve, history, Delivery())
    events: list[Event] = []
    for command in commands:
        new = decide(delivery, command)
        delivery = reduce(evolve, new, delivery)
        events += new
    return [(stream, version, list(events))] if events else []


def exists(unit: Unit, stream: str) -> bool:
    """Whether the stream has begun."""
    return unit.store.read_last(stream) is not None
