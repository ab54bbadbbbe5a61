"""What the directory can be asked to do. Each entry is made once; the same again does nothing."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.directory.events import AgencyCode


@dataclass(frozen=True)
class RegisterAgency:
    """Enter an agency."""

    agency_id: UUID
    tier: int
    name: str
    place: str
    channel: str
    codes: tuple[AgencyCode, ...]
    short_sign: str
    refuse_invalid: bool = False
    parent_id: UUID | None = None


@dataclass(frozen=True)
class RegisterPerson:
    """Enter a person by the digest of the card that holds the name."""

    person_id: UUID
    card: str


@dataclass(frozen=True)
class AssignPosition:
    """Give a person a position in an agency."""

    position_id: UUID
    person_id: UUID
    agency_id: UUID
    unit: str
    title: str
    authority: str
    roles: tuple[str, ...]
    valid_from: date


@dataclass(frozen=True)
class RegisterCertificate:
    """Enter a certificate of a leader, of a seal or of a service key."""

    certificate_id: UUID
    owner_id: UUID
    kind: str
    fingerprint: str
    file: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class RegisterClient:
    """Give an agency's machine an account."""

    client_id: str
    agency_id: UUID
    roles: tuple[str, ...]
