"""What documents are called in packets: those that came by the axis, and our own.

Written in the transaction of the arrival or of the packet's writing, so that it never lags behind
what is decided here, as read models do.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.interconnect.tables import sent_name, wire_name


def remember(
    connection: Connection,
    sender_id: UUID,
    recipient_id: UUID,
    foreign_id: str,
    business: str,
    packet_id: UUID,
) -> None:
    """Keep that a packet of the axis brought this business under this DocumentId."""
    row = insert(wire_name).values(
        sender_id=sender_id,
        recipient_id=recipient_id,
        foreign_id=foreign_id,
        business=business,
        packet_id=packet_id,
    )
    connection.execute(row.on_conflict_do_nothing())


def arrivals(
    connection: Connection, sender_id: UUID, recipient_id: UUID, foreign_ids: Collection[str]
) -> Sequence[UUID]:
    """The packets that brought the recipient something under these DocumentIds."""
    names = wire_name.c
    return (
        connection.execute(
            select(names.packet_id)
            .where(names.sender_id == sender_id, names.recipient_id == recipient_id)
            .where(names.foreign_id.in_(foreign_ids))
        )
        .scalars()
        .all()
    )


def remember_sent(
    connection: Connection, agency_id: UUID, foreign_id: str, dispatch_id: UUID
) -> None:
    """Keep by which DocumentId an agency of ours sends a document."""
    row = insert(sent_name).values(
        foreign_id=foreign_id, agency_id=agency_id, dispatch_id=dispatch_id
    )
    connection.execute(row.on_conflict_do_nothing())


def dispatches(connection: Connection, foreign_id: str) -> list[UUID]:
    """The dispatches of documents of ours by this name."""
    names = sent_name.c
    found = select(names.dispatch_id).where(names.foreign_id == foreign_id)
    return list(connection.execute(found.order_by(names.dispatch_id)).scalars())


def own_dispatches(
    connection: Connection, foreign_ids: Sequence[str], agency_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """By agency, the dispatch that went out from it under the first of these DocumentIds."""
    if not foreign_ids:
        return {}
    names = sent_name.c
    found = connection.execute(
        select(names.foreign_id, names.agency_id, names.dispatch_id)
        .where(names.foreign_id.in_(foreign_ids))
        .order_by(names.dispatch_id)
    )
    wanted = set(agency_ids)
    rows = [row for row in found if row.agency_id in wanted]
    rows.sort(key=lambda row: foreign_ids.index(row.foreign_id), reverse=True)
    return {row.agency_id: row.dispatch_id for row in rows}
