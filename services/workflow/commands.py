"""What can be asked about the handling of a document; each is asked of one process."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class OpenProcess:
    """Open the handling of an accepted document."""

    process_id: UUID
    document_id: UUID
    agency_id: UUID
    packet_id: UUID
    urgency: int


@dataclass(frozen=True)
class Assignment:
    """Who must act, in which unit, by which day; `today` is the day of the assignment."""

    unit: str
    assignee_id: UUID
    assignee_position_id: UUID
    due_on: date | None
    today: date


@dataclass(frozen=True)
class AssignTask:
    """Give somebody a new task."""

    task_id: UUID
    assignment: Assignment


@dataclass(frozen=True)
class ReassignTask:
    """Give an unfinished task to somebody else, or set it another day."""

    task_id: UUID
    assignment: Assignment


@dataclass(frozen=True)
class StartTask:
    """Begin; the person acts in a position."""

    task_id: UUID
    person_id: UUID
    position_id: UUID


@dataclass(frozen=True)
class FinishTask:
    """Have done; the person acts in a position."""

    task_id: UUID
    person_id: UUID
    position_id: UUID


@dataclass(frozen=True)
class CloseProcess:
    """Close the handling without an answer."""


@dataclass(frozen=True)
class AnswerProcess:
    """Close the handling because the answer was issued."""

    answered_by: UUID


@dataclass(frozen=True)
class CancelProcess:
    """End the handling because the document is no longer in force here."""
