"""What was found out about a file and its signatures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

from .profile import POLICY
from .reasons import Reason, Verdict, worst

TOOLS = {
    name: version(name)
    for name in ("pyhanko", "pyhanko-certvalidator", "cryptography", "asn1crypto")
}
LONGEST_TEXT = 500  # characters
LARGEST_NUMBER = 2**53 - 1


@dataclass(frozen=True)
class CertificateFacts:
    """A certificate in words: what a report shows of it."""

    name: str
    serial: str
    sha256: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class RevocationFacts:
    """One piece of revocation information: where it came from and what it said."""

    source: str  # "ocsp" or "crl"
    status: str  # "good", "revoked", "unknown"
    this_update: datetime | None
    next_update: datetime | None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Material:
    """Something that a verdict rests on, as it was got; `kind` is certificate, ocsp or crl."""

    kind: str
    sha256: str
    der: bytes = field(repr=False)

    @classmethod
    def of(cls, kind: str, der: bytes) -> Material:
        """With the digest under which it is kept."""
        return cls(kind, hashlib.sha256(der).hexdigest(), der)


@dataclass(frozen=True)
class SignatureFacts:
    """One signature or document timestamp. Times are UTC; hashes are SHA-256 in hex."""

    field: str
    order: int
    role: str  # leader, number, seal, copy, attachment, timestamp; empty when not told
    verdict: Verdict
    signer: CertificateFacts | None = None
    chain: tuple[CertificateFacts, ...] = ()
    key_usages: tuple[str, ...] = ()
    digest_algorithm: str = ""
    signature_algorithm: str = ""
    claimed_at: datetime | None = None
    timestamp_at: datetime | None = None
    best_at: datetime | None = None
    claimed_as_utc_by_mistake: bool = False
    revocation: RevocationFacts | None = None
    level: str = ""  # B-B, B-T, B-LT, B-LTA
    coverage: str = ""  # file, revision, incomplete
    byte_range: tuple[int, ...] = ()
    signed_sha256: str = ""  # of the signed attributes: what the key signed
    revision_sha256: str = ""
    difference: str = ""  # none, signatures, evidence, refused
    expected: bool | None = None  # None: nobody said who should have signed


@dataclass(frozen=True)
class Report:
    """The verdict over a file, with everything that it rests on.

    TOTAL_PASSED: every rule holds for every signature. TOTAL_FAILED: a rule is broken for
    good. INDETERMINATE: something is not known, such as a revocation. `pending`: somebody who
    could tell did not answer, so that the same question may get another verdict later.
    """

    verdict: Verdict
    sub_indication: str
    reasons: tuple[Reason, ...]
    signatures: tuple[SignatureFacts, ...]
    file_sha256: str
    size: int
    at: datetime
    pending: bool = False
    material: tuple[Material, ...] = ()
    revisions: int = 0
    trust_version: str = ""
    duration_ms: int = 0
    policy: str = POLICY
    tools: dict[str, str] = field(default_factory=lambda: dict(TOOLS))

    @property
    def unfinished(self) -> bool:
        """Whether the check itself was cut short."""
        return any(one.code == "check_interrupted" for one in self.reasons)

    def with_reasons(self, reasons: Sequence[Reason]) -> Report:
        """The report as these reasons decide it; what is decided is pending no longer."""
        verdict, sub_indication = worst(reasons)
        return replace(
            self,
            verdict=verdict,
            sub_indication=sub_indication,
            reasons=tuple(reasons),
            pending=self.pending and verdict == "INDETERMINATE",
        )

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values; times in ISO 8601 with zone.

        What a stranger's file says is bounded: `LONGEST_TEXT` characters, numbers that every
        JSON reader holds exactly (RFC 8785).
        """
        told = asdict(replace(self, material=()))
        told["material"] = [{"kind": one.kind, "sha256": one.sha256} for one in self.material]
        plain = _plain(told)
        assert isinstance(plain, dict)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return value[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-LARGEST_NUMBER, min(value, LARGEST_NUMBER))
    return value
