"""What happens to documents and registers: the events of this service.

Fields are named as in `proto/lienthong/documents/v1`, which says what each of them means.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True)
class Box:
    """A place on a page, in PDF points from the bottom left corner; pages count from 0."""

    page: int
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class Signer:
    """One who signs: a person in a position of an agency."""

    agency_id: UUID
    person_id: UUID
    position_id: UUID


@dataclass(frozen=True, kw_only=True)
class DocumentDrafted:
    """A draft (dự thảo) was written."""

    document_id: UUID
    agency_id: UUID
    type_code: str
    text: str
    urgency: int
    signer_id: UUID
    signer_position_id: UUID
    recipients: tuple[UUID, ...]
    answers: UUID | None = None
    carries_out: UUID | None = None
    notation: str
    updates: UUID | None = None
    replaces: UUID | None = None
    cosigners: tuple[Signer, ...] = ()
    copy_of: UUID | None = None
    copy_file: str = ""
    copy_pages: int = 0


@dataclass(frozen=True)
class DraftRevised:
    """The draft's text was replaced."""

    document_id: UUID
    text: str


@dataclass(frozen=True)
class AttachedFile:
    """A file that goes along with an outgoing document; `size` in bytes."""

    name: str
    content_type: str
    digest: str
    size: int


@dataclass(frozen=True)
class AttachmentAdded:
    """A file was attached to the draft (văn bản kèm theo)."""

    document_id: UUID
    file: AttachedFile


@dataclass(frozen=True)
class DraftReviewed:
    """The draft was checked and found ready for the leader."""

    document_id: UUID


@dataclass(frozen=True)
class DraftReturned:
    """The draft was sent back to its author."""

    document_id: UUID
    note: str


@dataclass(frozen=True)
class DocumentApproved:
    """The leader approved the draft and ordered his signature."""

    document_id: UUID
    tray_id: UUID | None = None
    own_device: bool = False


@dataclass(frozen=True)
class SignerBoxes:
    """The places of one more signer."""

    leader_box: Box
    seal_box: Box


@dataclass(frozen=True, kw_only=True)
class DocumentRendered:
    """The document was laid out, with empty places for signature, number, date and seal."""

    document_id: UUID
    file: str
    pages: int
    leader_box: Box
    number_box: Box
    date_box: Box
    seal_box: Box
    cosigners: tuple[SignerBoxes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SignatureRequested:
    """The leader's signature is asked of the signatures service."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    file: str
    signer_id: UUID
    box: Box
    urgency: int
    own_device: bool = False
    field: str = "leader"
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True)
class SignatureAdded:
    """One of several signers has signed; others have still to."""

    document_id: UUID
    file: str
    signer_id: UUID


@dataclass(frozen=True)
class DocumentSigned:
    """The signature of the leader, or of the last of several signers, is on the document."""

    document_id: UUID
    file: str


@dataclass(frozen=True, kw_only=True)
class DocumentNumbered:
    """The document got its number (số, ký hiệu)."""

    document_id: UUID
    register_id: str
    number: int
    notation: str
    issued_on: date


@dataclass(frozen=True, kw_only=True)
class SealRequested:
    """Number, date and seal are asked of the signatures service."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    file: str
    number_text: str
    date_text: str
    number_box: Box
    date_box: Box
    seal_box: Box
    urgency: int
    field: str = "seal"
    code: str = ""
    copy_form: str = ""
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True)
class SealAdded:
    """One of several agencies has sealed the document; others have still to."""

    document_id: UUID
    file: str
    sealed_by: UUID
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True)
class SignatureFailed:
    """A requested signature or seal was refused."""

    document_id: UUID
    signing_id: UUID
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class DocumentIssued:
    """The sealed document was issued (phát hành): its bytes never change."""

    document_id: UUID
    agency_id: UUID
    file: str
    number: int
    notation: str
    issued_on: date
    type_code: str
    text: str
    urgency: int
    signer_id: UUID
    signer_position_id: UUID
    recipients: tuple[UUID, ...]
    answers: UUID | None = None
    carries_out: UUID | None = None
    pages: int
    attachments: tuple[AttachedFile, ...] = ()
    updates: UUID | None = None
    replaces: UUID | None = None
    cosigners: tuple[Signer, ...] = ()
    copy_of: UUID | None = None


@dataclass(frozen=True)
class DocumentVoided:
    """The document was abandoned; a number that it has stays taken and void."""

    document_id: UUID
    note: str


