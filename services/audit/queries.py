"""What the auditor asks of the read models, as known now or at any instant.

"As of" an instant means: the events up to a place in store order behind which nothing counts as
known (`place_at`). Every question takes that place as `known`; None asks for everything.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from libs.eventstore import START, Place
from services.audit.tables import (
    agency_entry,
    consultation,
    document_fact,
    line,
    person_entry,
    position_entry,
    trace,
)

Entry = Row[Any]
Lines = Sequence[Entry]
Facts = dict[UUID, list[Entry]]

_UNTIL = "(tx, position) <= (:tx, :position)"
_ORDER = (line.c.order_at, line.c.tx, line.c.position)


@dataclass(frozen=True)
class Wanted:
    """Which steps; what is None does not matter. `start` is within, `end` is not.

    `handler` did the step; `person` did it or was given it.
    """

    trace: UUID | None = None
    person: UUID | None = None
    handler: UUID | None = None
    agency: str | None = None
    status: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Step:
    """A line's place in the timeline, behind which the next page begins."""

    order_at: datetime
    tx: int
    position: int


NEARBY = 50_000
"""So many events before the last one recorded by an instant are looked at."""
_LAST_BY = (
    "SELECT tx, position FROM es.event WHERE recorded_at <= :at"
    " ORDER BY tx DESC, position DESC LIMIT 1"
)
_LATER = (
    "SELECT tx, position FROM ("
    "  SELECT tx, position, recorded_at FROM es.event WHERE (tx, position) <= (:tx, :position)"
    "  ORDER BY tx DESC, position DESC LIMIT :nearby"
    ") AS near WHERE recorded_at > :at ORDER BY tx, position LIMIT 1"
)
_BEFORE = (
    "SELECT tx, position FROM es.event WHERE (tx, position) < (:tx, :position)"
    " ORDER BY tx DESC, position DESC LIMIT 1"
)


def place_at(connection: Connection, at: datetime) -> Place:
    """The place, in store order, up to which every event counts as known at `at`.

    That of the last event that was recorded by then, unless one before it was recorded later: then
    the place before that one. Instants fall in the store's order where another server with another
    clock took over, or a transaction began early and wrote late; nothing may count as known that
    was not. `NEARBY` bounds how far back this looks, and with it what one wrong clock can hide.
    """
    found = connection.execute(text(_LAST_BY), {"at": at}).first()
    place = Place(*found) if found else START
    while later := connection.execute(
        text(_LATER), {"at": at, "nearby": NEARBY, **place._asdict()}
    ).first():
        before = connection.execute(text(_BEFORE), later._asdict()).first()
        place = Place(*before) if before else START
    return place


def place_of(connection: Connection, event_id: UUID) -> Place | None:
    """Where an event stands in the store's order; None when there is none."""
    row = connection.execute(
        text("SELECT tx, position FROM es.event WHERE event_id = :id"), {"id": event_id}
    ).first()
    return Place(*row) if row else None


@dataclass(frozen=True)
class Subject:
    """Whose past: one matter's, or some agencies'."""

    trace: UUID | None = None
    agencies: tuple[UUID, ...] = ()


def events_of_categories(
    connection: Connection, categories: Sequence[str], until: Place
) -> list[UUID]:
    """The ids of all events of some categories up to `until`, in the store's order."""
    return _event_ids(
        connection, "category = ANY (:categories)", until, categories=list(categories)
    )


def events_of_subject(
    connection: Connection, subject: Subject, categories: Sequence[str], until: Place
) -> list[UUID]:
    """As above, of those streams of which any event is the subject's."""
    mine = "trace = :trace" if subject.trace else "agency = ANY (:agencies)"
    streams = f"SELECT stream FROM es.event WHERE category = ANY (:categories) AND {mine}"  # noqa: S608
    agencies = [str(each) for each in subject.agencies]
    return _event_ids(
        connection,
        f"stream IN ({streams} AND {_UNTIL})",
        until,
        categories=list(categories),
        **({"trace": subject.trace} if subject.trace else {"agencies": agencies}),
    )


def _event_ids(connection: Connection, where: str, until: Place, **named: Any) -> list[UUID]:
    statement = f"SELECT event_id FROM es.event WHERE {where} AND {_UNTIL} ORDER BY tx, position"  # noqa: S608
    found = connection.execute(text(statement), {**named, **until._asdict()})
    return list(found.scalars())


def _known(table: Table, known: Place | None) -> ColumnElement[bool]:
    if known is None:
        return literal(True)
    return tuple_(table.c.tx, table.c.position) <= tuple_(literal(known.tx), known.position)


def trace_exists(connection: Connection, trace_id: UUID) -> bool:
    """Whether the trace has any line."""
    found = connection.execute(select(trace.c.tx).where(trace.c.trace == trace_id)).first()
    return found is not None


def lines_of(connection: Connection, trace_id: UUID, known: Place | None) -> Lines:
    """The trace's timeline."""
    query = select(line).where(line.c.trace == trace_id, _known(line, known)).order_by(*_ORDER)
    return connection.execute(query).all()


def steps(
    connection: Connection, wanted: Wanted, known: Place | None, after: Step | None, limit: int
) -> Lines:
    """Lines of all traces that are wanted, in the order of time, behind `after`."""
    query = select(line).where(_known(line, known)).order_by(*_ORDER).limit(limit)
    if wanted.trace:
        query = query.where(line.c.trace == wanted.trace)
    if wanted.person:
        query = query.where(
            or_(line.c.person_id == wanted.person, line.c.assignee_id == wanted.person)
        )
    if wanted.handler:
        query = query.where(line.c.person_id == wanted.handler)
    if wanted.agency:
        query = query.where(line.c.agency_id.in_(_agencies(connection, wanted.agency)))
    if wanted.status:
        query = query.where(line.c.status_code == wanted.status)
    if wanted.start:
        query = query.where(line.c.at >= wanted.start)
    if wanted.end:
        query = query.where(line.c.at < wanted.end)
    if after:
        place = (literal(after.order_at), literal(after.tx), literal(after.position))
        query = query.where(tuple_(*_ORDER) > tuple_(*place))
    return connection.execute(query).all()


