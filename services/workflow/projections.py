"""The workflow service's read models, and its replicas of agencies, positions and documents."""

from datetime import date
from typing import Any
from uuid import UUID

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.workflow.lookup import remember_task
from services.workflow.tables import agency, document, position, process, task, task_process


def _change_process(message: Any, event: Recorded, unit: Unit, **changes: Any) -> None:
    statement = process.update().where(process.c.process_id == message.process_id)
    unit.connection.execute(statement.values(version=event.version, **changes))


def _change_task(message: Any, unit: Unit, **changes: Any) -> None:
    statement = task.update().where(task.c.task_id == message.task_id)
    unit.connection.execute(statement.values(**changes))


def project_opened(message: Any, event: Recorded, unit: Unit) -> None:
    """A process."""
    row = {
        "process_id": message.process_id,
        "document_id": message.document_id,
        "agency_id": message.agency_id,
        "packet_id": message.packet_id,
        "urgency": message.urgency,
        "state": "opened",
        "opened_at": event.occurred_at,
        "finished_at": None,
        "answered_by": None,
        "version": event.version,
    }
    put_row(unit, process, row)


def project_assigned(message: Any, event: Recorded, unit: Unit) -> None:
    """A task, new or given to somebody else."""
    row = {
        "task_id": message.task_id,
        "process_id": message.process_id,
        "agency_id": message.agency_id,
        "unit": message.unit,
        "assignee_id": message.assignee_id,
        "assignee_position_id": message.assignee_position_id,
        "due_on": _day(message.due_on),
        "state": "assigned",
        "assigned_at": event.occurred_at,
        "started_at": None,
        "finished_at": None,
    }
    put_row(unit, task, row)
    remember_task(unit.connection, UUID(message.task_id), UUID(message.process_id))
    _change_process(message, event, unit, state="assigned")


def project_started(message: Any, event: Recorded, unit: Unit) -> None:
    """A task on which somebody works."""
    _change_task(message, unit, state="started", started_at=event.occurred_at)
    _change_process(message, event, unit, state="started")


def project_task_finished(message: Any, event: Recorded, unit: Unit) -> None:
    """A task that is done; its process goes on until it says otherwise."""
    _change_task(message, unit, state="finished", finished_at=event.occurred_at)
    _change_process(message, event, unit)


def project_process_finished(message: Any, event: Recorded, unit: Unit) -> None:
    """A process that is done; nobody need act on its unfinished tasks any more."""
    _change_process(
        message,
        event,
        unit,
        state="finished",
        finished_at=event.occurred_at,
        answered_by=message.answered_by or None,
    )
    _close_tasks(message, unit)


def project_process_cancelled(message: Any, event: Recorded, unit: Unit) -> None:
    """A process that ended because its document is no longer in force."""
    _change_process(message, event, unit, state="cancelled", finished_at=event.occurred_at)
    _close_tasks(message, unit)


def _close_tasks(message: Any, unit: Unit) -> None:
    unfinished = task.c.state != "finished"
    statement = task.update().where(task.c.process_id == message.process_id, unfinished)
    unit.connection.execute(statement.values(state="closed"))


def replicate_agency(message: Any, _event: Recorded, unit: Unit) -> None:
    """An agency's name."""
    put_row(unit, agency, {"agency_id": message.agency_id, "name": message.name})


def replicate_position(message: Any, _event: Recorded, unit: Unit) -> None:
    """Who holds a position."""
    row = {
        "position_id": message.position_id,
        "person_id": message.person_id,
        "agency_id": message.agency_id,
        "valid_from": date.fromisoformat(message.valid_from),
    }
    put_row(unit, position, row)


def replicate_document(message: Any, _event: Recorded, unit: Unit) -> None:
    """How an incoming document is known to its readers."""
    row = {
        "document_id": message.document_id,
        "sender_id": message.sender_id,
        "code": message.code,
        "type_name": message.type_name,
        "issued_on": _day(message.issued_on),
    }
    put_row(unit, document, row)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


PROJECTIONS: dict[str, Handler] = {
    "ProcessOpened": project_opened,
    "TaskAssigned": project_assigned,
    "TaskStarted": project_started,
    "TaskFinished": project_task_finished,
    "ProcessFinished": project_process_finished,
    "ProcessCancelled": project_process_cancelled,
    "AgencyRegistered": replicate_agency,
    "PositionAssigned": replicate_position,
    "DocumentArrived": replicate_document,
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(process, task, agency, position, document),
    shared=(task_process,),
)
