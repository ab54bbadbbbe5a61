"""What jobs, policies and the poller ask of the replicas and of our own read models."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, and_, any_, cast, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from libs.db import Database
from libs.eventstore import EventStore
from libs.messaging.positions import Positions
from services.interconnect import tables
from services.interconnect.errors import NotKnownYet
from services.interconnect.journal import dispatch_stream

T = TypeVar("T")
WAIT_SECONDS = 2.0
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Party:
    """An agency as a packet names it. `code` is empty when it has none on that day."""

    agency_id: UUID
    code: str
    name: str
    superior: str
    place: str
    channel: str
    closed_on: date | None = None

    def open_on(self, day: date) -> bool:
        """Whether the agency is still there on that day."""
        return self.closed_on is None or day <= self.closed_on


@dataclass(frozen=True)
class Official:
    """Who acted, and in what position; empty where it is not known."""

    card: str = ""
    unit: str = ""
    title: str = ""
    authority: str = ""


def wait_for(database: Database, what: str, probe: Callable[[Connection], T | None]) -> T:
    """The probe's first answer within two seconds; raises `NotKnownYet`, so the job comes again.

    Replicas and policies are fed apart: a job may run before the row that it needs.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        with database.unit() as unit:
            found = probe(unit.connection)
        if found is not None:
            return found
        if time.monotonic() >= deadline:
            raise NotKnownYet(what)
        time.sleep(_PAUSE_SECONDS)


def caught_up(connection: Connection, category: str) -> bool:
    """Whether the replicas hold everything that is committed in the category.

    Also what an older transaction still hides from every reader: it has happened. An event that
    waits for another try lies behind the position and is not held yet.
    """
    mine = Positions(connection, "interconnect.projections")
    newest = EventStore(connection).newest(category)
    return mine.all()[category].place >= newest and not mine.awaits(category)


def party(connection: Connection, agency_id: UUID, on: date) -> Party | None:
    """The agency with the code that it emits on that day: the first that holds then."""
    return parties(connection, [agency_id], on).get(agency_id)


def parties(connection: Connection, agency_ids: Sequence[UUID], on: date) -> dict[UUID, Party]:
    """Those of these agencies that are known, each as `party` gives it."""
    agency, superior, code = tables.agency, tables.agency.alias(), tables.agency_code
    holds = and_(
        code.c.agency_id == agency.c.agency_id,
        code.c.valid_from <= on,
        or_(code.c.valid_to.is_(None), code.c.valid_to >= on),
    )
    found = connection.execute(
        select(agency, superior.c.name.label("superior"), code.c.code)
        .ext(distinct_on(agency.c.agency_id))
        .outerjoin(superior, superior.c.agency_id == agency.c.parent_id)
        .outerjoin(code, holds)
        .where(agency.c.agency_id == any_(_ids(agency_ids)))
        .order_by(agency.c.agency_id, code.c.rank)
    )
    return {
        row.agency_id: Party(
            agency_id=row.agency_id,
            code=row.code or "",
            name=row.name,
            superior=row.superior or "",
            place=row.place,
            channel=row.channel,
            closed_on=row.closed_on,
        )
        for row in found
    }


def agency_by_code(connection: Connection, code: str) -> Any:
    """The agency (`agency_id`, `channel`, `closed_on`) that is or was addressed by this code.

    Codes are never given to another agency, so an old one still finds its own; where a directory
    did so all the same, the code in force is preferred.
    """
    agency, known = tables.agency, tables.agency_code
    return connection.execute(
        select(agency.c.agency_id, agency.c.channel, agency.c.closed_on)
        .join(known, known.c.agency_id == agency.c.agency_id)
        .where(known.c.code == code)
        .order_by(known.c.valid_to.desc().nulls_first(), known.c.valid_from.desc())
        .limit(1)
    ).first()


def predecessors(connection: Connection, agency_id: UUID) -> list[UUID]:
    """The agencies that have ended, and whose work is this one's now; the nearest first."""
    agency = tables.agency
    found: list[UUID] = []
    heirs = [agency_id]
    while heirs:
        query = select(agency.c.agency_id).where(agency.c.successor_id == any_(_ids(heirs)))
        ended = connection.execute(query.order_by(agency.c.agency_id)).scalars()
        heirs = [each for each in ended if each not in found and each != agency_id]
        found += heirs
    return found


def official(connection: Connection, person_id: UUID, position_id: UUID | None) -> Official | None:
    """A person's card, and the position in which the person acted."""
    person, position = tables.person, tables.position
    at = and_(position.c.person_id == person.c.person_id, position.c.position_id == position_id)
    found = connection.execute(
        select(person.c.card, position.c.unit, position.c.title, position.c.authority)
        .outerjoin(position, at)
        .where(person.c.person_id == person_id)
    ).first()
    if found is None or (position_id is not None and found.unit is None):
        return None
    return Official(found.card, found.unit or "", found.title or "", found.authority or "")


