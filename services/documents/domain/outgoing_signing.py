"""The acts on an outgoing document, in order: its signers, its number, its agencies' seals.

`signing_id` is the one order whose answer is awaited, and answers to any other change nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from services.documents.commands import (
    ApproveDocument,
    IssueDocument,
    RefuseLayout,
    RequestSignature,
    SealDocument,
    SignedFile,
    TakeSigned,
)
from services.documents.domain.outgoing_state import (
    APPROVED,
    COSEALING,
    COSIGNING,
    NUMBERED,
    REVIEWED,
    SEALING,
    SIGNED,
    SIGNING,
    Event,
    Outgoing,
)
from services.documents.domain.register import code_text, date_text, number_text
from services.documents.errors import NotTheSealsTurn, NotTheSigner, WrongState
from services.documents.events import (
    AttachedFile,
    Box,
    DocumentApproved,
    DocumentIssued,
    DocumentNumbered,
    DocumentRendered,
    DocumentSigned,
    SealAdded,
    SealRequested,
    SignatureAdded,
    SignatureFailed,
    SignatureRequested,
)

PDF = "application/pdf"
NOWHERE = Box(0, 0, 0, 0, 0)
"""A copy's texts stand in the corner of its first page, which is found when it is signed."""


SigningCommand = (
    ApproveDocument | RequestSignature | RefuseLayout | IssueDocument | SealDocument | TakeSigned
)


def decide(document: Outgoing, command: SigningCommand) -> list[Event]:
    """What happens of the acts. Raises `WrongState`, `NotTheSigner`, `NotTheSealsTurn`."""
    match command:
        case ApproveDocument():
            return _approve(document, command)
        case RequestSignature() | RefuseLayout():
            return _lay_out(document, command)
        case IssueDocument():
            return _number_and_seal(document, command)
        case SealDocument():
            return _seal(document, command)
        case TakeSigned():
            return _take_signed(document, command)
        case _:
            assert_never(command)


def require(document: Outgoing, allowed: Sequence[str]) -> None:
    """Raises `WrongState` unless the document is at one of these steps."""
    if document.state not in allowed:
        raise WrongState(document.state, allowed)


def _approve(document: Outgoing, command: ApproveDocument) -> list[Event]:
    """The next signer's approval; his signature is asked for once there is a file to sign."""
    signer = document.next_signer
    if (command.person_id, command.position_id) != (str(signer.person_id), str(signer.position_id)):
        raise NotTheSigner
    require(document, [REVIEWED, COSIGNING, APPROVED])
    if document.state == APPROVED:
        return []
    approved = DocumentApproved(document.document_id, command.tray_id, command.own_device)
    if not document.signatures and not document.drafted.copy_file:
        return [approved]  # the page is made anew, for this year and these names
    document = replace(document, approved=approved)
    return [approved, _signature_requested(document, command.signing_id)]


def _lay_out(document: Outgoing, command: RequestSignature | RefuseLayout) -> list[Event]:
    """What the render worker found; of no interest once the document is no longer approved."""
    if document.state != APPROVED:
        return []
    if isinstance(command, RefuseLayout):
        return [SignatureFailed(document.document_id, command.signing_id, command.reason_code)]
    rendered = DocumentRendered(
        document_id=document.document_id,
        file=command.file,
        pages=command.pages,
        leader_box=command.leader_box,
        number_box=command.number_box,
        date_box=command.date_box,
        seal_box=command.seal_box,
        cosigners=command.cosigners,
    )
    document = replace(document, rendered=rendered, file=command.file)
    return [rendered, _signature_requested(document, command.signing_id)]


def _number_and_seal(document: Outgoing, command: IssueDocument) -> list[Event]:
    """Number the signed document, and ask for its own agency's seal."""
    require(document, [SIGNED, NUMBERED, SEALING])
    if document.state == SEALING:
        return []
    if document.numbered:
        return [_seal_requested(document, command.signing_id)]
    numbered = DocumentNumbered(
        document_id=document.document_id,
        register_id=command.register_id,
        number=command.number,
        notation=document.drafted.notation,
        issued_on=command.today,
    )
    document = replace(document, numbered=numbered)
    return [numbered, _seal_requested(document, command.signing_id)]


