"""Which authorities are trusted: a folder of certificates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import pem, x509

from .fetch import host_of


class TrustStoreUnreadable(Exception):
    """The folder has no root, or a file in it is no certificate."""

    code = "trust_store_unreadable"


@dataclass(frozen=True)
class TrustStore:
    """Roots, and the intermediates that signatures and timestamps often leave out.

    `version` is the SHA-256 over all fingerprints, so a report says which store judged.
    """

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    version: str

    @classmethod
    def load(cls, folder: Path) -> TrustStore:
        """Read every `*.pem` of a folder; self-issued ones are roots.

        Raises `TrustStoreUnreadable`.
        """
        certificates = [one for path in sorted(folder.glob("*.pem")) for one in _read(path)]
        return cls.of(certificates)

    @classmethod
    def of(cls, certificates: Iterable[x509.Certificate]) -> TrustStore:
        """A store of given certificates. Raises `TrustStoreUnreadable` without a root."""
        unique = {one.sha256: one for one in certificates}
        roots = tuple(one for one in unique.values() if one.self_issued)
        if not roots:
            raise TrustStoreUnreadable("the trust store has no root certificate")
        return cls(
            roots=roots,
            intermediates=tuple(one for one in unique.values() if not one.self_issued),
            version=hashlib.sha256(b"".join(sorted(unique))).hexdigest(),
        )

    @classmethod
    def empty(cls) -> TrustStore:
        """A store that trusts nobody: verdicts say what is broken, and never more."""
        return cls((), (), hashlib.sha256().hexdigest())

    @property
    def responders(self) -> frozenset[str]:
        """The `host:port` of every OCSP and CRL address that these authorities name themselves."""
        urls = [
            url
            for one in (*self.roots, *self.intermediates)
            for url in (*one.ocsp_urls, *(point.url for point in one.crl_distribution_points))
            if url
        ]
        return frozenset(host for host in map(host_of, urls) if host)


def _read(path: Path) -> list[x509.Certificate]:
    try:
        blocks = list(pem.unarmor(path.read_bytes(), multiple=True))
        certificates = [x509.Certificate.load(der) for _, _, der in blocks]
        for certificate in certificates:
            certificate.native  # noqa: B018 - asn1crypto reads lazily, this reads all
    except (ValueError, TypeError, OSError) as error:
        raise TrustStoreUnreadable(f"{path.name} is not a PEM certificate") from error
    return certificates
