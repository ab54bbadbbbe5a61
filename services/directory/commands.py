"""What the directory can be asked to do. Each entry is made once; the same again does nothing."""

from dataclasses import dataclass
from datetime import date, datetime
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
class CloseAgency:
    """Enter that an agency ended; `closed_on` is its last day."""

    agency_id: UUID
    closed_on: date
    successor_id: UUID | None = None


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
    """Enter a certificate; with `request_id` it is the answer to that request."""

    certificate_id: UUID
    owner_id: UUID
    kind: str
    fingerprint: str
    file: str
    valid_from: date
    valid_to: date
    request_id: UUID | None = None
    device: str = ""
    issuer_key: str = ""
    subject_key: str = ""
    authority: str = ""


@dataclass(frozen=True)
class FileRequest:
    """Ask the authority for an act: issue, renew, change, revoke, or recover a locked device."""

    request_id: UUID
    owner_id: UUID
    agency_id: UUID
    act: str
    kind: str
    form: str
    filed_on: date
    certificate_id: UUID | None = None
    device: str = ""
    reason_code: str = ""


@dataclass(frozen=True)
class ForwardRequest:
    """Send a request on to the authority under a document's number and sign."""

    request_id: UUID
    owner_id: UUID
    reference: str
    forwarded_on: date


@dataclass(frozen=True)
class RefuseRequest:
    """Refuse a request; `note` is the digest of the reason's blob."""

    request_id: UUID
    owner_id: UUID
    note: str


@dataclass(frozen=True)
class RevokeCertificate:
    """Enter that the authority revoked a certificate."""

    certificate_id: UUID
    owner_id: UUID
    reason_code: str
    revoked_at: datetime


@dataclass(frozen=True)
class HandOverDevice:
    """Hand a device to its holder; `permission` names the document that allows it."""

    device: str
    owner_id: UUID
    kind: str
    receiver_id: UUID
    permission: str
    handed_on: date


@dataclass(frozen=True)
class ReturnDevice:
    """Take a device back."""

    device: str
    owner_id: UUID
    reason_code: str
    returned_on: date


@dataclass(frozen=True)
class ReportLost:
    """Report that a device is lost."""

    device: str
    owner_id: UUID
    lost_on: date


@dataclass(frozen=True)
class RecoverDevice:
    """Enter that the authority recovered a locked device."""

    device: str
    owner_id: UUID


@dataclass(frozen=True)
class RegisterClient:
    """Give an agency's machine an account."""

    client_id: str
    agency_id: UUID
    roles: tuple[str, ...]