@dataclass(frozen=True)
class ArrivedFile:
    """A file that came with an incoming document."""

    name: str
    content_type: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class DocumentArrived:
    """An incoming document is in the agency's hands; the clerk has not acted (status 01)."""

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    sender_id: UUID
    foreign_id: str
    code: str
    issued_on: date | None = None
    type_name: str
    text: str
    urgency: int
    files: tuple[ArrivedFile, ...]
    business: str = ""
    supersedes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ValidationRequested:
    """The signatures of an arrival's main file are to be checked."""

    validation_id: UUID
    document_id: UUID
    agency_id: UUID
    file: str
    sender_id: UUID
    urgency: int
    issued_on: date | None = None


@dataclass(frozen=True)
class ArrivalVerified:
    """The verdict on an arrival's main file is known; a later one replaces a pending one."""

    document_id: UUID
    validation_id: UUID
    verdict: str
    report: str
    pending: bool = False


@dataclass(frozen=True, kw_only=True)
class DocumentAccepted:
    """The clerk accepted the document and entered it in the register (status 03)."""

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    register_id: str
    arrival_number: int
    accepted_on: date
    urgency: int


@dataclass(frozen=True, kw_only=True)
class DocumentRefused:
    """The document was not accepted (status 02)."""

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    note: str
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class RecallReceived:
    """The sender asks for an incoming document back (lấy lại); the clerk answers."""

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    asked_at: datetime
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecallRefused:
    """The document stays where it is (status 16)."""

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    note: str
    reason_code: str
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class DocumentWithdrawn:
    """The document was given back to its sender (status 15); only its trace stays."""

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class DocumentReplaced:
    """A newer document, `by`, stands in the place of this one (status 15 for an update)."""

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    by: UUID
    business: str
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class UpdateRefused:
    """The newer document, `by`, was not taken: this one goes on (status 16)."""

    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    by: UUID
    note: str
    reason_code: str
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class NumberTaken:
    """A number was taken from a register; `number` is the last one taken."""

    register_id: str
    agency_id: UUID
    year: int
    series: str
    number: int
    document_id: UUID


@dataclass(frozen=True, kw_only=True)
class NumberVoided:
    """A taken number's document was abandoned; `number` is still the last one taken."""

    register_id: str
    agency_id: UUID
    year: int
    series: str
    number: int
    voided: int
    document_id: UUID


@dataclass(frozen=True, kw_only=True)
class TrayConfirmed:
    """A leader confirmed a tray of documents (ký duyệt theo lô): each is approved for him."""

    tray_id: UUID
    agency_id: UUID
    signer_id: UUID
    signer_position_id: UUID
    documents: tuple[UUID, ...]
    own_device: bool = False


@dataclass(frozen=True, kw_only=True)
class TrayLineRefused:
    """A document of a tray could not be approved; the others go on."""

    tray_id: UUID
    agency_id: UUID
    document_id: UUID
    reason_code: str


EVENTS: dict[str, type] = {
    "ArrivalVerified": ArrivalVerified,
    "AttachmentAdded": AttachmentAdded,
    "DocumentAccepted": DocumentAccepted,
    "DocumentApproved": DocumentApproved,
    "DocumentArrived": DocumentArrived,
    "DocumentDrafted": DocumentDrafted,
    "DocumentIssued": DocumentIssued,
    "DocumentNumbered": DocumentNumbered,
    "DocumentRefused": DocumentRefused,
    "DocumentRendered": DocumentRendered,
    "DocumentReplaced": DocumentReplaced,
    "DocumentSigned": DocumentSigned,
    "DocumentVoided": DocumentVoided,
    "DocumentWithdrawn": DocumentWithdrawn,
    "DraftReturned": DraftReturned,
    "DraftReviewed": DraftReviewed,
    "DraftRevised": DraftRevised,
    "NumberTaken": NumberTaken,
    "NumberVoided": NumberVoided,
    "RecallReceived": RecallReceived,
    "RecallRefused": RecallRefused,
    "SealAdded": SealAdded,
    "SealRequested": SealRequested,
    "SignatureAdded": SignatureAdded,
    "SignatureFailed": SignatureFailed,
    "SignatureRequested": SignatureRequested,
    "TrayConfirmed": TrayConfirmed,
    "TrayLineRefused": TrayLineRefused,
    "UpdateRefused": UpdateRefused,
    "ValidationRequested": ValidationRequested,
}
