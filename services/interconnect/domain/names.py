"""Ids of deliveries and packets: made of what they are about, so that a repeat makes the same."""

from uuid import UUID, uuid5

INSIDE, AXIS = "inside", "axis"

_AXIS_PACKETS = UUID("5b0d8b5e-7c1c-5a0e-9a43-0f6f1c1f8f51")


def delivery_id(dispatch_id: UUID, recipient_id: UUID) -> str:
    """The delivery of a dispatch to one recipient."""
    return f"{dispatch_id}-{recipient_id}"


def dispatch_of(delivery_id: str) -> UUID:
    """The dispatch of a delivery, by the delivery's name."""
    return UUID(delivery_id[:36])


def inside_packet_id(dispatch_id: UUID, recipient_id: UUID) -> UUID:
    """The arrival of a dispatch at one recipient inside this installation."""
    return uuid5(dispatch_id, str(recipient_id))


def axis_packet_id(axis_doc_id: str, recipient_id: UUID | None = None) -> UUID:
    """A packet of the axis; for one of our recipients, or as a whole."""
    whole = uuid5(_AXIS_PACKETS, axis_doc_id)
    return whole if recipient_id is None else uuid5(whole, str(recipient_id))


def withheld_packet_id(axis_doc_id: str) -> UUID:
    """A packet that the axis lists and refuses to give out, while nobody knows what is in it."""
    return uuid5(axis_packet_id(axis_doc_id), "withheld")


def early_packet_id(sender_id: UUID, recipient_id: UUID, foreign_id: str) -> UUID:
    """Where recalls of a document are kept that came before the document itself."""
    return uuid5(_AXIS_PACKETS, f"{sender_id} {recipient_id} {foreign_id}")
