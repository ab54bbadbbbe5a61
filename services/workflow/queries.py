"""What can be asked about the handling of documents. Every question is one agency's."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Select, and_, func, or_, select, tuple_

from services.workflow.tables import agency, document, process, task

TO_DO = ("assigned", "started")
# Tasks without a day come behind all that have one.
_DUE = func.coalesce(task.c.due_on, date.max)


class Newest(NamedTuple):
    """Behind which process a page begins."""

    opened_at: datetime
    process_id: UUID


class MostPressing(NamedTuple):
    """Behind which task a page begins."""

    urgency: int
    due_on: date
    task_id: UUID


def processes(
    connection: Connection,
    agency_id: UUID,
    document_id: UUID | None,
    state: str | None,
    after: Newest | None,
    limit: int,
) -> list[dict[str, Any]]:
    """An agency's processes, newest first."""
    query = _processes(agency_id)
    if document_id is not None:
        query = query.where(process.c.document_id == document_id)
    if state is not None:
        query = query.where(process.c.state == state)
    if after is not None:
        query = query.where(tuple_(process.c.opened_at, process.c.process_id) < tuple_(*after))
    query = query.order_by(process.c.opened_at.desc(), process.c.process_id.desc())
    return _rows(connection, query.limit(limit))


def one_process(connection: Connection, agency_id: UUID, process_id: UUID) -> dict[str, Any] | None:
    """One of the agency's processes."""
    rows = _rows(connection, _processes(agency_id).where(process.c.process_id == process_id))
    return rows[0] if rows else None


def tasks_of(connection: Connection, process_id: UUID) -> list[dict[str, Any]]:
    """The tasks of a process, oldest first."""
    query = select(task).where(task.c.process_id == process_id)
    return _rows(connection, query.order_by(task.c.assigned_at, task.c.task_id))


def tasks(
    connection: Connection,
    agency_id: UUID,
    assignee: tuple[UUID, UUID] | None,
    states: tuple[str, ...],
    after: MostPressing | None,
    limit: int,
) -> list[dict[str, Any]]:
    """An agency's tasks, or those of a person in a position: urgent first, then by day."""
    query = _described(
        select(task, process.c.document_id, process.c.urgency),
        task.join(process, process.c.process_id == task.c.process_id),
    ).where(task.c.agency_id == agency_id, task.c.state.in_(states))
    if assignee is not None:
        person_id, position_id = assignee
        query = query.where(
            task.c.assignee_id == person_id, task.c.assignee_position_id == position_id
        )
    if after is not None:
        same = process.c.urgency == after.urgency
        behind = tuple_(_DUE, task.c.task_id) > tuple_(after.due_on, after.task_id)
        query = query.where(or_(process.c.urgency < after.urgency, and_(same, behind)))
    query = query.order_by(process.c.urgency.desc(), _DUE, task.c.task_id)
    return _rows(connection, query.limit(limit))


def _processes(agency_id: UUID) -> Select[Any]:
    return _described(select(process), process).where(process.c.agency_id == agency_id)


def _described(query: Select[Any], source: Any) -> Select[Any]:
    """Add how the document is known; it may be empty, for replicas come when they come."""
    return query.add_columns(
        document.c.code,
        document.c.type_name,
        document.c.issued_on,
        document.c.sender_id,
        agency.c.name.label("sender_name"),
    ).select_from(
        source.outerjoin(document, document.c.document_id == process.c.document_id).outerjoin(
            agency, agency.c.agency_id == document.c.sender_id
        )
    )


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]
