"""What is known of an outgoing document, and where it stands after each fact."""

from dataclasses import dataclass, replace
from uuid import UUID

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
    SealAdded,
    SealRequested,
    SignatureAdded,
    SignatureFailed,
    SignatureRequested,
    Signer,
)

DRAFTED = "drafted"
REVIEWED = "reviewed"
APPROVED = "approved"
SIGNING = "signing"
COSIGNING = "cosigning"
SIGNED = "signed"
NUMBERED = "numbered"
SEALING = "sealing"
COSEALING = "cosealing"
ISSUED = "issued"
VOIDED = "voided"

Event = (
    DocumentDrafted
    | DraftRevised
    | AttachmentAdded
    | DraftReviewed
    | DraftReturned
    | DocumentApproved
    | DocumentRendered
    | SignatureRequested
    | SignatureAdded
    | DocumentSigned
    | DocumentNumbered
    | SealRequested
    | SealAdded
    | SignatureFailed
    | DocumentIssued
    | DocumentVoided
)

_WithFile = DocumentRendered | SignatureAdded | DocumentSigned | SealAdded | DocumentIssued

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
    SignatureAdded: COSIGNING,
    DocumentSigned: SIGNED,
    DocumentNumbered: NUMBERED,
    SealRequested: SEALING,
    SealAdded: COSEALING,
    DocumentIssued: ISSUED,
    DocumentVoided: VOIDED,
}


@dataclass(frozen=True)
class Outgoing:
    """What must be known of an outgoing document to decide; facts are kept as they happened.

    `file` is the newest one, `signatures` and `seals` are how many are on it.
    """

    state: str
    drafted: DocumentDrafted
    text: str
    attachments: tuple[AttachedFile, ...] = ()
    approved: DocumentApproved | None = None
    rendered: DocumentRendered | None = None
    file: str = ""
    signatures: int = 0
    numbered: DocumentNumbered | None = None
    seals: int = 0
    signing_id: UUID | None = None

    @property
    def document_id(self) -> UUID:
        """The document's identity."""
        return self.drafted.document_id

    @property
    def agency_id(self) -> UUID:
        """The agency that issues the document."""
        return self.drafted.agency_id

    @property
    def signers(self) -> tuple[Signer, ...]:
        """Who signs, in order: the one whom the draft names, then his cosigners."""
        drafted = self.drafted
        first = Signer(drafted.agency_id, drafted.signer_id, drafted.signer_position_id)
        return (first, *drafted.cosigners)

    @property
    def agencies(self) -> tuple[UUID, ...]:
        """Whose seals the document gets, in order: its own agency, then its cosigners'."""
        return tuple(dict.fromkeys(signer.agency_id for signer in self.signers))

    @property
    def next_signer(self) -> Signer:
        """Who signs next; once all have, the last who did."""
        return self.signers[min(self.signatures, len(self.signers) - 1)]


def evolve(document: Outgoing | None, event: Event) -> Outgoing:
    """Apply a fact."""
    if isinstance(event, DocumentDrafted):
        return Outgoing(STATES[DocumentDrafted], event, event.text, file=event.copy_file)
    assert document is not None, "a stream of an outgoing document begins with its draft"
    if isinstance(event, SignatureFailed):
        return replace(document, state=before_failure(document), signing_id=None)
    document = replace(document, state=STATES[type(event)], signing_id=None)
    match event:
        case DraftRevised() | AttachmentAdded() | DraftReturned():
            return _drafted_anew(document, event)
        case DocumentApproved():
            return replace(document, approved=event)
        case DocumentNumbered():
            return replace(document, numbered=event)
        case SignatureRequested() | SealRequested():
            return replace(document, signing_id=event.signing_id)
        case DraftReviewed() | DocumentVoided():
            return document
        case _:
            return _with_file(replace(document, file=event.file), event)


def _with_file(document: Outgoing, event: _WithFile) -> Outgoing:
    match event:
        case DocumentRendered():
            return replace(document, rendered=event)
        case SignatureAdded() | DocumentSigned():
            return replace(document, signatures=document.signatures + 1)
        case SealAdded():
            return replace(document, seals=document.seals + 1, attachments=event.attachments)
        case DocumentIssued():
            return document


def _drafted_anew(
    document: Outgoing, event: DraftRevised | AttachmentAdded | DraftReturned
) -> Outgoing:
    match event:
        case DraftRevised():
            return replace(document, text=event.text)
        case AttachmentAdded():
            return replace(document, attachments=(*document.attachments, event.file))
        case DraftReturned():
            # Whoever signed it signs it again: it may be another text.
            return replace(document, rendered=None, file=document.drafted.copy_file, signatures=0)


def before_failure(document: Outgoing) -> str:
    """Where a document goes back to when what was asked for is refused."""
    if document.numbered:
        return COSEALING if document.seals else NUMBERED
    return COSIGNING if document.signatures else REVIEWED
