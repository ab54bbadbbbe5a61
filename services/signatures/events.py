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
class SigningFinished:
    """All signatures of an order are made."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    file: str


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


EVENTS: dict[str, type] = {
    "SignatureMade": SignatureMade,
    "SigningFinished": SigningFinished,
    "SigningRefused": SigningRefused,
    "FileValidated": FileValidated,
    "EvidenceAdded": EvidenceAdded,
}
