"""What a name in a packet stands for, by the streams: no read model is asked, so none lags."""

from collections.abc import Collection, Iterable
from uuid import UUID

from libs.db import Unit
from services.interconnect import wire_names
from services.interconnect.domain import delivery_id
from services.interconnect.events import DeliveryOpened, PacketArrived
from services.interconnect.journal import JOURNAL, delivery_stream, packet_stream


def delivery_named(
    unit: Unit, foreign_id: str, recipients: Iterable[UUID]
) -> tuple[DeliveryOpened, UUID] | None:
    """The delivery of a document of ours by this name to the first of these recipients that has
    one, and its trace."""
    dispatches = wire_names.dispatches(unit.connection, foreign_id)
    for name in (delivery_id(each, recipient) for recipient in recipients for each in dispatches):
        for begun in unit.store.read(delivery_stream(name), 0, 1):
            return JOURNAL.event(begun), begun.trace
    return None


def arrivals_named(
    unit: Unit, sender_id: UUID, recipient_id: UUID, foreign_ids: Collection[str]
) -> list[tuple[PacketArrived, UUID]]:
    """What came by the axis from the sender to the recipient under these names, the newest last,
    each with its trace."""
    packets = wire_names.arrivals(unit.connection, sender_id, recipient_id, foreign_ids)
    begun = [event for each in packets for event in unit.store.read(packet_stream(each), 0, 1)]
    begun.sort(key=lambda event: event.place)
    return [(JOURNAL.event(event), event.trace) for event in begun]
