"""Outgoing documents (văn bản đi): draft, review, approve, sign, number and seal, issue.

The process manager of the signatures is here too: `signing_id` is the one order whose answer is
awaited, and answers to any other order change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from services.documents.commands import (
    ApproveDocument,
    AttachFile,
    DraftDocument,
    FailSigning,
    IssueDocument,
    RefuseLayout,
    RequestSignature,
    ReturnDraft,
    ReviewDraft,
    ReviseDraft,
    TakeSigned,
    VoidDocument,
)
from services.documents.domain import attachments
from services.documents.domain.register import date_text, number_text
from services.documents.errors import DocumentUnknown, NotTheSigner, WrongState
from services.documents.events import (
    AttachedFile,
    AttachmentAdded,
    DocumentApproved,
    DocumentDrafted,
    DocumentIssued,
    DocumentNumbered,
    DocumentRendered,
    DocumentSigned,
    DocumentVoided,
    DraftReturned,
    DraftReviewed,
    DraftRevised,
    SealRequested,
    SignatureFailed,
    SignatureRequested,
)

DRAFTED = "drafted"
REVIEWED = "reviewed"
APPROVED = "approved"
SIGNING = "signing"
SIGNED = "signed"
NUMBERED = "numbered"
SEALING = "sealing"
ISSUED = "issued"
VOIDED = "voided"

_NOT_YET_ISSUED = (DRAFTED, REVIEWED, APPROVED, SIGNING, SIGNED, NUMBERED, SEALING)

Command = (
    DraftDocument
    | ReviseDraft
    | AttachFile
    | ReviewDraft
    | ReturnDraft
    | ApproveDocument
    | RequestSignature
    | RefuseLayout
    | IssueDocument
    | TakeSigned
    | FailSigning
    | VoidDocument
)
Event = (
    DocumentDrafted
    | DraftRevised
    | AttachmentAdded
    | DraftReviewed
    | DraftReturned
    | DocumentApproved
    | DocumentRendered
    | SignatureRequested
    | DocumentSigned
    | DocumentNumbered
    | SealRequested
    | SignatureFailed
    | DocumentIssued
    | DocumentVoided
)


@dataclass(frozen=True)
class Outgoing:
    """What must be known of an outgoing document to decide; facts are kept as they happened."""

    state: str
    drafted: DocumentDrafted
    text: str
    attachments: tuple[AttachedFile, ...] = ()
    rendered: DocumentRendered | None = None
    signed: DocumentSigned | None = None
    numbered: DocumentNumbered | None = None
    signing_id: UUID | None = None

    @property
    def document_id(self) -> UUID:
        """The document's identity."""
        return self.drafted.document_id

    @property
    def agency_id(self) -> UUID:
        """The agency that issues the document."""
        return self.drafted.agency_id


def decide(document: Outgoing | None, command: Command) -> list[Event]:
    """Refuse, do nothing, or say what happens. Raises `DocumentUnknown`, `WrongState`,
    `NotTheSigner`, `FileNameUnfit`, `AttachmentsFull`."""
    if isinstance(command, DraftDocument):
        return [] if document else [_drafted(command)]
    if document is None:
        raise DocumentUnknown
    match command:
        case ReviseDraft() | AttachFile() | ReviewDraft() | ReturnDraft():
            return _prepare(document, command)
        case ApproveDocument():
            return _approve(document, command)
        case RequestSignature() | RefuseLayout():
            return _lay_out(document, command)
        case IssueDocument():
            return _number_and_seal(document, command)
        case TakeSigned():
            return _take_signed(document, command)
        case FailSigning():
            failed = SignatureFailed(document.document_id, command.signing_id, command.reason_code)
            return [failed] if _awaits(document, command.signing_id) else []
        case VoidDocument():
            return _void(document, command)
        case _:
            assert_never(command)


# The step at which a document is after each fact; `SignatureFailed` takes it one step back.
STATES: dict[type, str] = {
    DocumentDrafted: DRAFTED,
    DraftRevised: DRAFTED,
    AttachmentAdded: DRAFTED,
    DraftReviewed: REVIEWED,
    DraftReturned: DRAFTED,
    DocumentApproved: APPROVED,
    DocumentRendered: APPROVED,
    SignatureRequested: SIGNING,
    DocumentSigned: SIGNED,
    DocumentNumbered: NUMBERED,
    SealRequested: SEALING,
    DocumentIssued: ISSUED,
    DocumentVoided: VOIDED,
}


def evolve(document: Outgoing | None, event: Event) -> Outgoing:
    """Apply a fact."""
    if isinstance(event, DocumentDrafted):
        return Outgoing(STATES[DocumentDrafted], event, event.text)
    assert document is not None, "a stream of an outgoing document begins with its draft"
    if isinstance(event, SignatureFailed):
        before = NUMBERED if document.numbered else REVIEWED
        return replace(document, state=before, signing_id=None)
    document = replace(document, state=STATES[type(event)], signing_id=None)
    match event:
        case DraftRevised():
            return replace(document, text=event.text)
        case AttachmentAdded():
            return replace(document, attachments=(*document.attachments, event.file))
        case DocumentRendered():
            return replace(document, rendered=event)
        case SignatureRequested() | SealRequested():
            return replace(document, signing_id=event.signing_id)
        case DocumentSigned():
            return replace(document, signed=event)
        case DocumentNumbered():
            return replace(document, numbered=event)
        case _:
            return document