def _agencies(connection: Connection, id_or_code: str) -> list[UUID]:
    """The agency of this id, or those that have or had this code."""
    try:
        return [UUID(id_or_code)]
    except ValueError:
        wanted = literal([{"code": id_or_code}], JSONB)
        query = select(agency_entry.c.agency_id).where(agency_entry.c.codes.contains(wanted))
        return list(connection.execute(query.distinct()).scalars())


def traces(connection: Connection, after: Place | None, limit: int) -> Lines:
    """Traces by their first line, newest first, behind `after`."""
    query = select(trace).order_by(trace.c.tx.desc(), trace.c.position.desc()).limit(limit)
    if after:
        before = tuple_(trace.c.tx, trace.c.position) < tuple_(literal(after.tx), after.position)
        query = query.where(before)
    return connection.execute(query).all()


def spans(connection: Connection, trace_ids: Iterable[UUID]) -> Lines:
    """For each trace and agency: how many lines, and the times of the first and last."""
    query = (
        select(
            line.c.trace,
            line.c.agency_id,
            func.count().label("lines"),
            func.min(line.c.at).label("first"),
            func.max(line.c.at).label("last"),
        )
        .where(line.c.trace.in_(list(trace_ids)))
        .group_by(line.c.trace, line.c.agency_id)
    )
    return connection.execute(query).all()


def texts(
    connection: Connection, trace_ids: Iterable[UUID], known: Place | None
) -> dict[UUID, str]:
    """The digest of each trace's text: the newest known one of its first document."""
    facts = document_fact
    query = (
        select(facts.c.trace, facts.c.document_id, facts.c.text)
        .where(facts.c.trace.in_(list(trace_ids)), _known(facts, known))
        .order_by(facts.c.tx, facts.c.position)
    )
    first: dict[UUID, UUID] = {}
    found: dict[UUID, str] = {}
    for row in connection.execute(query):
        if first.setdefault(row.trace, row.document_id) == row.document_id and row.text:
            found[row.trace] = row.text
    return found


@dataclass(frozen=True)
class Replicas:
    """Every known entry behind some lines, oldest first; documents by id and by packet."""

    agencies: Facts
    people: Facts
    positions: Facts
    documents: Facts
    packets: Facts


def replicas(connection: Connection, lines: Lines, known: Place | None) -> Replicas:
    """What the lines' ids stand for."""
    facts = _facts_of(connection, known)
    packets = facts(document_fact, "packet_id", (row.packet_id for row in lines))
    documents = facts(document_fact, "document_id", (row.document_id for row in lines))
    signers = (fact.signer_position_id for some in documents.values() for fact in some)
    agencies = [*(row.agency_id for row in lines), *(row.counterpart_id for row in lines)]
    people = [*(row.person_id for row in lines), *(row.assignee_id for row in lines)]
    posts = [
        *(row.position_id for row in lines),
        *(row.assignee_position_id for row in lines),
        *signers,
    ]
    return Replicas(
        agencies=facts(agency_entry, "agency_id", agencies),
        people=facts(person_entry, "person_id", people),
        positions=facts(position_entry, "position_id", posts),
        documents=documents,
        packets=packets,
    )


def agencies(connection: Connection, ids: Iterable[UUID]) -> Facts:
    """All entries of these agencies, oldest first."""
    return _facts_of(connection, None)(agency_entry, "agency_id", ids)


def consultations(
    connection: Connection,
    agency: str | None,
    person: UUID | None,
    start: datetime | None,
    end: datetime | None,
    after: Step | None,
    limit: int,
) -> Lines:
    """Who looked into the trail, newest first, behind `after`; of one agency, or of all."""
    seen = consultation.c
    order = (seen.at, seen.tx, seen.position)
    query = select(consultation).order_by(*(column.desc() for column in order)).limit(limit)
    if agency is not None:
        query = query.where(seen.agency == agency)
    if person:
        query = query.where(seen.person_id == person)
    if start:
        query = query.where(seen.at >= start)
    if end:
        query = query.where(seen.at < end)
    if after:
        place = (literal(after.order_at), literal(after.tx), literal(after.position))
        query = query.where(tuple_(*order) < tuple_(*place))
    return connection.execute(query).all()


def watchers(connection: Connection, consulted: Lines) -> Replicas:
    """What the ids of people and positions in consultations stand for, asked about or asking."""
    facts = _facts_of(connection, None)
    asked = [UUID(row.asked["person_id"]) for row in consulted if "person_id" in row.asked]
    people = [*(row.person_id for row in consulted), *asked]
    return Replicas(
        agencies={},
        people=facts(person_entry, "person_id", people),
        positions=facts(position_entry, "position_id", (row.position_id for row in consulted)),
        documents={},
        packets={},
    )


def _facts_of(
    connection: Connection, known: Place | None
) -> Callable[[Table, str, Iterable[UUID | None]], Facts]:
    """A way to ask for all known entries of some ids, oldest first."""

    def facts(table: Table, key: str, ids: Iterable[UUID | None]) -> Facts:
        wanted = {one for one in ids if one is not None}
        query = select(table).where(table.c[key].in_(wanted), _known(table, known))
        found: Facts = {}
        for row in connection.execute(query.order_by(table.c.tx, table.c.position)):
            found.setdefault(row._mapping[key], []).append(row)
        return found

    return facts
