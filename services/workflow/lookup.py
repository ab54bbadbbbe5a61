"""What a command must know beyond its process: which process a task is of, who holds a position."""

from datetime import date
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.workflow.tables import position, task_process


def remember_task(connection: Connection, task_id: UUID, process_id: UUID) -> None:
    """Keep the task's process; the same again changes nothing."""
    row = {"task_id": task_id, "process_id": process_id}
    connection.execute(insert(task_process).values(**row).on_conflict_do_nothing())


def process_of_task(connection: Connection, task_id: UUID) -> UUID | None:
    """The process of a task, None for a task that was never assigned."""
    query = select(task_process.c.process_id).where(task_process.c.task_id == task_id)
    return connection.execute(query).scalar()


def holds_position(
    connection: Connection, person_id: UUID, position_id: UUID, agency_id: UUID, day: date
) -> bool:
    """Whether the person holds the position in the agency on that day, as far as is known here."""
    query = select(position.c.position_id).where(
        position.c.position_id == position_id,
        position.c.person_id == person_id,
        position.c.agency_id == agency_id,
        position.c.valid_from <= day,
    )
    return connection.execute(query).first() is not None
