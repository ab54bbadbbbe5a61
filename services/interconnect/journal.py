"""This service's streams in the store."""

from collections.abc import Iterable
from functools import reduce
from uuid import UUID

from libs.contracts.journal import Journal
from libs.db import Unit
from services.interconnect.commands import Command, RecordRecall
from services.interconnect.domain import Delivery, Event, decide, evolve
from services.interconnect.domain import disclosure as disclosures
from services.interconnect.domain import packet as packets
from services.interconnect.domain.disclosure import Disclosure
from services.interconnect.domain.packet import Packet
from services.interconnect.events import EVENTS, RecallHeld

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


def desk_stream(packet_id: UUID) -> str:
    """Where it is recorded what two people decided of a packet on the desk."""
    return f"desk-interconnect.packets.{packet_id}"


def load_delivery(unit: Unit, delivery_id: str) -> tuple[Delivery, int]:
    """A delivery and the version of its stream."""
    history, version = JOURNAL.load(unit.store, delivery_stream(delivery_id))
    return reduce(evolve, history, Delivery()), version


def hold_dispatch(unit: Unit, dispatch_id: UUID, *, shared: bool = False) -> None:
    """Let those who write to many deliveries of a dispatch at once do so alone, before they read.

    Those who write to one hold it `shared`. Were it only for the streams' versions, one status of
    any recipient would send a recall from a whole province back to its beginning. Whoever holds
    two dispatches takes the newer one first, then the one that it updates or replaces.
    """
    unit.hold(dispatch_stream(dispatch_id), shared=shared)


def delivery_writes(unit: Unit, delivery_id: str, commands: Iterable[Command]) -> list[Write]:
    """What the commands add to a delivery, ready to be appended; empty when nothing is new."""
    return delivery_after(unit, delivery_id, commands)[1]


def delivery_after(
    unit: Unit, delivery_id: str, commands: Iterable[Command]
) -> tuple[Delivery, list[Write]]:
    """What the commands make of a delivery, and what they add to it, as `delivery_writes`."""
    delivery, version = load_delivery(unit, delivery_id)
    events: list[Event] = []
    for command in commands:
        new = decide(delivery, command)
        delivery = reduce(evolve, new, delivery)
        events += new
    writes: list[Write] = [(delivery_stream(delivery_id), version, list(events))]
    return delivery, writes if events else []


def load_packet(unit: Unit, packet_id: UUID) -> tuple[Packet, int]:
    """A packet and the version of its stream."""
    history, version = JOURNAL.load(unit.store, packet_stream(packet_id))
    return reduce(packets.evolve, history, Packet()), version


def recall_writes(unit: Unit, packet_id: UUID, command: RecordRecall) -> list[Write]:
    """What a recall adds to the packet that it asks back; empty when it is a repeat."""
    packet, version = load_packet(unit, packet_id)
    events = packets.recall(packet, command)
    return [(packet_stream(packet_id), version, list(events))] if events else []


def hold_writes(unit: Unit, packet_id: UUID, held: RecallHeld) -> list[Write]:
    """What is kept of a recall whose document is not here; empty when it is a repeat."""
    packet, version = load_packet(unit, packet_id)
    events = packets.hold(packet, held)
    return [(packet_stream(packet_id), version, list(events))] if events else []


def pair_stream(sender_id: UUID, recipient_id: UUID) -> str:
    """Where the packets from one agency to another are numbered."""
    return f"pair-{sender_id}-{recipient_id}"


def disclosure_stream(agency_id: UUID) -> str:
    """Where an agency's disclosure is laid down."""
    return f"disclosure-{agency_id}"


def load_disclosure(unit: Unit, agency_id: UUID) -> tuple[Disclosure, int]:
    """An agency's disclosure and the version of its stream, from its last event alone."""
    disclosure = Disclosure(agency_id)
    last = unit.store.read_last(disclosure_stream(agency_id))
    if last is None:
        return disclosure, 0
    return disclosures.evolve(disclosure, JOURNAL.event(last)), last.version


def exists(unit: Unit, stream: str) -> bool:
    """Whether the stream has begun."""
    return unit.store.read_last(stream) is not None
