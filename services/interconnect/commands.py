"""What may be done with a delivery or a packet; people order recalls alone, all else jobs do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class OpenDelivery:
    """Begin to deliver a dispatch to one recipient; `channel` is inside or axis.

    `pair_number` is what our envelope tells the recipient; None without one.
    """

    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    channel: str
    pair_number: int | None = None


@dataclass(frozen=True, kw_only=True)
class RecordSent:
    """Record that the packet was handed over; `axis_doc_id` is the axis' name for it."""

    packet: str
    axis_doc_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecordRefusal:
    """Record that the packet is not handed over any more.

    `never_left`: no earlier try can have brought it to the recipient either.
    """

    reason_code: str
    never_left: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordFailure:
    """Record that the recipient's own system failed the packet that the axis had taken."""


@dataclass(frozen=True, kw_only=True)
class RecordStatus:
    """Record a status that the recipient told; `staff` and `note` are digests of blobs.

    `envelope` is the verdict on its envelope, None without one; a good one tells `pair_number` and
    when the step was done. `teller_id` is the successor that told it, if the recipient did not.
    """

    status_code: str
    told_at: datetime
    unit: str
    staff: str | None
    note: str | None
    status_packet: str
    channel: str
    pair_number: int | None = None
    envelope: str | None = None
    done_at: datetime | None = None
    teller_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class RecordWithdrawal:
    """Record that a recalled document was kept back before it left."""


@dataclass(frozen=True, kw_only=True)
class AskRecall:
    """Ask for the document back (lấy lại); `note` is the digest of the reason."""

    at: datetime
    note: str


@dataclass(frozen=True, kw_only=True)
class RecordRecallSent:
    """Record that the recipient was told of the recall."""

    status_packet: str
    channel: str
    axis_doc_id: str | None = None
    pair_number: int | None = None


@dataclass(frozen=True, kw_only=True)
class LapseRecall:
    """Record that nobody tells the recipient of the open recall: the axis or the desk refused.

    `never_left`: no earlier try can have told him either.
    """

    reason_code: str
    status_packet: str | None = None
    pair_number: int | None = None
    never_left: bool = False


@dataclass(frozen=True, kw_only=True)
class AskUpdate:
    """Ask the recipient to take a newer document, `by`, for this one (cập nhật)."""

    by: UUID


@dataclass(frozen=True, kw_only=True)
class LapseUpdate:
    """Record that the newer document is not sent to this recipient any more.

    `never_left`: no earlier try can have brought it to him either.
    """

    by: UUID
    never_left: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordReplaced:
    """Record that the recipient accepted the document that replaces this one (thay thế)."""

    by: UUID


Command = (
    OpenDelivery
    | RecordSent
    | RecordRefusal
    | RecordFailure
    | RecordWithdrawal
    | RecordStatus
    | AskRecall
    | RecordRecallSent
    | LapseRecall
    | AskUpdate
    | LapseUpdate
    | RecordReplaced
)


@dataclass(frozen=True, kw_only=True)
class RecordRecall:
    """Record that a sender asks one of our agencies to give a document back."""

    asked_at: datetime
    note: str | None
    request_packet: str
    channel: str
    axis_doc_id: str | None = None
    pair_number: int | None = None
    envelope: str | None = None


@dataclass(frozen=True, kw_only=True)
class NumberPacket:
    """Give the next packet from one agency to another its number.

    `kind` is document or status, `document_id` what the packet brings or is about, `sealed` the
    digest of the envelope that says the number.
    """

    kind: str
    document_id: UUID
    sealed: str


@dataclass(frozen=True, kw_only=True)
class SetDisclosure:
    """Lay down what senders see of an agency's steps (mức công khai)."""

    level: str
