"""What happens to packets, deliveries and statuses: the events of this service.

Fields are named as in `proto/lienthong/interconnect/v1`, which says what each of them means.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class DispatchOpened:
    """Sending of an issued document (văn bản đi) was opened; its id is the document's."""

    dispatch_id: UUID
    document_id: UUID
    agency_id: UUID
    file: str
    recipients: tuple[UUID, ...]
    urgency: int
    updates: UUID | None = None
    replaces: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class PacketPrepared:
    """The packet of a dispatch is written and durable."""

    dispatch_id: UUID
    document_id: UUID
    agency_id: UUID
    packet: str
    foreign_id: str


@dataclass(frozen=True, kw_only=True)
class DeliveryOpened:
    """One recipient's delivery was opened, inside this installation or by the axis."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    channel: str
    pair_number: int | None = None


@dataclass(frozen=True, kw_only=True)
class PacketSent:
    """The packet was handed to the recipient inside, or taken by the axis."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    channel: str
    packet: str
    axis_doc_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryRefused:
    """The axis or the directory refused a delivery, or the recipient's system failed its packet."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    reason_code: str
    never_left: bool = False


@dataclass(frozen=True)
class PacketFile:
    """A file of an arrived packet; name and type are the sender's claims."""

    name: str
    content_type: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class PacketArrived:
    """A document packet for one of our agencies is durably ours."""

    packet_id: UUID
    sender_id: UUID
    recipient_id: UUID
    channel: str
    packet: str
    axis_doc_id: str | None = None
    foreign_id: str
    code: str
    issued_on: date | None = None
    type_name: str
    text: str
    urgency: int
    files: tuple[PacketFile, ...]
    answers: UUID | None = None
    sender_code: str
    recipient_code: str
    business: str = ""
    supersedes: tuple[str, ...] = ()
    pair_number: int | None = None
    envelope: str | None = None


@dataclass(frozen=True, kw_only=True)
class PacketUnreadable:
    """A packet from the axis cannot be taken; it stands on the desk. `packet` may be missing."""

    packet_id: UUID
    packet: str | None = None
    axis_doc_id: str
    reason_code: str
    message_type: str = ""
    sender_code: str = ""
    recipient_codes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PacketRecovered:
    """A packet that had been given up was read again, and is where it belongs."""

    packet_id: UUID
    axis_doc_id: str


@dataclass(frozen=True, kw_only=True)
class StatusSent:
    """Our agency's step was told to the sender of the document."""

    packet_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    status_code: str
    status_packet: str
    channel: str
    axis_doc_id: str | None = None
    pair_number: int | None = None


@dataclass(frozen=True, kw_only=True)
class StatusRefused:
    """The axis refused our agency's step for good: the sender will not be told it."""

    packet_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    status_code: str
    status_packet: str
    reason_code: str
    pair_number: int | None = None


@dataclass(frozen=True, kw_only=True)
class StatusReceived:
    """A recipient told a step on a document that we sent."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    status_code: str
    told_at: datetime
    unit: str
    staff: str | None = None
    note: str | None = None
    status_packet: str
    channel: str
    pair_number: int | None = None
    envelope: str | None = None
    done_at: datetime | None = None
    teller_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class StatusUnmatched:
    """A status from the axis fits no delivery of ours; it is kept."""

    packet_id: UUID
    packet: str
    axis_doc_id: str
    status_code: str
    foreign_id: str
    sender_code: str = ""
    recipient_codes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecallAsked:
    """The sender asks the recipient for the document back (lấy lại)."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    asked_at: datetime
    note: str


@dataclass(frozen=True, kw_only=True)
class RecallSent:
    """The recipient was told of the recall, inside this installation or by the axis."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    status_packet: str
    channel: str
    axis_doc_id: str | None = None
    pair_number: int | None = None


@dataclass(frozen=True, kw_only=True)
class RecallLapsed:
    """The axis refused a recall for good, or two persons did: the recipient is asked no more."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    asked_at: datetime
    status_packet: str | None = None
    reason_code: str
    pair_number: int | None = None
    never_left: bool = False


@dataclass(frozen=True, kw_only=True)
class DeliveryWithdrawn:
    """A recalled document was kept back before it left: the recipient never sees it."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID


@dataclass(frozen=True, kw_only=True)
class UpdateAsked:
    """The sender asks the recipient to take a newer document for this one (cập nhật)."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    by: UUID


@dataclass(frozen=True, kw_only=True)
class UpdateLapsed:
    """The newer document is not sent to the recipient any more, so nothing is asked."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    by: UUID
    never_left: bool = False


@dataclass(frozen=True, kw_only=True)
class DeliveryReplaced:
    """The recipient accepted the document that replaces this one (thay thế)."""

    delivery_id: str
    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    by: UUID


@dataclass(frozen=True, kw_only=True)
class RecallArrived:
    """The sender of an arrived document asks for it back."""

    packet_id: UUID
    sender_id: UUID
    recipient_id: UUID
    asked_at: datetime
    note: str | None = None
    request_packet: str
    channel: str
    axis_doc_id: str | None = None
    pair_number: int | None = None
    envelope: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecallHeld:
    """A recall of a document that is not here, or not yet; it is kept."""

    packet_id: UUID
    sender_id: UUID
    recipient_id: UUID
    foreign_id: str
    asked_at: datetime
    note: str | None = None
    request_packet: str
    axis_doc_id: str
    pair_number: int | None = None
    envelope: str | None = None


@dataclass(frozen=True, kw_only=True)
class StatusWithheld:
    """A step was not told to the sender, as the agency's disclosure (mức công khai) has it."""

    packet_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    status_code: str
    level: str
    pair_number: int | None = None


@dataclass(frozen=True, kw_only=True)
class PacketNumbered:
    """A packet from one agency to another got its number; the newest number is the last one."""

    sender_id: UUID
    recipient_id: UUID
    number: int
    kind: str
    document_id: UUID
    sealed: str


@dataclass(frozen=True, kw_only=True)
class DisclosureSet:
    """An agency laid down what senders see of its steps (mức công khai)."""

    agency_id: UUID
    level: str


EVENTS: dict[str, type] = {
    "DispatchOpened": DispatchOpened,
    "PacketPrepared": PacketPrepared,
    "DeliveryOpened": DeliveryOpened,
    "PacketSent": PacketSent,
    "DeliveryRefused": DeliveryRefused,
    "StatusReceived": StatusReceived,
    "RecallAsked": RecallAsked,
    "RecallSent": RecallSent,
    "RecallLapsed": RecallLapsed,
    "DeliveryWithdrawn": DeliveryWithdrawn,
    "UpdateAsked": UpdateAsked,
    "UpdateLapsed": UpdateLapsed,
    "DeliveryReplaced": DeliveryReplaced,
    "PacketArrived": PacketArrived,
    "PacketUnreadable": PacketUnreadable,
    "PacketRecovered": PacketRecovered,
    "StatusSent": StatusSent,
    "StatusRefused": StatusRefused,
    "StatusUnmatched": StatusUnmatched,
    "RecallArrived": RecallArrived,
    "RecallHeld": RecallHeld,
    "StatusWithheld": StatusWithheld,
    "PacketNumbered": PacketNumbered,
    "DisclosureSet": DisclosureSet,
}
