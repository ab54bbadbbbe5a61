"""What happens to the handling of incoming documents: the events of this service.

Fields are named as in `proto/lienthong/workflow/v1`, which says what each of them means.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class ProcessOpened:
    """Handling (xử lý) of an accepted document was opened."""

    process_id: UUID
    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    urgency: int


@dataclass(frozen=True)
class TaskAssigned:
    """The leader assigned (phân công) a unit and a person (status 04)."""

    process_id: UUID
    task_id: UUID
    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    unit: str
    assignee_id: UUID
    assignee_position_id: UUID
    due_on: date | None = None


@dataclass(frozen=True)
class TaskStarted:
    """The assignee began (status 05)."""

    process_id: UUID
    task_id: UUID
    document_id: UUID
    agency_id: UUID
    packet_id: UUID


@dataclass(frozen=True)
class TaskFinished:
    """The assignee finished the task."""

    process_id: UUID
    task_id: UUID
    document_id: UUID
    agency_id: UUID
    packet_id: UUID


@dataclass(frozen=True)
class ProcessFinished:
    """Everything about the document is done, or its answer was issued (status 06)."""

    process_id: UUID
    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    answered_by: UUID | None = None


@dataclass(frozen=True)
class ProcessCancelled:
    """The document is no longer in force here, so nobody need handle it."""

    process_id: UUID
    document_id: UUID
    agency_id: UUID
    packet_id: UUID


EVENTS: dict[str, type] = {
    "ProcessOpened": ProcessOpened,
    "TaskAssigned": TaskAssigned,
    "TaskStarted": TaskStarted,
    "TaskFinished": TaskFinished,
    "ProcessFinished": ProcessFinished,
    "ProcessCancelled": ProcessCancelled,
}
