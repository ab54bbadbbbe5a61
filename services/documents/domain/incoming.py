"""Incoming documents (văn bản đến): arrived, checked, then accepted or refused.

The clerk sees the verdict on the signatures before she accepts (QĐ 28/2018, article 9; QĐ 165/2025
of Ninh Bình, article 19). What is wrongly addressed may be refused before the verdict is known.
A verdict that could not be given yet (nobody told whether a certificate is revoked) is followed by
another one, also after the clerk accepted knowingly.

Afterwards the sender may ask for it back (lấy lại): the clerk agrees (15) or refuses (16). A newer
document may update (cập nhật) or replace (thay thế) it: once that one is accepted, this one is
frozen. Every answer has a second of its own, by which the sender tells it from a repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from services.documents.commands import (
    AcceptDocument,
    AgreeRecall,
    ReceiveRecall,
    RecordArrival,
    RefuseDocument,
    RefuseRecall,
    RefuseUpdate,
    ReplaceDocument,
    VerifyArrival,
)
from services.documents.errors import (
    DocumentUnknown,
    NoRecall,
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
    DocumentReplaced,
    DocumentWithdrawn,
    RecallReceived,
    RecallRefused,
    UpdateRefused,
    ValidationRequested,
)

ARRIVED = "arrived"
VERIFIED = "verified"
ACCEPTED = "accepted"
REFUSED = "refused"
WITHDRAWN = "withdrawn"
REPLACED = "replaced"
IN_FORCE = (ARRIVED, VERIFIED, ACCEPTED)

UPDATE, REPLACEMENT = "update", "replacement"

FAILED = "TOTAL_FAILED"
LONGEST_NOTE = 1000  # characters of a reason, as the axis takes them
REASONS = ("wrong_address", "bad_signature", "wrong_form", "missing_file", "other")

_SECOND = timedelta(seconds=1)

Answer = ReceiveRecall | AgreeRecall | RefuseRecall | ReplaceDocument | RefuseUpdate
Command = RecordArrival | VerifyArrival | AcceptDocument | RefuseDocument | Answer
Answered = RecallRefused | DocumentWithdrawn | DocumentReplaced | UpdateRefused
Event = (
    DocumentArrived
    | ValidationRequested
    | ArrivalVerified
    | DocumentAccepted
    | DocumentRefused
    | RecallReceived
    | Answered
)


@dataclass(frozen=True)
class Incoming:
    """What must be known of an incoming document to decide."""

    state: str
    arrived: DocumentArrived
    validation_id: UUID | None = None
    verdict: str | None = None
    pending: bool = False
    accepted: DocumentAccepted | None = None
    refused: DocumentRefused | None = None
    recall: RecallReceived | None = None  # the open one
    replaced: DocumentReplaced | None = None
    settled: frozenset[UUID] = frozenset()  # the newer documents for which this one was answered
    answered_at: datetime | None = None  # the last answer to the sender

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
    `VerdictPending`, `VerdictFailed`, `NoRecall`."""
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
            return _answer(document, command)


def evolve(document: Incoming | None, event: Event) -> Incoming:
    """Apply a fact."""
    if isinstance(event, DocumentArrived):
        return Incoming(ARRIVED, event)
    assert document is not None, "a stream of an incoming document begins with its arrival"
    match event:
        case ValidationRequested():
            return replace(document, validation_id=event.validation_id)
        case ArrivalVerified():
            state = VERIFIED if document.state == ARRIVED else document.state
            return replace(document, state=state, verdict=event.verdict, pending=event.pending)
        case DocumentAccepted():
            return replace(document, state=ACCEPTED, accepted=event)
        case DocumentRefused():
            return replace(document, state=REFUSED, refused=event, recall=None)
        case RecallReceived():
            return replace(document, recall=event)
        case _:
            return _answered(document, event)


def _answered(document: Incoming, event: Answered) -> Incoming:
    document = replace(document, answered_at=event.answered_at)
    match event:
        case RecallRefused():
            return replace(document, recall=None)
        case DocumentWithdrawn():
            return replace(document, state=WITHDRAWN, recall=None)
        case DocumentReplaced():
            document = replace(document, state=REPLACED, recall=None, replaced=event)
            return replace(document, settled=document.settled | {event.by})
        case UpdateRefused():
            return replace(document, settled=document.settled | {event.by})
        case _:
            assert_never(event)


