"""What can be asked of the read models."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select, tuple_

from services.documents.domain.outgoing import COSIGNING, REVIEWED
from services.documents.domain.register import INCOMING
from services.documents.tables import (
    agency,
    document,
    person,
    position,
    register_entry,
    subject,
    tray,
    tray_line,
)

Row = dict[str, Any]


def one_agency(connection: Connection, agency_id: UUID) -> Row | None:
    """An agency as the directory last told of it."""
    return _one(connection, select(agency).where(agency.c.agency_id == agency_id))


def known_agencies(connection: Connection, agency_ids: tuple[UUID, ...]) -> dict[UUID, str]:
    """The names of those of the agencies that are known."""
    query = select(agency.c.agency_id, agency.c.name).where(agency.c.agency_id.in_(agency_ids))
    return {row.agency_id: row.name for row in connection.execute(query)}


def closed_agencies(connection: Connection, agency_ids: tuple[UUID, ...], on: date) -> list[Row]:
    """Those of the agencies whose last day was before `on`, each with its successor's name."""
    successor = agency.alias()
    query = (
        select(
            agency.c.agency_id,
            agency.c.closed_on,
            agency.c.successor_id,
            successor.c.name.label("successor"),
        )
        .outerjoin(successor, successor.c.agency_id == agency.c.successor_id)
        .where(agency.c.agency_id.in_(agency_ids), agency.c.closed_on < on)
        .order_by(agency.c.agency_id)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def one_position(connection: Connection, position_id: UUID) -> Row | None:
    """A position with the digest of its holder's card (None while the holder is not known)."""
    query = (
        select(position, person.c.card)
        .outerjoin(person, person.c.person_id == position.c.person_id)
        .where(position.c.position_id == position_id)
    )
    return _one(connection, query)


def refuses_invalid(connection: Connection, agency_id: UUID) -> bool:
    """Whether the agency has invalid arrivals refused without a clerk."""
    found = one_agency(connection, agency_id)
    return bool(found and found["refuse_invalid"])


def documents(
    connection: Connection,
    agency_id: UUID,
    *,
    direction: str | None,
    state: str | None,
    after: tuple[int, int] | None,
    limit: int,
) -> list[Row]:
    """The agency's documents, newest first, behind the place `after`."""
    query = _with_subject().where(document.c.participants.contains([agency_id]))
    if direction is not None:
        query = query.where(document.c.direction == direction)
    if state is not None:
        query = query.where(document.c.state == state)
    if after is not None:
        query = query.where(tuple_(document.c.tx, document.c.position) < after)
    query = query.order_by(document.c.tx.desc(), document.c.position.desc()).limit(limit)
    return [dict(row._mapping) for row in connection.execute(query)]


def one_document(connection: Connection, document_id: UUID) -> Row | None:
    """One document, of whichever agency: the caller checks whose it is."""
    return _one(connection, _with_subject().where(document.c.document_id == document_id))


def _with_subject() -> Select[Any]:
    return select(document, subject.c.subject).outerjoin(
        subject, subject.c.document_id == document.c.document_id
    )


_NEXT = document.c.signers[document.c.signatures]


def waiting(connection: Connection, person_id: UUID, position_id: UUID) -> list[Row]:
    """The documents that wait for this signer, urgent ones first, then the oldest."""
    query = (
        _with_subject()
        .where(_NEXT["person_id"].astext == str(person_id))
        .where(_NEXT["position_id"].astext == str(position_id))
        .where(document.c.state.in_([REVIEWED, COSIGNING]))
        .order_by(document.c.urgency.desc(), document.c.tx, document.c.position)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def urgencies(
    connection: Connection, agency_id: UUID, documents: Collection[UUID]
) -> dict[UUID, int]:
    """How urgent those of the documents are that are the agency's."""
    query = select(document.c.document_id, document.c.urgency).where(
        document.c.participants.contains([agency_id]), document.c.document_id.in_(documents)
    )
    return {row.document_id: row.urgency for row in connection.execute(query)}


def one_tray(connection: Connection, tray_id: UUID) -> Row | None:
    """A tray as it was confirmed, of whichever agency."""
    return _one(connection, select(tray).where(tray.c.tray_id == tray_id))


def tray_lines(connection: Connection, tray_id: UUID) -> list[Row]:
    """The documents of a tray in the order in which they are signed, and where each stands."""
    query = (
        select(tray_line, document.c.code, document.c.urgency, subject.c.subject)
        .outerjoin(document, document.c.document_id == tray_line.c.document_id)
        .outerjoin(subject, subject.c.document_id == tray_line.c.document_id)
        .where(tray_line.c.tray_id == tray_id)
        .order_by(tray_line.c.ordinal)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def register(
    connection: Connection, agency_id: UUID, year: int, series: str, after: int, limit: int
) -> list[Row]:
    """Lines of a register behind the number `after`, each with its document and its author."""
    line = register_entry.c
    author = document.c.sender_id if series == INCOMING else document.c.agency_id
    query = (
        select(
            document,
            subject.c.subject,
            line.number.label("line"),
            line.void,
            agency.c.name.label("author"),
            person.c.card,
        )
        .select_from(register_entry)
        .join(document, document.c.document_id == line.document_id)
        .outerjoin(subject, subject.c.document_id == line.document_id)
        .outerjoin(agency, agency.c.agency_id == author)
        .outerjoin(person, person.c.person_id == document.c.signer_id)
        .where(line.agency_id == agency_id, line.year == year, line.series == series)
        .where(line.number > after)
        .order_by(line.number)
        .limit(limit)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def _one(connection: Connection, query: Select[Any]) -> Row | None:
    row = connection.execute(query).first()
    return dict(row._mapping) if row else None
