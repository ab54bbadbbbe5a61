"""Whether the workers have the key of a certificate that they must sign or seal with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from asn1crypto import x509
from cryptography.hazmat.primitives.hashes import SHA256

from libs.envelope.keys import KeyFolder, KeyUnusable
from services.signatures.keys import KeyNotFound, KeyStoreError, Pkcs12Folder
from tools.certificates.chain import name_of
from tools.certificates.findings import Finding, finding


@dataclass(frozen=True)
class Keys:
    """The key folders of this machine; None where there is none to look into.

    `signing` has the keys of leaders and seals, `service` those that sign envelopes.
    """

    signing: Path | None = None
    service: Path | None = None

    def folder(self, kind: str) -> Path | None:
        """Where a key of this kind belongs."""
        return {"leader": self.signing, "seal": self.signing, "service": self.service}.get(kind)

    def check(self, kind: str, owner_id: UUID, certificate: x509.Certificate) -> list[Finding]:
        """What is wrong with the key of a certificate; nothing where nobody can look."""
        folder, name = self.folder(kind), name_of(certificate)
        if folder is None:
            return []
        try:
            held = self._held(kind, folder, owner_id)
        except (KeyStoreError, KeyUnusable) as error:
            return [finding("key_unreadable", 0, name, str(error))]
        if held is None:
            return [finding("key_missing", 0, name, str(folder))]
        if held != certificate.sha256:
            return [finding("key_differs", 0, name, f"{held.hex()[:16]}...")]
        return []

    def _held(self, kind: str, folder: Path, owner_id: UUID) -> bytes | None:
        """The fingerprint of the certificate whose key is there."""
        if kind == "service":
            key = KeyFolder(folder).key_of(owner_id)
            return key.certificate.fingerprint(SHA256()) if key else None
        try:
            held: bytes = Pkcs12Folder(folder).signer(str(owner_id)).signing_cert.sha256
        except KeyNotFound:
            return None
        return held