def effect_on_older(newer: Incoming, at: datetime) -> ReplaceDocument | RefuseUpdate | None:
    """What `newer`, as it stands now, means for each document that it updates or replaces.

    It was taken when it was accepted, or when an update was accepted in its place. Of a replacement
    that stands in its place the sender is told nothing, so that counts for nothing here.
    """
    arrived, replaced = newer.arrived, newer.replaced
    if newer.accepted or (replaced and replaced.business == UPDATE):
        return ReplaceDocument(newer.document_id, arrived.business, at)
    if arrived.business != UPDATE or newer.state in IN_FORCE:
        return None
    if newer.refused:
        refused = newer.refused
        return RefuseUpdate(newer.document_id, refused.note, refused.reason_code, at)
    return RefuseUpdate(newer.document_id, "", "replaced" if replaced else "recalled", at)


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
        business=command.business,
        supersedes=command.supersedes,
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
            issued_on=command.issued_on,
        ),
    ]


def _verify(document: Incoming, command: VerifyArrival) -> list[Event]:
    """A verdict that comes after the refusal, twice, or for another order changes nothing."""
    awaited = document.state == ARRIVED or (document.pending and document.state in IN_FORCE)
    if not awaited or document.validation_id != command.validation_id:
        return []
    verified = ArrivalVerified(
        document.document_id,
        command.validation_id,
        command.verdict,
        command.report,
        command.pending,
    )
    if command.refuse_invalid and command.verdict == FAILED and document.state != ACCEPTED:
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


def _answer(document: Incoming, command: Answer) -> list[Event]:
    """What is asked of a document that has arrived, and what is answered to that."""
    names = _names(document)
    match command:
        case ReceiveRecall():
            return _receive_recall(document, command)
        case AgreeRecall():
            if document.state == WITHDRAWN:
                return []
            _require_recall(document)
            return [DocumentWithdrawn(**names, answered_at=_second_of(document, command.at))]
        case RefuseRecall():
            _require_recall(document)
            return [_recall_refused(document, command.note, "", command.at)]
        case ReplaceDocument() | RefuseUpdate():
            return _settle_update(document, command)
        case _:
            assert_never(command)


def _receive_recall(document: Incoming, command: ReceiveRecall) -> list[Event]:
    """One answer serves all requests that are open; what was refused or given back needs none."""
    if document.state in (REFUSED, WITHDRAWN) or document.recall:
        return []
    received = RecallReceived(**_names(document), asked_at=command.asked_at, note=command.note)
    if document.state == REPLACED:
        return [received, _recall_refused(document, "", "replaced", command.at)]
    return [received]


def _settle_update(document: Incoming, command: ReplaceDocument | RefuseUpdate) -> list[Event]:
    """Answer once for each newer document; of two that are taken, the first one stands here."""
    if document.state in (REFUSED, WITHDRAWN) or command.by in document.settled:
        return []
    told = {**_names(document), "by": command.by}
    told["answered_at"] = _second_of(document, command.at)
    if isinstance(command, RefuseUpdate):
        return [UpdateRefused(**told, note=command.note, reason_code=command.reason_code)]
    if document.state != REPLACED:
        replaced = DocumentReplaced(**told, business=command.business)
        # Nobody is told of a replacement: whoever waits for his recall must hear of it.
        unheard = document.recall is not None and command.business == REPLACEMENT
        refused = [_recall_refused(document, "", "replaced", command.at)] if unheard else []
        return [*refused, replaced]
    if command.business != UPDATE:
        return []
    return [UpdateRefused(**told, note="", reason_code="replaced")]


def _recall_refused(document: Incoming, note: str, reason_code: str, at: datetime) -> RecallRefused:
    answered_at = _second_of(document, at)
    return RecallRefused(
        **_names(document), note=note, reason_code=reason_code, answered_at=answered_at
    )


def _require_recall(document: Incoming) -> None:
    if document.recall is None:
        raise NoRecall


def _second_of(document: Incoming, at: datetime) -> datetime:
    last = document.answered_at
    return at if last is None else max(at, last + _SECOND)


def _names(document: Incoming) -> dict[str, Any]:
    return {
        "document_id": document.document_id,
        "agency_id": document.agency_id,
        "packet_id": document.arrived.packet_id,
    }
