"""What the service is asked: by its worker, and over HTTP."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from services.signatures.tables import agency, certificate, position, signature, validation


def agency_name(connection: Connection, agency_id: str) -> str | None:
    """The name on the agency's seal."""
    return connection.execute(
        select(agency.c.name).where(agency.c.agency_id == agency_id)
    ).scalar_one_or_none()


def seal_fingerprints(connection: Connection, agency_id: str) -> frozenset[str]:
    """The certificates of an agency's seal."""
    query = select(certificate.c.fingerprint).where(
        certificate.c.owner_id == agency_id, certificate.c.kind == "seal"
    )
    return frozenset(connection.execute(query).scalars())


def leader_fingerprints(connection: Connection, agency_id: str) -> frozenset[str]:
    """The personal certificates of people who hold a position in an agency."""
    query = (
        select(certificate.c.fingerprint)
        .join(position, position.c.person_id == certificate.c.owner_id)
        .where(position.c.agency_id == agency_id, certificate.c.kind == "leader")
    )
    return frozenset(connection.execute(query).scalars())


def what_ended(connection: Connection, fingerprints: Collection[str]) -> str | None:
    """Why one of these certificates may not sign any more; None when the directory says nothing."""
    query = select(certificate.c.ended).where(
        certificate.c.fingerprint.in_(fingerprints), certificate.c.ended.is_not(None)
    )
    return connection.execute(query).scalars().first()


def signatures_of(connection: Connection, document_id: UUID) -> list[dict[str, Any]]:
    """The signatures made on a document, in order."""
    query = (
        select(signature)
        .where(signature.c.document_id == document_id)
        .order_by(signature.c.signed_at, signature.c.position)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def validation_of(connection: Connection, validation_id: UUID) -> dict[str, Any] | None:
    """A verdict, with the digest of its report."""
    query = select(validation).where(validation.c.validation_id == validation_id)
    row = connection.execute(query).first()
    return dict(row._mapping) if row else None
