"""What came in one packet, and the recalls (13, or a packet of type 1) that came about it.

A request has no id on the wire: it is known by its second. One that overtakes its document is held
under a name made of the document's, and joins the document when that arrives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from services.interconnect.commands import RecordRecall
from services.interconnect.events import PacketArrived, RecallArrived, RecallHeld

Event = PacketArrived | RecallHeld | RecallArrived


@dataclass(frozen=True)
class Packet:
    """`arrived` is empty while only recalls have come."""

    arrived: PacketArrived | None = None
    held: tuple[RecallHeld, ...] = ()
    asked: frozenset[datetime] = frozenset()


_CONTENT = attrgetter(
    *("business", "code", "issued_on", "type_name", "text", "urgency", "files", "supersedes")
)


def is_repeat(new: PacketArrived, known: Iterable[PacketArrived]) -> bool:
    """Whether the arrival says the same as one of these, which came under its DocumentId."""
    return any(_CONTENT(new) == _CONTENT(each) for each in known)


def takes_a_name(new: PacketArrived, known: Iterable[PacketArrived]) -> bool:
    """Whether a new document came under the DocumentId of one of these.

    An update may bear the name of what it updates, and may come before it.
    """
    return not new.business and any(not each.business for each in known)


def hold(packet: Packet, held: RecallHeld) -> list[Event]:
    """Keep a recall of a document that is not here; nothing when it is a repeat."""
    return [] if held.asked_at in packet.asked else [held]


def recall(packet: Packet, command: RecordRecall) -> list[Event]:
    """Record that the sender asks for the document back; nothing when it is a repeat."""
    assert packet.arrived is not None, "only what has arrived is recalled"
    if command.asked_at in packet.asked:
        return []
    return [
        RecallArrived(
            packet_id=packet.arrived.packet_id,
            sender_id=packet.arrived.sender_id,
            recipient_id=packet.arrived.recipient_id,
            **vars(command),
        )
    ]


def join(early: Packet, arrived: PacketArrived) -> list[Event]:
    """The arrival, and with it the recalls that were here before."""
    packet = Packet(arrived)
    events: list[Event] = [arrived]
    for each in early.held:
        command = RecordRecall(
            asked_at=each.asked_at,
            note=each.note,
            request_packet=each.request_packet,
            channel="axis",
            axis_doc_id=each.axis_doc_id,
            pair_number=each.pair_number,
            envelope=each.envelope,
        )
        new = recall(packet, command)
        packet = evolve(packet, new[0]) if new else packet
        events += new
    return events


def evolve(packet: Packet, event: object) -> Packet:
    """Apply a fact; what is told about the packet is no part of this state."""
    match event:
        case PacketArrived():
            return replace(packet, arrived=event)
        case RecallHeld():
            asked = packet.asked | {event.asked_at}
            return replace(packet, held=(*packet.held, event), asked=asked)
        case RecallArrived():
            return replace(packet, asked=packet.asked | {event.asked_at})
        case _:
            return packet
