"""The directory's events. Names of people are not in them: a card blob holds those."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class AgencyCode:
    """A code (mã định danh) under which an agency is or was addressed."""

    code: str
    scheme: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class AgencyRegistered:
    """An agency with a seal of its own (đơn vị có con dấu riêng) became known."""

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
class PersonRegistered:
    """A person became known; `card` is the digest of the blob with the name."""

    person_id: UUID
    card: str


@dataclass(frozen=True)
class PositionAssigned:
    """A person took up a position (chức vụ) in a unit of an agency."""

    position_id: UUID
    person_id: UUID
    agency_id: UUID
    unit: str
    title: str
    authority: str
    roles: tuple[str, ...]
    valid_from: date


@dataclass(frozen=True)
class CertificateRegistered:
    """A leader's certificate, or that of an agency's seal or service key, was entered."""

    certificate_id: UUID
    owner_id: UUID
    kind: str
    fingerprint: str
    file: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class ClientRegistered:
    """A machine client of an agency was given an account."""

    client_id: str
    agency_id: UUID
    roles: tuple[str, ...]


EVENTS: dict[str, type] = {
    "AgencyRegistered": AgencyRegistered,
    "PersonRegistered": PersonRegistered,
    "PositionAssigned": PositionAssigned,
    "CertificateRegistered": CertificateRegistered,
    "ClientRegistered": ClientRegistered,
}
