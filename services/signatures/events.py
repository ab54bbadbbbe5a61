"""The signatures service's events."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class SignatureMade:
    """One signature (chữ ký số) was put on a file; the bytes before are a prefix of those after."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    role: str
    owner_id: UUID
    certificate: str
    level: str
    signed_at: datetime
    file: str
    revocation: str = ""
    revocation_answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignedAttachment:
    """A file that went along, before and after the agency signed it; `size` in bytes."""

    file: str
    signed: str
    size: int


@dataclass(frozen=True)
class SigningFinished:
    """All signatures of an order are made."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    file: str
    attachments: tuple[SignedAttachment, ...] = ()


@dataclass(frozen=True)
class SigningRefused:
    """An order cannot be carried out."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    reason_code: str


@dataclass(frozen=True)
class FileValidated:
    """A file's signatures were checked by the verdict rule."""

    validation_id: UUID
    document_id: UUID
    agency_id: UUID
    file: str
    verdict: str
    sub_indication: str
    report: str
    pending: bool = False
    supersedes: str = ""
    signed_report: str = ""
    xml_report: str = ""


@dataclass(frozen=True)
class EvidenceAdded:
    """A file got the evidence (bằng chứng) by which its signatures are believed for longer.

    `evidence` is the file with validation data and a document timestamp behind it, made over
    `over`: the file itself, or earlier evidence that this renews. The file stays as it was.
    """

    file: str
    evidence: str
    over: str
    stamped_at: datetime
    authority: str
    certificate_ends: datetime
    algorithms: tuple[str, ...]
    holds_until: datetime


@dataclass(frozen=True)
class EvidenceRefused:
    """Two operators decided that a file gets no evidence, or that it is not renewed."""

    file: str
    over: str
    reason_code: str


@dataclass(frozen=True)
class EvidenceConsulted:
    """An auditor was shown a file with its evidence (tra cứu bản lưu trữ)."""

    consultation_id: UUID
    document_id: UUID
    evidence: str


@dataclass(frozen=True)
class TrustVersionProposed:
    """Somebody proposed whom verdicts are to trust; `source` is the part of the store it is for.

    That is `certificates`, or the name of its operator as a published list writes it. `bundle` is
    the digest of the certificates (PEM), `certificates` their fingerprints. A published list has
    its `sequence` number and the instant after which it must not be used.
    """

    version_id: UUID
    source: str
    bundle: str
    certificates: tuple[str, ...]
    roots: int
    proposed_by: UUID
    sequence: int = 0
    valid_until: datetime | None = None


@dataclass(frozen=True)
class TrustVersionApproved:
    """Another person approved it: verdicts from now on name `version`."""

    version_id: UUID
    approved_by: UUID
    number: int
    version: str


@dataclass(frozen=True)
class TrustVersionRejected:
    """Another person rejected it; `note` is the digest of the reason."""

    version_id: UUID
    rejected_by: UUID
    note: str


@dataclass(frozen=True)
class TrustListRefused:
    """A published list that somebody brought cannot be believed or used."""

    list_id: UUID
    file: str
    brought_by: UUID
    reason_code: str


@dataclass(frozen=True)
class Box:
    """A place on a page, in PDF points from the bottom left corner; pages count from 0."""

    page: int
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True, kw_only=True)
class DeviceSigningOpened:
    """A file waits for a signature by the signer's own device (thiết bị của người ký)."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    signer_id: UUID
    file: str
    box: Box
    expires_at: datetime
    field: str = "leader"


@dataclass(frozen=True, kw_only=True)
class DeviceSigningPrepared:
    """The file, or what is to be signed of it, was given out to the signer."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    means: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class DeviceSignatureReturned:
    """Something came back from the signer's device; it has not been checked."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    returned: str


EVENTS: dict[str, type] = {
    "SignatureMade": SignatureMade,
    "SigningFinished": SigningFinished,
    "SigningRefused": SigningRefused,
    "DeviceSigningOpened": DeviceSigningOpened,
    "DeviceSigningPrepared": DeviceSigningPrepared,
    "DeviceSignatureReturned": DeviceSignatureReturned,
    "FileValidated": FileValidated,
    "EvidenceAdded": EvidenceAdded,
    "EvidenceRefused": EvidenceRefused,
    "EvidenceConsulted": EvidenceConsulted,
    "TrustVersionProposed": TrustVersionProposed,
    "TrustVersionApproved": TrustVersionApproved,
    "TrustVersionRejected": TrustVersionRejected,
    "TrustListRefused": TrustListRefused,
}
