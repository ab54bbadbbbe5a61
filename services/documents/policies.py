"""What the documents service does when another service tells of something.

The process of an outgoing document (draft, sign, number, seal, issue) and that of an arrival
(record, check, perhaps refuse) are decided in the domain; here the answers come in.
"""

from collections.abc import Sequence
from datetime import date, datetime
from functools import reduce
from typing import Any
from uuid import UUID, uuid5

from libs.contracts.journal import caused_by, continuing
from libs.db import Unit
from libs.eventstore import Context, Recorded
from libs.messaging.applier import Handler
from services.documents.commands import (
    FailSigning,
    ReceiveRecall,
    RecordArrival,
    SignedFile,
    TakeSigned,
    VerifyArrival,
)
from services.documents.domain import incoming, outgoing
from services.documents.domain.incoming import Incoming
from services.documents.domain.outgoing import Outgoing
from services.documents.events import ArrivedFile
from services.documents.journal import JOURNAL, SYSTEM, Loaded, document_stream, evolved, load
from services.documents.lookup import remember_names
from services.documents.queries import refuses_invalid
from services.documents.superseding import consequences, hold, late


def on_packet_arrived(message: Any, recorded: Recorded, unit: Unit) -> None:
    """Record the document that the packet brought, and ask for the check of its signatures."""
    packet_id, agency_id = UUID(message.packet_id), UUID(message.recipient_id)
    document_id = uuid5(packet_id, "document")
    if load(unit, document_id).document is not None:
        return
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
        business=message.business,
        supersedes=tuple(message.supersedes),
    )
    hold(unit, agency_id, command.sender_id)
    remember_names(
        unit.connection,
        agency_id,
        command.sender_id,
        document_id,
        command.foreign_id,
        command.supersedes,
    )
    events = incoming.decide(None, command)
    arrived = reduce(incoming.evolve, events, None)
    assert arrived is not None
    context = _by_itself(recorded, agency_id, unit)
    _append(unit, recorded, context, Loaded(None, 0, None), [*events, *late(unit, arrived)])


def on_recall_arrived(message: Any, recorded: Recorded, unit: Unit) -> None:
    """Lay the recall before the clerk; what cannot be given back any more is answered at once."""
    loaded = load(unit, uuid5(UUID(message.packet_id), "document"))
    document = loaded.document
    if not isinstance(document, Incoming):
        return
    asked_at = datetime.fromisoformat(message.asked_at)
    command = ReceiveRecall(asked_at, message.note or None, unit.now)
    context = _by_itself(recorded, document.agency_id, unit)
    _append(unit, recorded, context, loaded, incoming.decide(document, command))


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
        pending=message.pending,
    )
    events = incoming.decide(document, command)
    context = _by_itself(recorded, document.agency_id, unit)
    _append(unit, recorded, context, loaded, events)


def on_signing_finished(message: Any, recorded: Recorded, unit: Unit) -> None:
    """Take the signed file: the leader's signature makes it signed, the seal issues it."""
    signed = tuple(SignedFile(one.file, one.signed, one.size) for one in message.attachments)
    command = TakeSigned(UUID(message.signing_id), message.file, signed)
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
        _append(unit, recorded, context, loaded, events)


def _by_itself(cause: Recorded, agency_id: UUID, unit: Unit) -> Context:
    return caused_by(cause, agency=str(agency_id), handler=SYSTEM, now=unit.now)


def _append(
    unit: Unit,
    cause: Recorded,
    context: Context,
    loaded: Loaded,
    events: Sequence[Any],
) -> None:
    """Append the document's events, and what they mean for older ones, all or nothing."""
    if events:
        after = evolved(loaded.document, events)
        writes = [(document_stream(after.document_id), loaded.version, events)]
        writes += consequences(unit, after) if isinstance(after, Incoming) else []
        JOURNAL.append_all(unit.store, writes, context, cause.event_id)


def _day(text: str) -> date | None:
    """The day of issue as the sender wrote it; None for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


POLICIES: dict[str, Handler] = {
    "PacketArrived": on_packet_arrived,
    "RecallArrived": on_recall_arrived,
    "FileValidated": on_file_validated,
    "SigningFinished": on_signing_finished,
    "SigningRefused": on_signing_refused,
}
