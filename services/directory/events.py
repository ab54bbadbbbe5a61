"""The directory's events. Names of people are not in them: a card blob holds those."""

from dataclasses import dataclass
from datetime import date, datetime
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
class AgencyClosed:
    """An agency ended (giải thể, sáp nhập); its codes stay its own, for older documents."""

    agency_id: UUID
    closed_on: date
    successor_id: UUID | None = None


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
    """A certificate (chứng thư số) was entered: of a leader, a seal, a service or an authority.

    `device` is the token that holds the key, empty without one; `issuer_key` and `subject_key` are
    the key identifiers by which chains are found (RFC 5280, 4.2.1.1 and 4.2.1.2).
    """

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
class CertificateRequestFiled:
    """An agency asked for an act on a certificate (văn bản đề nghị); `form` is a blob's digest."""

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
class CertificateRequestForwarded:
    """The managing body sent the request on to the authority."""

    request_id: UUID
    owner_id: UUID
    reference: str
    forwarded_on: date


@dataclass(frozen=True)
class CertificateRequestRefused:
    """The managing body or the authority refused the request; `note` is the reason's blob."""

    request_id: UUID
    owner_id: UUID
    note: str


@dataclass(frozen=True)
class CertificateRevoked:
    """A certificate was revoked (thu hồi chứng thư); nothing is signed with it any more."""

    certificate_id: UUID
    owner_id: UUID
    reason_code: str
    revoked_at: datetime
    request_id: UUID | None = None


@dataclass(frozen=True)
class DeviceHandedOver:
    """A device with a private key (thiết bị lưu khóa bí mật) was handed to its holder."""

    device: str
    owner_id: UUID
    kind: str
    receiver_id: UUID
    permission: str
    handed_on: date


@dataclass(frozen=True)
class DeviceReturned:
    """A device came back; the certificates on it are not used any more."""

    device: str
    owner_id: UUID
    kind: str
    certificates: tuple[UUID, ...]
    reason_code: str
    returned_on: date


@dataclass(frozen=True)
class DeviceLost:
    """A device was reported lost; the certificates on it are not used any more."""

    device: str
    owner_id: UUID
    kind: str
    certificates: tuple[UUID, ...]
    lost_on: date


@dataclass(frozen=True)
class DeviceRecovered:
    """A device that wrong PINs had locked works again (khôi phục thiết bị)."""

    device: str
    owner_id: UUID
    request_id: UUID | None = None


@dataclass(frozen=True)
class ClientRegistered:
    """A machine client of an agency was given an account."""

    client_id: str
    agency_id: UUID
    roles: tuple[str, ...]


EVENTS: dict[str, type] = {
    "AgencyRegistered": AgencyRegistered,
    "AgencyClosed": AgencyClosed,
    "PersonRegistered": PersonRegistered,
    "PositionAssigned": PositionAssigned,
    "CertificateRegistered": CertificateRegistered,
    "CertificateRequestFiled": CertificateRequestFiled,
    "CertificateRequestForwarded": CertificateRequestForwarded,
    "CertificateRequestRefused": CertificateRequestRefused,
    "CertificateRevoked": CertificateRevoked,
    "DeviceHandedOver": DeviceHandedOver,
    "DeviceReturned": DeviceReturned,
    "DeviceLost": DeviceLost,
    "DeviceRecovered": DeviceRecovered,
    "ClientRegistered": ClientRegistered,
}
