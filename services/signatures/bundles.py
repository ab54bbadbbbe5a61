"""Certificates that a part of the trust store consists of: one text, always in the same order."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from services.signatures.errors import CertificatesUnreadable
from services.signatures.events import TrustVersionProposed

MOST = 2_000


@dataclass(frozen=True)
class Bundle:
    """Certificates as PEM in the order of their fingerprints (SHA-256, hex)."""

    pem: bytes
    fingerprints: tuple[str, ...]
    roots: int

    def proposed(
        self,
        version_id: UUID,
        source: str,
        proposed_by: UUID,
        sequence: int = 0,
        valid_until: datetime | None = None,
    ) -> TrustVersionProposed:
        """The bundle as somebody's proposal for a part of the store."""
        return TrustVersionProposed(
            version_id=version_id,
            source=source,
            bundle=hashlib.sha256(self.pem).hexdigest(),
            certificates=self.fingerprints,
            roots=self.roots,
            proposed_by=proposed_by,
            sequence=sequence,
            valid_until=valid_until,
        )


def read_pem(texts: Iterable[str]) -> Bundle:
    """The bundle of certificates in PEM texts. Raises `CertificatesUnreadable`."""
    found: list[x509.Certificate] = []
    try:
        for text in texts:
            found += x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise CertificatesUnreadable from error
    return _bundle(found)


def bundle_of(certificates: Iterable[bytes]) -> Bundle:
    """The bundle of certificates in DER. Raises `CertificatesUnreadable`."""
    try:
        return _bundle([x509.load_der_x509_certificate(der) for der in certificates])
    except ValueError as error:
        raise CertificatesUnreadable from error


def described(pem: bytes) -> list[dict[str, object]]:
    """What a person sees of a bundle's certificates before he approves it."""
    return [
        {
            "subject": one.subject.rfc4514_string(),
            "issuer": one.issuer.rfc4514_string(),
            "valid_from": one.not_valid_before_utc.isoformat(),
            "valid_to": one.not_valid_after_utc.isoformat(),
            "sha256": hashlib.sha256(one.public_bytes(Encoding.DER)).hexdigest(),
            "root": one.subject == one.issuer,
        }
        for one in x509.load_pem_x509_certificates(pem)
    ]


def _bundle(certificates: list[x509.Certificate]) -> Bundle:
    by_fingerprint = {
        hashlib.sha256(one.public_bytes(Encoding.DER)).hexdigest(): one for one in certificates
    }
    if not 1 <= len(by_fingerprint) <= MOST:
        raise CertificatesUnreadable
    ordered = sorted(by_fingerprint)
    return Bundle(
        pem=b"".join(by_fingerprint[one].public_bytes(Encoding.PEM) for one in ordered),
        fingerprints=tuple(ordered),
        roots=sum(one.subject == one.issuer for one in by_fingerprint.values()),
    )