def _drafted(command: DraftDocument) -> DocumentDrafted:
    return DocumentDrafted(
        document_id=command.document_id,
        agency_id=command.agency_id,
        type_code=command.type_code,
        notation=command.notation,
        text=command.text,
        urgency=command.urgency,
        signer_id=command.signer_id,
        signer_position_id=command.signer_position_id,
        recipients=command.recipients,
        answers=command.answers,
        carries_out=command.carries_out,
        updates=command.updates,
        replaces=command.replaces,
    )


def _require(document: Outgoing, allowed: Sequence[str]) -> None:
    if document.state not in allowed:
        raise WrongState(document.state, allowed)


def _awaits(document: Outgoing, signing_id: UUID) -> bool:
    return document.signing_id == signing_id


def _prepare(
    document: Outgoing, command: ReviseDraft | AttachFile | ReviewDraft | ReturnDraft
) -> list[Event]:
    match command:
        case ReviseDraft():
            # A reviewed text stands until it is returned: nobody approves what was not reviewed.
            _require(document, [DRAFTED])
            same = command.text == document.text
            return [] if same else [DraftRevised(document.document_id, command.text)]
        case AttachFile():
            _require(document, [DRAFTED])
            new = attachments.is_new(command.file, document.attachments)
            return [AttachmentAdded(document.document_id, command.file)] if new else []
        case ReviewDraft():
            _require(document, [DRAFTED, REVIEWED])
            done = document.state == REVIEWED
            return [] if done else [DraftReviewed(document.document_id)]
        case ReturnDraft():
            _require(document, [DRAFTED, REVIEWED])
            return [DraftReturned(document.document_id, command.note)]
        case _:
            assert_never(command)


def _approve(document: Outgoing, command: ApproveDocument) -> list[Event]:
    drafted = document.drafted
    named = (str(drafted.signer_id), str(drafted.signer_position_id))
    if (command.person_id, command.position_id) != named:
        raise NotTheSigner
    _require(document, [REVIEWED, APPROVED])
    return [] if document.state == APPROVED else [DocumentApproved(document.document_id)]


def _lay_out(document: Outgoing, command: RequestSignature | RefuseLayout) -> list[Event]:
    """What the render worker found; of no interest once the document is no longer approved."""
    if document.state != APPROVED:
        return []
    if isinstance(command, RefuseLayout):
        return [SignatureFailed(document.document_id, command.signing_id, command.reason_code)]
    return [
        DocumentRendered(
            document_id=document.document_id,
            file=command.file,
            pages=command.pages,
            leader_box=command.leader_box,
            number_box=command.number_box,
            date_box=command.date_box,
            seal_box=command.seal_box,
        ),
        SignatureRequested(
            signing_id=command.signing_id,
            document_id=document.document_id,
            agency_id=document.agency_id,
            file=command.file,
            signer_id=document.drafted.signer_id,
            box=command.leader_box,
            urgency=document.drafted.urgency,
        ),
    ]


def _number_and_seal(document: Outgoing, command: IssueDocument) -> list[Event]:
    _require(document, [SIGNED, NUMBERED, SEALING])
    if document.state == SEALING:
        return []
    if document.numbered:
        return [_seal_requested(document, document.numbered, command.signing_id)]
    numbered = DocumentNumbered(
        document_id=document.document_id,
        register_id=command.register_id,
        number=command.number,
        notation=document.drafted.notation,
        issued_on=command.today,
    )
    return [numbered, _seal_requested(document, numbered, command.signing_id)]


def _seal_requested(
    document: Outgoing, numbered: DocumentNumbered, signing_id: UUID
) -> SealRequested:
    assert document.rendered is not None
    assert document.signed is not None
    return SealRequested(
        signing_id=signing_id,
        document_id=document.document_id,
        agency_id=document.agency_id,
        file=document.signed.file,
        number_text=number_text(numbered.number),
        date_text=date_text(numbered.issued_on),
        number_box=document.rendered.number_box,
        date_box=document.rendered.date_box,
        seal_box=document.rendered.seal_box,
        urgency=document.drafted.urgency,
    )


def _take_signed(document: Outgoing, command: TakeSigned) -> list[Event]:
    if not _awaits(document, command.signing_id):
        return []
    if document.state == SIGNING:
        return [DocumentSigned(document.document_id, command.file)]
    return [_issued(document, command.file)]


def _issued(document: Outgoing, file: str) -> DocumentIssued:
    assert document.rendered is not None
    assert document.numbered is not None
    drafted = document.drafted
    return DocumentIssued(
        document_id=document.document_id,
        agency_id=document.agency_id,
        file=file,
        number=document.numbered.number,
        notation=document.numbered.notation,
        issued_on=document.numbered.issued_on,
        type_code=drafted.type_code,
        text=document.text,
        urgency=drafted.urgency,
        signer_id=drafted.signer_id,
        signer_position_id=drafted.signer_position_id,
        recipients=drafted.recipients,
        answers=drafted.answers,
        carries_out=drafted.carries_out,
        pages=document.rendered.pages,
        attachments=document.attachments,
        updates=drafted.updates,
        replaces=drafted.replaces,
    )


def _void(document: Outgoing, command: VoidDocument) -> list[Event]:
    if document.state == VOIDED:
        return []
    _require(document, _NOT_YET_ISSUED)
    return [DocumentVoided(document.document_id, command.note)]
