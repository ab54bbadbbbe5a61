"""What the service is asked: by its worker, and over HTTP."""

from collections.abc import Collection
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Text, cast, func, or_, select

from services.signatures.events import TrustVersionProposed
from services.signatures.tables import (
    agency,
    certificate,
    device_signing,
    document_file,
    evidence,
    evidence_refused,
    person,
    position,
    refused_list,
    signature,
    to_sign,
    trust_version,
    validation,
    waiting,
)


def agency_name(connection: Connection, agency_id: str) -> str | None:
    """The name on the agency's seal."""
    return connection.execute(
        select(agency.c.name).where(agency.c.agency_id == agency_id)
    ).scalar_one_or_none()


def seals_on(connection: Connection, agency_id: str, day: date) -> list[tuple[str, str | None]]:
    """The certificates of an agency's seal on a day, by fingerprint, each with its name."""
    query = (
        select(certificate.c.fingerprint, agency.c.name)
        .outerjoin(agency, agency.c.agency_id == certificate.c.owner_id)
        .where(certificate.c.owner_id == agency_id, certificate.c.kind == "seal")
        .where(*_valid_on(day))
    )
    return [(row.fingerprint, row.name) for row in connection.execute(query)]


def leaders_on(connection: Connection, agency_id: str, day: date) -> list[tuple[str, str | None]]:
    """Personal certificates on a day of those who then held a position in an agency.

    By fingerprint, each with the digest of the card that holds the person's name.
    """
    held = or_(position.c.valid_from.is_(None), position.c.valid_from <= day)
    query = (
        select(certificate.c.fingerprint, person.c.card)
        .join(position, position.c.person_id == certificate.c.owner_id)
        .outerjoin(person, person.c.person_id == certificate.c.owner_id)
        .where(position.c.agency_id == agency_id, held, certificate.c.kind == "leader")
        .where(*_valid_on(day))
        .distinct()
    )
    return [(row.fingerprint, row.card) for row in connection.execute(query)]


def agencies_of(connection: Connection, fingerprint: str, kind: str, day: date) -> frozenset[str]:
    """For which agencies a certificate might sign on a day: its owner's, or whose seal it is."""
    known = (certificate.c.fingerprint == fingerprint, certificate.c.kind == kind)
    if kind == "seal":
        query = select(certificate.c.owner_id).where(*known, *_valid_on(day))
    else:
        held = or_(position.c.valid_from.is_(None), position.c.valid_from <= day)
        query = (
            select(position.c.agency_id)
            .join(certificate, position.c.person_id == certificate.c.owner_id)
            .where(*known, held, *_valid_on(day))
        )
    return frozenset(map(str, connection.execute(query).scalars()))


def _valid_on(day: date) -> tuple[ColumnElement[bool], ...]:
    return (
        or_(certificate.c.valid_from.is_(None), certificate.c.valid_from <= day),
        or_(certificate.c.valid_to.is_(None), certificate.c.valid_to >= day),
    )


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


def device_signings(connection: Connection, signer_id: str) -> list[dict[str, Any]]:
    """What waits for a person's device, or is being checked; the oldest first."""
    query = (
        select(device_signing)
        .where(cast(device_signing.c.signer_id, Text) == signer_id)
        .where(device_signing.c.state.in_(["opened", "prepared", "returned"]))
        .order_by(device_signing.c.opened_at)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def device_signing_of(connection: Connection, signing_id: UUID) -> dict[str, Any] | None:
    """One order for a device, with what is to be signed once that is made."""
    query = (
        select(device_signing, to_sign.c.prepared)
        .outerjoin(to_sign, to_sign.c.signing_id == device_signing.c.signing_id)
        .where(device_signing.c.signing_id == signing_id)
    )
    row = connection.execute(query).first()
    return dict(row._mapping) if row else None


def leader_certificates(connection: Connection, person_id: UUID) -> frozenset[str]:
    """A person's own certificates, by fingerprint."""
    query = select(certificate.c.fingerprint).where(
        certificate.c.owner_id == person_id, certificate.c.kind == "leader"
    )
    return frozenset(connection.execute(query).scalars())


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
    """A document's file with its newest evidence; None in those columns while it has none.

    `refused` where it will have none.
    """
    query = (
        select(
            document_file,
            *(one for one in evidence.c if one.name != "file"),
            evidence_refused.c.file.is_not(None).label("refused"),
        )
        .outerjoin(evidence, evidence.c.file == document_file.c.file)
        .outerjoin(evidence_refused, evidence_refused.c.file == document_file.c.file)
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


def trust_parts(connection: Connection) -> list[TrustVersionProposed]:
    """The store's parts: for each source the version that was approved last, ended or not."""
    names = [field.name for field in fields(TrustVersionProposed)]
    query = (
        select(*(trust_version.c[name] for name in names))
        .where(trust_version.c.state == "approved")
        .distinct(trust_version.c.source)
        .order_by(trust_version.c.source, trust_version.c.number.desc())
    )
    rows = [dict(row._mapping) for row in connection.execute(query)]
    return [
        TrustVersionProposed(**{**row, "certificates": tuple(row["certificates"])}) for row in rows
    ]


def trust_versions(connection: Connection) -> list[dict[str, Any]]:
    """All proposals, the newest first, without their certificates."""
    columns = [one for one in trust_version.c if one.name not in ("certificates", "bundle")]
    query = select(*columns).order_by(trust_version.c.proposed_at.desc()).limit(200)
    return [dict(row._mapping) for row in connection.execute(query)]


def trust_version_of(connection: Connection, version_id: UUID) -> dict[str, Any] | None:
    """One proposal."""
    query = select(trust_version).where(trust_version.c.version_id == version_id)
    row = connection.execute(query).first()
    return dict(row._mapping) if row else None


def refused_lists(connection: Connection) -> list[dict[str, Any]]:
    """Published lists that were not taken, the newest first."""
    query = select(refused_list).order_by(refused_list.c.refused_at.desc()).limit(50)
    return [dict(row._mapping) for row in connection.execute(query)]
