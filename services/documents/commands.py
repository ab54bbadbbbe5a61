"""What may be ordered of documents: by people over HTTP, by policies, by the render worker."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.documents.events import ArrivedFile, AttachedFile, Box, Signer, SignerBoxes

NO_ORDER = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class DraftDocument:
    """Write a draft (dự thảo). `text` is the digest of its text, `notation` its sign (ký hiệu)."""

    document_id: UUID
    agency_id: UUID
    type_code: str
    notation: str
    text: str
    urgency: int
    signer_id: UUID
    signer_position_id: UUID
    recipients: tuple[UUID, ...]
    answers: UUID | None = None
    carries_out: UUID | None = None
    updates: UUID | None = None
    replaces: UUID | None = None
    cosigners: tuple[Signer, ...] = ()
    copy_of: UUID | None = None
    copy_file: str = ""
    copy_pages: int = 0


@dataclass(frozen=True)
class ReviseDraft:
    """Replace the draft's text."""

    text: str


@dataclass(frozen=True)
class AttachFile:
    """Let a stored file go along with the draft (đính kèm)."""

    file: AttachedFile


@dataclass(frozen=True)
class ReviewDraft:
    """Find the draft ready for the leader (thẩm tra)."""


@dataclass(frozen=True)
class ReturnDraft:
    """Send the draft back to its author; `note` is the digest of the reason.

    `agency_id` is the agency of whoever returns it, when that is not the document's own.
    """

    note: str
    agency_id: UUID | None = None


@dataclass(frozen=True)
class ApproveDocument:
    """Approve the draft (phê duyệt), as this person in this position.

    `own_device`: he signs with his own device; `tray_id`: in this tray; `signing_id`: the order
    for his signature, should nothing have to be laid out before.
    """

    person_id: str
    position_id: str | None
    own_device: bool = False
    tray_id: UUID | None = None
    signing_id: UUID = NO_ORDER


@dataclass(frozen=True, kw_only=True)
class RequestSignature:
    """Record the laid out file and ask for the leader's signature."""

    signing_id: UUID
    file: str
    pages: int
    leader_box: Box
    number_box: Box
    date_box: Box
    seal_box: Box
    cosigners: tuple[SignerBoxes, ...] = ()


@dataclass(frozen=True)
class RefuseLayout:
    """Say that the approved text cannot be laid out."""

    signing_id: UUID
    reason_code: str


@dataclass(frozen=True)
class IssueDocument:
    """Number the signed document (cấp số) and ask for the seal (đóng dấu).

    `number` is the register's next one; a document that has a number already keeps its own.
    """

    signing_id: UUID
    register_id: str
    number: int
    today: date


@dataclass(frozen=True)
class SealDocument:
    """Put the seal of a further agency (đóng dấu văn bản liên tịch), as that agency."""

    signing_id: UUID
    agency_id: UUID


@dataclass(frozen=True)
class SignedFile:
    """What an attachment became when the agency signed it; `size` in bytes."""

    before: str
    after: str
    size: int


@dataclass(frozen=True)
class TakeSigned:
    """Take the file on which everything that was asked for in `signing_id` is signed."""

    signing_id: UUID
    file: str
    attachments: tuple[SignedFile, ...] = ()


@dataclass(frozen=True)
class FailSigning:
    """Record that `signing_id` will not be carried out."""

    signing_id: UUID
    reason_code: str


@dataclass(frozen=True)
class VoidDocument:
    """Abandon the document (hủy); `note` is the digest of the reason."""

    note: str


@dataclass(frozen=True, kw_only=True)
class RecordArrival:
    """Record what a packet brought (văn bản đến).

    `business` is empty, update or replacement, `supersedes` the DocumentIds that it names then.
    `refuse_invalid`: the agency refuses by itself what cannot be valid.
    """

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    sender_id: UUID
    foreign_id: str
    code: str
    issued_on: date | None
    type_name: str
    text: str
    urgency: int
    files: tuple[ArrivedFile, ...]
    validation_id: UUID
    refuse_invalid: bool
    business: str = ""
    supersedes: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerifyArrival:
    """Record the verdict on the arrival's main file."""

    validation_id: UUID
    verdict: str
    report: str
    refuse_invalid: bool
    pending: bool = False


@dataclass(frozen=True)
class AcceptDocument:
    """Accept the document (tiếp nhận) and enter it under the register's next number."""

    register_id: str
    number: int
    today: date


@dataclass(frozen=True)
class RefuseDocument:
    """Refuse the document (từ chối tiếp nhận); `note` is the digest of the reason."""

    reason_code: str
    note: str


@dataclass(frozen=True)
class ReceiveRecall:
    """Record that the sender asks for the document back; `note` is his reason's digest."""

    asked_at: datetime
    note: str | None
    at: datetime


@dataclass(frozen=True)
class AgreeRecall:
    """Give the document back (đồng ý lấy lại)."""

    at: datetime


@dataclass(frozen=True)
class RefuseRecall:
    """Keep the document (từ chối lấy lại); `note` is the digest of the reason."""

    note: str
    at: datetime


@dataclass(frozen=True)
class ReplaceDocument:
    """Let a newer document stand in the place of this one."""

    by: UUID
    business: str
    at: datetime


@dataclass(frozen=True)
class RefuseUpdate:
    """Let this document go on: the newer one was not taken, for this reason."""

    by: UUID
    note: str
    reason_code: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ConfirmTray:
    """Sign these documents in one go (ký duyệt theo lô), as this person in this position."""

    tray_id: UUID
    agency_id: UUID
    person_id: UUID
    position_id: UUID
    documents: tuple[UUID, ...]
    own_device: bool = False


@dataclass(frozen=True)
class RefuseTrayLine:
    """Record that one document of the tray cannot be approved."""

    document_id: UUID
    reason_code: str


@dataclass(frozen=True)
class TakeNumber:
    """Take the register's next number for this document."""

    document_id: UUID


@dataclass(frozen=True)
class VoidNumber:
    """Enter a taken number as void."""

    document_id: UUID
    number: int