def _seal(document: Outgoing, command: SealDocument) -> list[Event]:
    """Ask for the seal of the agency whose turn it is."""
    require(document, [COSEALING, SEALING])
    if document.state == SEALING:
        return []
    if document.agencies[document.seals] != command.agency_id:
        raise NotTheSealsTurn
    return [_seal_requested(document, command.signing_id)]


def _take_signed(document: Outgoing, command: TakeSigned) -> list[Event]:
    """What was asked for is on the file: the next act, or the end of signing or sealing."""
    if document.signing_id != command.signing_id:
        return []
    if document.state == SIGNING:
        signer = document.next_signer
        if document.signatures + 1 < len(document.signers):
            return [SignatureAdded(document.document_id, command.file, signer.person_id)]
        return [DocumentSigned(document.document_id, command.file)]
    attachments = tuple(_signed(file, command.attachments) for file in document.attachments)
    if document.seals + 1 < len(document.agencies):
        agency = document.agencies[document.seals]
        return [SealAdded(document.document_id, command.file, agency, attachments)]
    return [_issued(replace(document, attachments=attachments), command.file)]


def _signature_requested(document: Outgoing, signing_id: UUID) -> SignatureRequested:
    signer = document.next_signer
    return SignatureRequested(
        signing_id=signing_id,
        document_id=document.document_id,
        agency_id=signer.agency_id,
        file=document.file,
        signer_id=signer.person_id,
        box=_leader_box(document),
        urgency=document.drafted.urgency,
        own_device=bool(document.approved and document.approved.own_device),
        field="copier" if document.drafted.copy_file else _field("leader", document.signatures),
        # The first signer is told what the agency could not sign: afterwards it is too late.
        attachments=() if document.signatures else _to_sign(document.attachments),
    )


def _seal_requested(document: Outgoing, signing_id: UUID) -> SealRequested:
    numbered, rendered = document.numbered, document.rendered
    assert numbered is not None
    first = document.seals == 0
    copied = bool(document.drafted.copy_file)
    return SealRequested(
        signing_id=signing_id,
        document_id=document.document_id,
        agency_id=document.agencies[document.seals],
        file=document.file,
        number_text=number_text(numbered.number) if first and not copied else "",
        date_text=date_text(numbered.issued_on) if first and not copied else "",
        number_box=rendered.number_box if rendered else NOWHERE,
        date_box=rendered.date_box if rendered else NOWHERE,
        seal_box=_seal_box(document),
        urgency=document.drafted.urgency,
        field="copy" if copied else _field("seal", document.seals),
        code=code_text(numbered.number, numbered.notation),
        copy_form=document.drafted.type_code if copied else "",
        attachments=_to_sign(document.attachments) if first else (),
    )


def _field(role: str, done: int) -> str:
    return f"{role}-{done + 1}" if done else role


def _leader_box(document: Outgoing) -> Box:
    rendered = document.rendered
    if rendered is None:
        return NOWHERE
    done = document.signatures
    return rendered.cosigners[done - 1].leader_box if done else rendered.leader_box


def _seal_box(document: Outgoing) -> Box:
    """Beside the first signature of the agency that seals."""
    rendered = document.rendered
    if rendered is None:
        return NOWHERE
    agency = document.agencies[document.seals]
    place = [signer.agency_id for signer in document.signers].index(agency)
    return rendered.cosigners[place - 1].seal_box if place else rendered.seal_box


def _to_sign(attachments: Sequence[AttachedFile]) -> tuple[AttachedFile, ...]:
    """An agency signs what goes along in files of their own; only a PDF can show that."""
    return tuple(file for file in attachments if file.content_type == PDF)


def _signed(file: AttachedFile, signed: Sequence[SignedFile]) -> AttachedFile:
    for one in signed:
        if one.before == file.digest:
            return replace(file, digest=one.after, size=one.size)
    return file


def _issued(document: Outgoing, file: str) -> DocumentIssued:
    assert document.numbered is not None
    drafted, rendered = document.drafted, document.rendered
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
        pages=rendered.pages if rendered else drafted.copy_pages,
        attachments=document.attachments,
        updates=drafted.updates,
        replaces=drafted.replaces,
        cosigners=drafted.cosigners,
        copy_of=drafted.copy_of,
    )
