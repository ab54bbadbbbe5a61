"""What this service does when another tells of something: send documents out, tell steps back."""

from typing import Any
from uuid import UUID, uuid5

from libs.contracts.journal import caused_by
from libs.db import Unit
from libs.eventstore import NO_STREAM, Recorded
from libs.messaging.applier import Handler
from services.interconnect import lookups
from services.interconnect.events import DispatchOpened
from services.interconnect.journal import JOURNAL, SYSTEM, dispatch_stream

_SENT_ALONG = (
    "document_id",
    "agency_id",
    "file",
    "number",
    "notation",
    "issued_on",
    "type_code",
    "text",
    "urgency",
    "signer_id",
    "signer_position_id",
    "answers",
    "pages",
    "updates",
    "replaces",
)
_OF_A_FILE = ("name", "content_type", "digest", "size")


def on_document_issued(message: Any, recorded: Recorded, unit: Unit) -> None:
    """Begin to send the document; without recipients there is nothing to do."""
    if not message.recipients:
        return
    document_id = UUID(message.document_id)
    context = caused_by(recorded, agency=message.agency_id, handler=SYSTEM, now=unit.now)
    opened = DispatchOpened(
        dispatch_id=document_id,
        document_id=document_id,
        agency_id=UUID(message.agency_id),
        file=message.file,
        recipients=tuple(UUID(each) for each in message.recipients),
        urgency=message.urgency,
        updates=UUID(message.updates) if message.updates else None,
        replaces=UUID(message.replaces) if message.replaces else None,
    )
    stream = dispatch_stream(document_id)
    JOURNAL.append(unit.store, stream, NO_STREAM, [opened], context, recorded.event_id)
    arguments = {name: getattr(message, name) for name in _SENT_ALONG}
    arguments["recipients"] = list(message.recipients)
    arguments["attachments"] = [
        {name: getattr(file, name) for name in _OF_A_FILE} for file in message.attachments
    ]
    unit.jobs.add(
        uuid5(recorded.event_id, "prepare"),
        "prepare",
        arguments,
        context,
        urgent=message.urgency > 0,
    )


def on_document_arrived(message: Any, recorded: Recorded, unit: Unit) -> None:
    """01, by the system itself."""
    _tell(message, recorded, unit, "01")


def on_document_accepted(message: Any, recorded: Recorded, unit: Unit) -> None:
    """03, by the clerk."""
    _tell(message, recorded, unit, "03")


def on_document_refused(message: Any, recorded: Recorded, unit: Unit) -> None:
    """02, by the clerk, with the reason."""
    _tell(message, recorded, unit, "02", note=message.note, reason_code=message.reason_code)


def on_task_assigned(message: Any, recorded: Recorded, unit: Unit) -> None:
    """04, by the leader, with the unit that he assigned."""
    _tell(message, recorded, unit, "04", assigned=message.unit)


def on_task_started(message: Any, recorded: Recorded, unit: Unit) -> None:
    """05, by the officer."""
    _tell(message, recorded, unit, "05")


def on_process_finished(message: Any, recorded: Recorded, unit: Unit) -> None:
    """06, by whoever finished last, or because the answer was issued."""
    _tell(message, recorded, unit, "06")


def on_recall_refused(message: Any, recorded: Recorded, unit: Unit) -> None:
    """16, by the clerk with a reason, or by the system itself."""
    _tell(
        message,
        recorded,
        unit,
        "16",
        note=message.note,
        reason_code=message.reason_code,
        at=message.answered_at,
    )


def on_document_withdrawn(message: Any, recorded: Recorded, unit: Unit) -> None:
    """15, by the clerk."""
    _tell(message, recorded, unit, "15", at=message.answered_at)


def on_document_replaced(message: Any, recorded: Recorded, unit: Unit) -> None:
    """15, when the newer document is an update: whoever sends a replacement asks for nothing."""
    if message.business == "update":
        _tell(message, recorded, unit, "15", at=message.answered_at)


def _tell(
    message: Any,
    recorded: Recorded,
    unit: Unit,
    status_code: str,
    *,
    note: str = "",
    reason_code: str = "",
    assigned: str = "",
    at: str = "",
) -> None:
    """Add the job that tells this step; the jobs of one packet leave in the order of the steps.

    `at` is the instant to be told, where it is not that of the event.
    """
    if not message.packet_id:
        return
    arguments = {
        "packet_id": message.packet_id,
        "document_id": message.document_id,
        "status_code": status_code,
        "handler": recorded.handler,
        "occurred_at": at or recorded.occurred_at.isoformat(),
        "unit": assigned,
        "note": note,
        "reason_code": reason_code,
    }
    arrival = lookups.arrival(unit.connection, UUID(message.packet_id))
    unit.jobs.add(
        uuid5(recorded.event_id, "status"),
        "status",
        arguments,
        caused_by(recorded, agency=message.agency_id, handler=SYSTEM, now=unit.now),
        urgent=arrival is not None and arrival.urgency > 0,
        lane=f"packet-{message.packet_id}",
    )


POLICIES: dict[str, Handler] = {
    "DocumentIssued": on_document_issued,
    "DocumentArrived": on_document_arrived,
    "DocumentAccepted": on_document_accepted,
    "DocumentRefused": on_document_refused,
    "RecallRefused": on_recall_refused,
    "UpdateRefused": on_recall_refused,
    "DocumentWithdrawn": on_document_withdrawn,
    "DocumentReplaced": on_document_replaced,
    "TaskAssigned": on_task_assigned,
    "TaskStarted": on_task_started,
    "ProcessFinished": on_process_finished,
}
