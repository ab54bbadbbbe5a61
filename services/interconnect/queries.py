"""What callers may ask of the read models."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, func, select, tuple_

from services.interconnect import tables

Row = dict[str, Any]
TRANSPORTS = ("opened", "sent", "refused", "withdrawn")


def one_dispatch(connection: Connection, document_id: UUID) -> Row | None:
    """The sending of one document."""
    table = tables.dispatch
    row = connection.execute(select(table).where(table.c.dispatch_id == document_id)).first()
    return dict(row._mapping) if row else None


def deliveries(connection: Connection, dispatch_id: UUID) -> list[Row]:
    """Its deliveries with each recipient's name, code and successor, by name."""
    delivery, agency, code = tables.delivery, tables.agency, tables.agency_code
    successor, its_code = agency.alias(), code.alias()
    query = (
        select(
            delivery,
            agency.c.name,
            code.c.code,
            agency.c.closed_on,
            agency.c.successor_id,
            successor.c.name.label("successor_name"),
            its_code.c.code.label("successor_code"),
        )
        .outerjoin(agency, agency.c.agency_id == delivery.c.recipient_id)
        .outerjoin(code, and_(code.c.agency_id == delivery.c.recipient_id, code.c.rank == 0))
        .outerjoin(successor, successor.c.agency_id == agency.c.successor_id)
        .outerjoin(
            its_code, and_(its_code.c.agency_id == agency.c.successor_id, its_code.c.rank == 0)
        )
        .where(delivery.c.dispatch_id == dispatch_id)
        .order_by(agency.c.name, delivery.c.delivery_id)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def received_statuses(connection: Connection, dispatch_id: UUID) -> list[Row]:
    """Every status told of its deliveries in the order of recording, a teller's name with it."""
    table, agency, code = tables.received_status, tables.agency, tables.agency_code
    named = and_(code.c.agency_id == agency.c.agency_id, code.c.rank == 0)
    query = (
        select(table, agency.c.name.label("teller_name"), code.c.code.label("teller_code"))
        .outerjoin(agency, agency.c.agency_id == table.c.teller_id)
        .outerjoin(code, named)
        .where(table.c.dispatch_id == dispatch_id)
        .order_by(table.c.delivery_id, table.c.version)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def dispatches(
    connection: Connection, agency_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """An agency's dispatches, newest first, with the number of deliveries in each state."""
    dispatch, delivery = tables.dispatch, tables.delivery

    def those(state: str) -> Any:
        return func.count().filter(delivery.c.transport == state).label(state)

    query = (
        select(dispatch, *map(those, TRANSPORTS))
        .outerjoin(delivery, delivery.c.dispatch_id == dispatch.c.dispatch_id)
        .where(dispatch.c.agency_id == agency_id)
        .group_by(dispatch.c.dispatch_id)
        .order_by(dispatch.c.opened_at.desc(), dispatch.c.dispatch_id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(dispatch.c.opened_at, dispatch.c.dispatch_id) < after)
    return [dict(row._mapping) for row in connection.execute(query)]


def one_arrival(connection: Connection, packet_id: UUID) -> Row | None:
    """What came in a packet, with its sender's name and the document that was made of it."""
    arrival, agency, incoming = tables.arrival, tables.agency, tables.incoming
    row = connection.execute(
        select(arrival, agency.c.name.label("sender_name"), incoming.c.document_id)
        .outerjoin(agency, agency.c.agency_id == arrival.c.sender_id)
        .outerjoin(incoming, incoming.c.packet_id == arrival.c.packet_id)
        .where(arrival.c.packet_id == packet_id)
    ).first()
    return dict(row._mapping) if row else None


def sent_statuses(connection: Connection, packet_id: UUID) -> list[Row]:
    """What we told about a packet, in order."""
    table = tables.sent_status
    query = select(table).where(table.c.packet_id == packet_id).order_by(table.c.version)
    return [dict(row._mapping) for row in connection.execute(query)]


def desk(connection: Connection, after: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """What came from the axis and could not be taken, newest first."""
    table = tables.desk
    query = select(table).order_by(table.c.arrived_at.desc(), table.c.packet_id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(table.c.arrived_at, table.c.packet_id) < after)
    return [dict(row._mapping) for row in connection.execute(query)]