def incoming(connection: Connection, document_id: UUID) -> Any:
    """How the sender of one of our incoming documents calls it."""
    table = tables.incoming
    return connection.execute(select(table).where(table.c.document_id == document_id)).first()


def prepared_dispatch(connection: Connection, dispatch_id: UUID) -> Any:
    """The dispatch, once its packet is written."""
    table = tables.dispatch
    prepared = and_(table.c.dispatch_id == dispatch_id, table.c.foreign_id.is_not(None))
    return connection.execute(select(table).where(prepared)).first()


def never_left(connection: Connection, dispatch_id: UUID) -> bool:
    """Whether a dispatch came to its end without a packet: nobody was reachable, or two people
    refused to send it."""
    if not recipients_of(connection, dispatch_id):
        return False
    # A packet is told of in the append that opens the deliveries; the replica may have one alone.
    told = EventStore(connection).read(dispatch_stream(dispatch_id))
    return all(event.type != "PacketPrepared" for event in told)


def recipients_of(connection: Connection, dispatch_id: UUID) -> list[UUID]:
    """The recipients whose deliveries were opened, in a fixed order."""
    table = tables.delivery
    query = select(table.c.recipient_id).where(table.c.dispatch_id == dispatch_id)
    return list(connection.execute(query.order_by(table.c.recipient_id)).scalars())


def codes_of(connection: Connection, agency_id: UUID) -> set[str]:
    """Every code under which the agency is or was addressed."""
    return codes_of_each(connection, [agency_id]).get(agency_id, set())


def codes_of_each(connection: Connection, agency_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Every code of each of these agencies that has one."""
    table = tables.agency_code
    query = select(table.c.agency_id, table.c.code)
    found: dict[UUID, set[str]] = {}
    for row in connection.execute(query.where(table.c.agency_id == any_(_ids(agency_ids)))):
        found.setdefault(row.agency_id, set()).add(row.code)
    return found


def arrival(connection: Connection, packet_id: UUID) -> Any:
    """What came in a packet."""
    table = tables.arrival
    return connection.execute(select(table).where(table.c.packet_id == packet_id)).first()


def service_certificates(connection: Connection, agency_id: UUID) -> list[str]:
    """The digests of the certificates (PEM) of an agency's service keys."""
    table = tables.service_certificate
    return list(
        connection.execute(select(table.c.file).where(table.c.agency_id == agency_id)).scalars()
    )


def knows_envelopes(connection: Connection, agency_id: UUID) -> bool:
    """Whether an agency takes our envelope in a status packet.

    It is inside this installation, or the directory has a service certificate of it, or envelopes
    have come from it.
    """
    agency = tables.agency
    inside = select(agency.c.agency_id).where(agency.c.channel == "inside")
    ways = (
        inside.where(agency.c.agency_id == agency_id),
        *(
            select(table.c.agency_id).where(table.c.agency_id == agency_id)
            for table in (tables.service_certificate, tables.envelope_sender)
        ),
    )
    return bool(connection.execute(select(or_(*(way.exists() for way in ways)))).scalar())


def unregistered(connection: Connection, on: date) -> Sequence[Any]:
    """Codes in force of our own agencies that the axis was not told, or under another name."""
    agency, code, told = tables.agency, tables.agency_code, tables.axis_registration
    same = and_(
        told.c.code == code.c.code,
        told.c.agency_id == agency.c.agency_id,
        told.c.name == agency.c.name,
    )
    return connection.execute(
        select(agency.c.agency_id, agency.c.parent_id, agency.c.name, code.c.code)
        .join(code, code.c.agency_id == agency.c.agency_id)
        .outerjoin(told, same)
        .where(agency.c.channel == "inside", told.c.code.is_(None))
        .where(or_(agency.c.closed_on.is_(None), agency.c.closed_on >= on))
        .where(code.c.valid_from <= on)
        .where(or_(code.c.valid_to.is_(None), code.c.valid_to >= on))
        .order_by(agency.c.agency_id, code.c.rank)
    ).all()


def remember_registration(connection: Connection, row: Any) -> None:
    """Note that the axis knows this code of our agency under this name."""
    told = insert(tables.axis_registration).values(
        code=row.code, agency_id=row.agency_id, name=row.name
    )
    changes = {"agency_id": told.excluded.agency_id, "name": told.excluded.name}
    connection.execute(told.on_conflict_do_update(index_elements=["code"], set_=changes))


def _ids(ids: Sequence[UUID]) -> Any:
    """Ids as one parameter, however many they are."""
    return cast(list(ids), ARRAY(UUID_TYPE(as_uuid=True)))
