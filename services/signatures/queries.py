"""What the service is asked: by its worker, and over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from services.signatures.tables import (
    agency,
    certificate,
    document_file,
    evidence,
    position,
    signature,
    validation,
    waiting,
)


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


def renewals_due(
    connection: Connection, now: datetime, after: str, limit: int
) -> list[dict[str, Any]]:
    """Files behind `after` (in the order of digests) whose evidence is to be renewed by now."""
    query = (
        select(evidence.c.file, evidence.c.evidence)
        .where(evidence.c.renew_at <= now, evidence.c.file > after)
        .order_by(evidence.c.file)
        .limit(limit)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def evidence_of(connection: Connection, document_id: UUID) -> dict[str, Any] | None:
    """A document's file with its newest evidence; None in those columns while it has none."""
    query = (
        select(document_file, *(one for one in evidence.c if one.name != "file"))
        .outerjoin(evidence, evidence.c.file == document_file.c.file)
        .where(document_file.c.document_id == document_id)
    )
    row = connection.execute(query).first()
    return dict(row._mapping) if row else None


def backlog(connection: Connection, now: datetime) -> dict[str, tuple[int, datetime | None]]:
    """What is still to come: how many, and since when the first of them."""
    rows = connection.execute(
        select(waiting.c.what, func.count(), func.min(waiting.c.since)).group_by(waiting.c.what)
    )
    found = {row[0]: (row[1], row[2]) for row in rows}
    due = select(func.count(), func.min(evidence.c.renew_at)).where(evidence.c.renew_at <= now)
    number, since = connection.execute(due).one()
    nothing = (0, None)
    return {
        "evidence": found.get("evidence", nothing),
        "verdict": found.get("verdict", nothing),
        "renewal": (number, since),
    }
