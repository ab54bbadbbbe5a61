"""What ends an order or a validation, and what lengthens a file's life."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.signatures.events import (
    DeviceSigningOpened,
    EvidenceRefused,
    FileValidated,
    SignatureMade,
    SignedAttachment,
    TrustListRefused,
    TrustVersionProposed,
)


@dataclass(frozen=True)
class FinishSigning:
    """Record the signatures of an order, in the order in which they were made.

    Those of attachments come last; `attachments` says which file became which.
    """

    signatures: tuple[SignatureMade, ...]
    attachments: tuple[SignedAttachment, ...] = ()


@dataclass(frozen=True)
class RefuseSigning:
    """Record that an order cannot be carried out."""

    signing_id: UUID
    document_id: UUID
    agency_id: UUID
    reason_code: str


@dataclass(frozen=True)
class OpenDeviceSigning:
    """Let a file wait for a signature by the signer's own device."""

    opened: DeviceSigningOpened


@dataclass(frozen=True)
class PrepareDeviceSigning:
    """Give the file out to be signed, to this person; `means` says what is to come back."""

    person_id: str
    means: str
    at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class TakeReturned:
    """Take what came back, to be checked: `returned` is its digest."""

    returned: str
    at: datetime


@dataclass(frozen=True)
class ExpireDeviceSigning:
    """End an order for which nothing came back in time."""

    at: datetime


@dataclass(frozen=True)
class RecordVerdict:
    """Record the verdict on a file."""

    verdict: FileValidated


@dataclass(frozen=True)
class AddEvidence:
    """Record the evidence that was made over `over`: the file itself, or its newest evidence."""

    file: str
    evidence: str
    over: str
    stamped_at: datetime
    authority: str
    certificate_ends: datetime
    algorithms: tuple[str, ...]


@dataclass(frozen=True)
class RefuseEvidence:
    """Record that evidence was given up."""

    refusal: EvidenceRefused


@dataclass(frozen=True)
class ProposeTrust:
    """Propose a version of one part of the trust store."""

    version: TrustVersionProposed
    at: datetime


@dataclass(frozen=True)
class ApproveTrust:
    """Let verdicts trust what was proposed."""

    version_id: UUID
    decided_by: UUID
    at: datetime


@dataclass(frozen=True)
class RejectTrust:
    """Do not let verdicts trust it; `note` is the digest of the reason."""

    version_id: UUID
    decided_by: UUID
    note: str


@dataclass(frozen=True)
class RefuseTrustList:
    """Record that a published list was not taken."""

    refusal: TrustListRefused
