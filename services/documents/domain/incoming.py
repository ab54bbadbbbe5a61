"""Incoming documents (văn bản đến): arrived, checked, then accepted or refused.

The clerk sees the verdict on the signatures before she accepts (QĐ 28/2018, article 9; QĐ 165/2025
of Ninh Bình, article 19). What is wrongly addressed may be refused before the verdict is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from services.documents.commands import (
    AcceptDocument,
    RecordArrival,
    RefuseDocument,
    VerifyArrival,
)
from services.documents.errors import (
    DocumentUnknown,
    VerdictFailed,
    VerdictPending,
    WrongState,
)
from services.documents.events import (
    ArrivalVerified,
    ArrivedFile,
    DocumentAccepted,
    DocumentArrived,
    DocumentRefused,
    ValidationRequested,
)

ARRIVED = "arrived"
VERIFIED = "verified"
ACCEPTED = "accepted"
REFUSED = "refused"

FAILED = "TOTAL_FAILED"
LONGEST_NOTE = 1000  # characters of a reason, as the axis takes them
REASONS = ("wrong_address", "bad_signature", "wrong_form", "missing_file", "other")

Command = RecordArrival | VerifyArrival | AcceptDocument | RefuseDocument
Event = DocumentArrived | ValidationRequested | ArrivalVerified | DocumentAccepted | DocumentRefused


@dataclass(frozen=True)
class Incoming:
    """What must be known of an incoming document to decide."""

    state: str
    arrived: DocumentArrived
    validation_id: UUID | None = None
    verdict: str | None = None
    accepted: DocumentAccepted | None = None

    @property
    def document_id(self) -> UUID:
        """The document's identity."""
        return self.arrived.document_id

    @property
    def agency_id(self) -> UUID:
        """The agency at which the document arrived."""
        return self.arrived.agency_id


def decide(document: Incoming | None, command: Command) -> list[Event]:
    """Refuse, do nothing, or say what happens. Raises `DocumentUnknown`, `WrongState`,
    `VerdictPending`, `VerdictFailed`."""
    if isinstance(command, RecordArrival):
        return [] if document else _record(command)
    if document is None:
        raise DocumentUnknown
    match command:
        case VerifyArrival():
            return _verify(document, command)
        case AcceptDocument():
            return _accept(document, command)
        case RefuseDocument():
            if document.state == REFUSED:
                return []
            _require(document, [ARRIVED, VERIFIED])
            return [_refused(document.arrived, command.reason_code, command.note)]
        case _:
            assert_never(command)


def evolve(document: Incoming | None, event: Event) -> Incoming:
    """Apply a fact."""
    if isinstance(event, DocumentArrived):
        return Incoming(ARRIVED, event)
    assert document is not None, "a stream of an incoming document begins with its arrival"
    match event:
        case ValidationRequested():
            return replace(document, validation_id=event.validation_id)
        case ArrivalVerified():
            return replace(document, state=VERIFIED, verdict=event.verdict)
        case DocumentAccepted():
            return replace(document, state=ACCEPTED, accepted=event)
        case DocumentRefused():
            return replace(document, state=REFUSED)
        case _:
            assert_never(event)


def main_file(files: Sequence[ArrivedFile]) -> ArrivedFile | None:
    """The file that carries the signatures: the first PDF, else the first one.

    Type and name are the sender's word; whether it is a PDF, the validation finds out.
    """
    pdfs = [file for file in files if _says_pdf(file)]
    return next(iter([*pdfs, *files]), None)


def _says_pdf(file: ArrivedFile) -> bool:
    return file.content_type == "application/pdf" or file.name.lower().endswith(".pdf")


def _record(command: RecordArrival) -> list[Event]:
    arrived = DocumentArrived(
        document_id=command.document_id,
        agency_id=command.agency_id,
        packet_id=command.packet_id,
        sender_id=command.sender_id,
        foreign_id=command.foreign_id,
        code=command.code,
        issued_on=command.issued_on,
        type_name=command.type_name,
        text=command.text,
        urgency=command.urgency,
        files=command.files,
    )
    main = main_file(command.files)
    if main is None:
        verified = ArrivalVerified(command.document_id, command.validation_id, FAILED, report="")
        refused = [_refused(arrived, "missing_file")] if command.refuse_invalid else []
        return [arrived, verified, *refused]
    return [
        arrived,
        ValidationRequested(
            validation_id=command.validation_id,
            document_id=command.document_id,
            agency_id=command.agency_id,
            file=main.digest,
            sender_id=command.sender_id,
            urgency=command.urgency,
        ),
    ]


def _verify(document: Incoming, command: VerifyArrival) -> list[Event]:
    """A verdict that comes after the refusal, twice, or for another order changes nothing."""
    if document.state != ARRIVED or document.validation_id != command.validation_id:
        return []
    verified = ArrivalVerified(
        document.document_id, command.validation_id, command.verdict, command.report
    )
    if command.refuse_invalid and command.verdict == FAILED:
        return [verified, _refused(document.arrived, "bad_signature")]
    return [verified]


def _accept(document: Incoming, command: AcceptDocument) -> list[Event]:
    if document.state == ACCEPTED:
        return []
    if document.state == ARRIVED:
        raise VerdictPending
    _require(document, [VERIFIED])
    if document.verdict == FAILED:
        raise VerdictFailed
    return [
        DocumentAccepted(
            document_id=document.document_id,
            agency_id=document.agency_id,
            packet_id=document.arrived.packet_id,
            register_id=command.register_id,
            arrival_number=command.number,
            accepted_on=command.today,
            urgency=document.arrived.urgency,
        )
    ]


def _refused(arrived: DocumentArrived, reason_code: str, note: str = "") -> DocumentRefused:
    return DocumentRefused(
        document_id=arrived.document_id,
        agency_id=arrived.agency_id,
        packet_id=arrived.packet_id,
        note=note,
        reason_code=reason_code,
    )


def _require(document: Incoming, allowed: Sequence[str]) -> None:
    if document.state not in allowed:
        raise WrongState(document.state, allowed)
