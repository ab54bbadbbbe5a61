"""What a name in a packet stands for, by the streams: no read model is asked, so none lags."""

from collections.abc import Collection
from uuid import UUID

from libs.db import Unit
from services.interconnect import wire_names
from services.interconnect.domain import delivery_id
from services.interconnect.events import DeliveryOpened, PacketArrived
from services.interconnect.journal import JOURNAL, delivery_stream, packet_stream


def delivery_named(
    unit: Unit, foreign_id: str, recipient_id: UUID
) -> tuple[DeliveryOpened, UUID] | None:
    """The delivery of a document of ours by this name to this recipient, and its trace."""
    for dispatch_id in wire_names.dispatches(unit.connection, foreign_id):
        name = delivery_id(dispatch_id, recipient_id)
        for begun in unit.store.read(delivery_stream(name), 0, 1):
            return JOURNAL.event(begun), begun.trace
    return None


def newest_arrival(
    unit: Unit, sender_id: UUID, recipient_id: UUID, foreign_ids: Collection[str]
) -> tuple[PacketArrived, UUID] | None:
    """What came last from the sender to the recipient under one of these names, and its trace."""
    packets = wire_names.arrivals(unit.connection, sender_id, recipient_id, foreign_ids)
    begun = [event for each in packets for event in unit.store.read(packet_stream(each), 0, 1)]
    if not begun:
        return None
    newest = max(begun, key=lambda event: event.place)
    return JOURNAL.event(newest), newest.trace
