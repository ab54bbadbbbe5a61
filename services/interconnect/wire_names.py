"""Under which DocumentIds packets of the axis have brought documents.

Written in the transaction of the arrival, so it never lags behind what is decided here.
"""

from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.interconnect.tables import wire_name


def remember(
    connection: Connection,
    sender_id: UUID,
    recipient_id: UUID,
    foreign_id: str,
    business: str,
    packet_id: UUID,
) -> None:
    """Keep the first packet that brought this business under this DocumentId.

    Waits for another transaction that is about to say the same.
    """
    row = insert(wire_name).values(
        sender_id=sender_id,
        recipient_id=recipient_id,
        foreign_id=foreign_id,
        business=business,
        packet_id=packet_id,
    )
    connection.execute(row.on_conflict_do_nothing())


def businesses_of(
    connection: Connection,
    sender_id: UUID,
    recipient_id: UUID,
    foreign_id: str,
    packet_id: UUID,
) -> set[str]:
    """What packets other than this one have brought to the recipient under this DocumentId."""
    names = wire_name.c
    found = connection.execute(
        select(names.business)
        .where(names.sender_id == sender_id, names.recipient_id == recipient_id)
        .where(names.foreign_id == foreign_id, names.packet_id != packet_id)
    )
    return set(found.scalars())
