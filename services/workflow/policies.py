"""What this service does because of what happened to documents."""

from typing import Any
from uuid import UUID

from libs.contracts.journal import caused_by, continuing
from libs.db import Unit
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from services.workflow.commands import AnswerProcess, CancelProcess, OpenProcess
from services.workflow.domain import process_of
from services.workflow.handlers import handle, load


def on_document_accepted(message: Any, event: Recorded, unit: Unit) -> None:
    """An accepted document is handled."""
    document_id = UUID(message.document_id)
    process_id = process_of(document_id)
    command = OpenProcess(
        process_id=process_id,
        document_id=document_id,
        agency_id=UUID(message.agency_id),
        packet_id=UUID(message.packet_id),
        urgency=message.urgency,
    )
    context = caused_by(event, agency=event.agency, handler="system:workflow", now=unit.now)
    handle(load(unit, process_id), command, unit, context, event.event_id)


def on_document_issued(message: Any, event: Recorded, unit: Unit) -> None:
    """The issued answer ends the handling of what it answers, unless that has ended already.

    Whoever issued the answer is the handler, so that status 06 tells who.
    """
    if not message.answers:
        return
    process_id = process_of(UUID(message.answers))
    context = continuing(event, now=unit.now)
    command = AnswerProcess(answered_by=UUID(message.document_id))
    handle(load(unit, process_id), command, unit, context, event.event_id)


def on_document_ended(message: Any, event: Recorded, unit: Unit) -> None:
    """A withdrawn or replaced document is handled no further."""
    process_id = process_of(UUID(message.document_id))
    context = caused_by(event, agency=event.agency, handler="system:workflow", now=unit.now)
    handle(load(unit, process_id), CancelProcess(), unit, context, event.event_id)


POLICIES: dict[str, Handler] = {
    "DocumentAccepted": on_document_accepted,
    "DocumentIssued": on_document_issued,
    "DocumentWithdrawn": on_document_ended,
    "DocumentReplaced": on_document_ended,
}
