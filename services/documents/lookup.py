"""How senders call the documents that came from them: what an arrival and an answer must know.

Written in the transaction of the arrival, so it never lags behind what is decided here; whoever
decides by it holds the sender's documents first (`superseding.hold`).
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.documents.tables import wire_name


def remember_names(
    connection: Connection,
    agency_id: UUID,
    sender_id: UUID,
    document_id: UUID,
    foreign_id: str,
    supersedes: Sequence[str],
) -> None:
    """Keep the DocumentId of an arrival, and those that it supersedes; a repeat changes nothing."""
    common = {"agency_id": agency_id, "sender_id": sender_id, "document_id": document_id}
    names = {(foreign_id, False), *((each, True) for each in supersedes)}
    rows = [{**common, "foreign_id": name, "superseded": old} for name, old in sorted(names)]
    connection.execute(insert(wire_name).values(rows).on_conflict_do_nothing())


def called(
    connection: Connection, agency_id: UUID, sender_id: UUID, foreign_ids: Sequence[str]
) -> list[UUID]:
    """The arrivals that this sender calls by one of these names, in a fixed order."""
    return _documents(connection, agency_id, sender_id, foreign_ids, superseded=False)


def superseding(
    connection: Connection, agency_id: UUID, sender_id: UUID, foreign_id: str
) -> list[UUID]:
    """The arrivals that, by this sender's word, supersede the one of this name."""
    return _documents(connection, agency_id, sender_id, [foreign_id], superseded=True)


def _documents(
    connection: Connection,
    agency_id: UUID,
    sender_id: UUID,
    foreign_ids: Sequence[str],
    *,
    superseded: bool,
) -> list[UUID]:
    names = wire_name.c
    query = (
        select(names.document_id)
        .where(names.agency_id == agency_id, names.sender_id == sender_id)
        .where(names.foreign_id.in_(foreign_ids), names.superseded == superseded)
        .order_by(names.document_id)
    )
    return list(connection.execute(query).scalars())
