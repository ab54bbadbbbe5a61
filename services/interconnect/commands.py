"""What may be done with a delivery: by the policies' jobs and by the poller, never by people."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class OpenDelivery:
    """Begin to deliver a dispatch to one recipient; `channel` is inside or axis."""

    dispatch_id: UUID
    document_id: UUID
    sender_id: UUID
    recipient_id: UUID
    channel: str


@dataclass(frozen=True, kw_only=True)
class RecordSent:
    """Record that the packet was handed over; `axis_doc_id` is the axis' name for it."""

    packet: str
    axis_doc_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecordRefusal:
    """Record that the packet will never be handed over."""

    reason_code: str


@dataclass(frozen=True, kw_only=True)
class RecordStatus:
    """Record a status that the recipient told; `staff` and `note` are digests of blobs."""

    status_code: str
    told_at: datetime
    unit: str
    staff: str | None
    note: str | None
    status_packet: str
    channel: str


Command = OpenDelivery | RecordSent | RecordRefusal | RecordStatus
