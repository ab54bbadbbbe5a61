"""What the directory can be asked."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, exists, or_, select, tuple_
from sqlalchemy import literal as value

from services.directory.forecast import Held
from services.directory.tables import (
    agency,
    certificate,
    certificate_request,
    client,
    client_secret,
    device,
    person,
    position,
)

OPEN = ("filed", "forwarded")
INSIDE = "inside"
# Who may sign: a leader, or whoever signs for one (KT., TL., TUQ.).
_SIGNS = or_(value("leader") == position.c.roles.any_(), position.c.authority != "")


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


def one_certificate(
    connection: Connection, owner_id: UUID, certificate_id: UUID | None
) -> dict[str, Any] | None:
    """One certificate of an owner."""
    query = select(certificate).where(
        certificate.c.owner_id == owner_id, certificate.c.certificate_id == certificate_id
    )
    return _first(connection, query)


def requests_of(connection: Connection, owner_id: UUID) -> list[dict[str, Any]]:
    """A subscriber's requests, newest first."""
    query = (
        select(certificate_request)
        .where(certificate_request.c.owner_id == owner_id)
        .order_by(certificate_request.c.filed_on.desc(), certificate_request.c.request_id)
    )
    return _all(connection, query)


def one_request(connection: Connection, owner_id: UUID, request_id: UUID) -> dict[str, Any] | None:
    """One request of a subscriber."""
    query = select(certificate_request).where(
        certificate_request.c.owner_id == owner_id, certificate_request.c.request_id == request_id
    )
    return _first(connection, query)


def open_requests(
    connection: Connection, agency_id: UUID | None, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Requests that wait for their answer, the oldest first; those of one agency, or of all.

    `after` is the id behind which the page begins; behind an unknown one there is nothing.
    """
    number = cast(certificate_request.c.request_id, Text)
    query = (
        select(certificate_request)
        .where(certificate_request.c.state.in_(OPEN))
        .order_by(certificate_request.c.filed_on, number)
        .limit(limit)
    )
    if agency_id is not None:
        query = query.where(certificate_request.c.agency_id == agency_id)
    if after is not None:
        last = select(certificate_request.c.filed_on).where(number == after).scalar_subquery()
        query = query.where(tuple_(certificate_request.c.filed_on, number) > tuple_(last, after))
    return _all(connection, query)


def devices_of(connection: Connection, owner_id: UUID) -> list[dict[str, Any]]:
    """A subscriber's devices, those in hand first."""
    query = (
        select(device)
        .where(device.c.owner_id == owner_id)
        .order_by(device.c.ended_on.is_not(None), device.c.handed_on.desc(), device.c.device)
    )
    return _all(connection, query)


def card_of(connection: Connection, person_id: UUID) -> str | None:
    """The digest of a person's card."""
    query = select(person.c.card).where(person.c.person_id == person_id)
    return connection.execute(query).scalar()


def agencies_of(connection: Connection, owner_id: UUID) -> list[UUID]:
    """The agencies whose business a subscriber's certificates are: itself, or where one works."""
    query = (
        select(agency.c.agency_id)
        .where(agency.c.agency_id == owner_id)
        .union(select(position.c.agency_id).where(position.c.person_id == owner_id))
    )
    return list(connection.execute(query).scalars())


def signing_positions(connection: Connection, day: date) -> list[dict[str, Any]]:
    """Positions with the authority to sign in agencies inside, and whether a certificate is there.

    `covered` says so; else `last_*` tell of the person's certificate that lasted longest.
    """
    mine = and_(certificate.c.owner_id == position.c.person_id, certificate.c.kind == "leader")
    covered = exists(
        select(certificate.c.certificate_id).where(
            mine,
            certificate.c.valid_from <= day,
            certificate.c.valid_to >= day,
            or_(certificate.c.ended_on.is_(None), certificate.c.ended_on > day),
        )
    )
    last = (
        select(
            certificate.c.valid_from.label("last_from"),
            certificate.c.valid_to.label("last_to"),
            certificate.c.ended.label("last_ended"),
        )
        .where(mine)
        .order_by(certificate.c.valid_to.desc())
        .limit(1)
        .lateral()
    )
    query = (
        select(
            position.c.agency_id,
            position.c.person_id,
            position.c.position_id,
            position.c.unit,
            position.c.title,
            agency.c.name,
            agency.c.tier,
            person.c.card,
            covered.label("covered"),
            last,
        )
        .join(agency, agency.c.agency_id == position.c.agency_id)
        .join(person, person.c.person_id == position.c.person_id)
        .outerjoin(last, value(True))
        .where(agency.c.channel == INSIDE, _open(day), position.c.valid_from <= day, _SIGNS)
        .order_by(agency.c.tier, agency.c.name, agency.c.agency_id, position.c.title)
    )
    return _all(connection, query)


def held_certificates(connection: Connection, day: date) -> list[Held]:
    """Every certificate that has not ended, without those of agencies that are closed on a day.

    Nor of people who work in such agencies alone.
    """
    mine = position.c.person_id == certificate.c.owner_id
    here = agency.c.agency_id == position.c.agency_id
    closed = exists().where(agency.c.agency_id == certificate.c.owner_id, ~_open(day))
    works = exists().where(mine)
    works_on = exists().where(mine, here, _open(day))
    query = select(
        certificate.c.certificate_id,
        certificate.c.owner_id,
        certificate.c.kind,
        certificate.c.valid_to,
        certificate.c.issuer_key,
        certificate.c.subject_key,
        certificate.c.authority,
    ).where(certificate.c.ended.is_(None), ~closed, or_(~works, works_on))
    return [Held(**row._mapping) for row in connection.execute(query)]


def _open(day: date) -> ColumnElement[bool]:
    """Whether an agency works on that day."""
    return or_(agency.c.closed_on.is_(None), agency.c.closed_on >= day)


def subscribers_shown(
    connection: Connection, owners: Sequence[UUID]
) -> tuple[dict[UUID, str], dict[UUID, list[str]], dict[UUID, str]]:
    """Of owners: the names of agencies, the agencies' names of people, the cards of people."""
    names = select(agency.c.agency_id, agency.c.name).where(agency.c.agency_id.in_(owners))
    works = (
        select(position.c.person_id, agency.c.tier, agency.c.name)
        .join(agency, agency.c.agency_id == position.c.agency_id)
        .where(position.c.person_id.in_(owners))
        .distinct()
        .order_by(agency.c.tier, agency.c.name)
    )
    cards = select(person.c.person_id, person.c.card).where(person.c.person_id.in_(owners))
    places: dict[UUID, list[str]] = {}
    for row in connection.execute(works):
        places.setdefault(row.person_id, []).append(row.name)
    return (
        {row.agency_id: row.name for row in connection.execute(names)},
        places,
        {row.person_id: row.card for row in connection.execute(cards)},
    )


def asked_renewals(connection: Connection) -> dict[tuple[UUID, str], str]:
    """By owner and kind: the state of the open request for another certificate."""
    query = select(
        certificate_request.c.owner_id, certificate_request.c.kind, certificate_request.c.state
    ).where(
        certificate_request.c.state.in_(OPEN),
        certificate_request.c.act.in_(("issue", "renew", "change")),
    )
    return {(row.owner_id, row.kind): row.state for row in connection.execute(query)}


def _all(connection: Connection, query: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _first(connection: Connection, query: Any) -> dict[str, Any] | None:
    row = connection.execute(query).first()
    return dict(row._mapping) if row else None
