"""What the directory can be asked."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Text, cast, select

from services.directory.tables import agency, certificate, client, client_secret, person, position


def agencies(connection: Connection, after: str | None, limit: int) -> list[dict[str, Any]]:
    """Agencies in the order of their ids as text, behind `after`."""
    key = cast(agency.c.agency_id, Text)
    query = select(agency).order_by(key).limit(limit)
    if after is not None:
        query = query.where(key > after)
    return [dict(row._mapping) for row in connection.execute(query)]


def one_agency(connection: Connection, agency_id: UUID) -> dict[str, Any] | None:
    """One agency's entry."""
    row = connection.execute(select(agency).where(agency.c.agency_id == agency_id)).first()
    return dict(row._mapping) if row else None


def positions_of(connection: Connection, agency_id: UUID) -> list[dict[str, Any]]:
    """The positions of an agency, with each holder's card."""
    query = (
        select(position, person.c.card)
        .join(person, person.c.person_id == position.c.person_id)
        .where(position.c.agency_id == agency_id)
        .order_by(position.c.unit, position.c.title, position.c.position_id)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def certificates_of(connection: Connection, owner_id: UUID) -> list[dict[str, Any]]:
    """The certificates of a person or an agency, newest first."""
    query = (
        select(certificate)
        .where(certificate.c.owner_id == owner_id)
        .order_by(certificate.c.valid_from.desc(), certificate.c.certificate_id)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def client_with_secret(connection: Connection, client_id: str) -> dict[str, Any] | None:
    """A machine client with its salt and hash, for the token endpoint alone."""
    row = connection.execute(
        select(client, client_secret.c.salt, client_secret.c.hash)
        .join(client_secret, client_secret.c.client_id == client.c.client_id)
        .where(client.c.client_id == client_id)
    ).first()
    return dict(row._mapping) if row else None
