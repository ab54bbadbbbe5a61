"""Outgoing documents (văn bản đi): draft, review, approve, sign, number and seal, issue.

Several leaders may sign one after the other (văn bản liên tịch, or two of one agency); then each
of their agencies seals it. A copy (sao y, sao lục) takes the same way with the copied file.
"""

from typing import assert_never

from services.documents.commands import (
    AttachFile,
    DraftDocument,
    FailSigning,
    ReturnDraft,
    ReviewDraft,
    ReviseDraft,
    VoidDocument,
)
from services.documents.domain import attachments, outgoing_signing
from services.documents.domain.outgoing_signing import SigningCommand, require
from services.documents.domain.outgoing_state import (
    APPROVED,
    COSEALING,
    COSIGNING,
    DRAFTED,
    ISSUED,
    NUMBERED,
    REVIEWED,
    SEALING,
    SIGNED,
    SIGNING,
    STATES,
    VOIDED,
    Event,
    Outgoing,
    evolve,
)
from services.documents.errors import DocumentUnknown, NotTheSigner
from services.documents.events import (
    AttachmentAdded,
    DocumentDrafted,
    DocumentVoided,
    DraftReturned,
    DraftReviewed,
    DraftRevised,
    SignatureFailed,
)

__all__ = ["STATES", "Command", "Event", "Outgoing", "decide", "evolve"]
__all__ += ["APPROVED", "COSEALING", "COSIGNING", "DRAFTED", "ISSUED", "NUMBERED", "REVIEWED"]

_NOT_YET_ISSUED = (
    DRAFTED,
    REVIEWED,
    APPROVED,
    SIGNING,
    COSIGNING,
    SIGNED,
    NUMBERED,
    SEALING,
    COSEALING,
)

Command = (
    DraftDocument
    | ReviseDraft
    | AttachFile
    | ReviewDraft
    | ReturnDraft
    | SigningCommand
    | FailSigning
    | VoidDocument
)


def decide(document: Outgoing | None, command: Command) -> list[Event]:
    """Refuse, do nothing, or say what happens. Raises `DocumentUnknown`, `WrongState`,
    `NotTheSigner`, `NotTheSealsTurn`, `FileNameUnfit`, `AttachmentsFull`."""
    if isinstance(command, DraftDocument):
        return [] if document else [DocumentDrafted(**vars(command))]
    if document is None:
        raise DocumentUnknown
    match command:
        case ReviseDraft() | AttachFile() | ReviewDraft() | ReturnDraft():
            return _prepare(document, command)
        case FailSigning():
            failed = SignatureFailed(document.document_id, command.signing_id, command.reason_code)
            return [failed] if document.signing_id == command.signing_id else []
        case VoidDocument():
            return _void(document, command)
        case _:
            return outgoing_signing.decide(document, command)


def _void(document: Outgoing, command: VoidDocument) -> list[Event]:
    if document.state == VOIDED:
        return []
    require(document, _NOT_YET_ISSUED)
    return [DocumentVoided(document.document_id, command.note)]


def _prepare(
    document: Outgoing, command: ReviseDraft | AttachFile | ReviewDraft | ReturnDraft
) -> list[Event]:
    match command:
        case ReviseDraft():
            # A reviewed text stands until it is returned: nobody approves what was not reviewed.
            require(document, [DRAFTED])
            same = command.text == document.text
            return [] if same else [DraftRevised(document.document_id, command.text)]
        case AttachFile():
            require(document, [DRAFTED])
            new = attachments.is_new(command.file, document.attachments)
            return [AttachmentAdded(document.document_id, command.file)] if new else []
        case ReviewDraft():
            require(document, [DRAFTED, REVIEWED])
            done = document.state == REVIEWED
            return [] if done else [DraftReviewed(document.document_id)]
        case ReturnDraft():
            return _return(document, command)
        case _:
            assert_never(command)


def _return(document: Outgoing, command: ReturnDraft) -> list[Event]:
    """Another agency returns what its own leader is to sign next, and nothing else."""
    require(document, [DRAFTED, REVIEWED, COSIGNING])
    if command.agency_id not in (None, document.agency_id):
        waits = document.state == COSIGNING and document.next_signer.agency_id == command.agency_id
        if not waits:
            raise NotTheSigner
    return [DraftReturned(document.document_id, command.note)]
