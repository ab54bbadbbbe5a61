"""What the documents service does when another service tells of something.

The process of an outgoing document (draft, sign, number, seal, issue) and that of an arrival
(record, check, perhaps refuse) are decided in the domain; here the answers come in.
"""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from libs.contracts.journal import caused_by, continuing
from libs.db import Unit
from libs.eventstore import Context, Recorded
from libs.messaging.applier import Handler
from services.documents.commands import FailSigning, RecordArrival, TakeSigned, VerifyArrival
from services.documents.domain import incoming, outgoing
from services.documents.domain.incoming import Incoming
from services.documents.domain.outgoing import Outgoing
from services.documents.events import ArrivedFile
from services.documents.journal import JOURNAL, SYSTEM, document_stream, load
from services.documents.queries import refuses_invalid


def on_packet_arrived(message: Any, recorded: Recorded, unit: Unit) -> None:
    """Record the document that the packet brought, and ask for the check of its signatures."""
    packet_id, agency_id = UUID(message.packet_id), UUID(message.recipient_id)
    document_id = uuid5(packet_id, "document")
    loaded = load(unit, document_id)
    command = RecordArrival(
        document_id=document_id,
        agency_id=agency_id,
        packet_id=packet_id,
        sender_id=UUID(message.sender_id),
        foreign_id=message.foreign_id,
        code=message.code,
        issued_on=_day(message.issued_on),
        type_name=message.type_name,
        text=message.text,
        urgency=message.urgency,
        files=tuple(ArrivedFile(f.name, f.content_type, f.digest) for f in message.files),
        validation_id=uuid5(document_id, "validation"),
        refuse_invalid=refuses_invalid(unit.connection, agency_id),
    )
    if loaded.document is None:
        context = _by_itself(recorded, agency_id, unit)
        _append(unit, recorded, context, document_id, 0, incoming.decide(None, command))


def on_file_validated(message: Any, recorded: Recorded, unit: Unit) -> None:
    """Record the verdict; an agency that wants it so refuses what failed without a clerk."""
    document_id = UUID(message.document_id)
    loaded = load(unit, document_id)
    document = loaded.document
    if not isinstance(document, Incoming):
        return
    command = VerifyArrival(
        validation_id=UUID(message.validation_id),
        verdict=message.verdict,
        report=message.report,
        refuse_invalid=refuses_invalid(unit.connection, document.agency_id),
    )
    events = incoming.decide(document, command)
    context = _by_itself(recorded, document.agency_id, unit)
    _append(unit, recorded, context, document_id, loaded.version, events)


def on_signing_finished(message: Any, recorded: Recorded, unit: Unit) -> None:
    """Take the signed file: the leader's signature makes it signed, the seal issues it."""
    command = TakeSigned(UUID(message.signing_id), message.file)
    _tell_outgoing(UUID(message.document_id), command, recorded, unit)


def on_signing_refused(message: Any, recorded: Recorded, unit: Unit) -> None:
    """Put the document back to where it was before the signature was asked for."""
    command = FailSigning(UUID(message.signing_id), message.reason_code)
    _tell_outgoing(UUID(message.document_id), command, recorded, unit)


def _tell_outgoing(
    document_id: UUID, command: TakeSigned | FailSigning, recorded: Recorded, unit: Unit
) -> None:
    loaded = load(unit, document_id)
    document = loaded.document
    if isinstance(document, Outgoing):
        events = outgoing.decide(document, command)
        context = continuing(recorded, now=unit.now)
        _append(unit, recorded, context, document_id, loaded.version, events)


def _by_itself(cause: Recorded, agency_id: UUID, unit: Unit) -> Context:
    return caused_by(cause, agency=str(agency_id), handler=SYSTEM, now=unit.now)


def _append(
    unit: Unit,
    cause: Recorded,
    context: Context,
    document_id: UUID,
    version: int,
    events: list[Any],
) -> None:
    if events:
        stream = document_stream(document_id)
        JOURNAL.append(unit.store, stream, version, events, context, cause.event_id)


def _day(text: str) -> date | None:
    """The day of issue as the sender wrote it; None for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


POLICIES: dict[str, Handler] = {
    "PacketArrived": on_packet_arrived,
    "FileValidated": on_file_validated,
    "SigningFinished": on_signing_finished,
    "SigningRefused": on_signing_refused,
}
