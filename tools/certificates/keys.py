"""Whether the workers have the key of a certificate that they must sign or seal with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from asn1crypto import x509
from cryptography.hazmat.primitives.hashes import SHA256

from libs.envelope.keys import KeyFolder, KeyUnusable
from libs.pkcs11.place import TokenError, TokenPlace
from services.signatures.keys import KeyNotFound, KeyStoreError, Pkcs12Folder
from services.signatures.tokens import Pkcs11Token
from tools.certificates.chain import name_of
from tools.certificates.findings import Finding, finding


@dataclass(frozen=True)
class Keys:
    """The key folders and tokens of this machine; None where there is none to look into.

    `signing` and `tokens` have the keys of leaders and seals, `service` those that sign envelopes.
    """

    signing: Path | None = None
    service: Path | None = None
    tokens: tuple[TokenPlace, ...] = ()

    def places(self, kind: str) -> list[str]:
        """Where a key of this kind may be."""
        if kind == "service":
            return [str(self.service)] if self.service else []
        if kind not in {"leader", "seal"}:
            return []
        folders = [str(self.signing)] if self.signing else []
        return [*folders, *(f"token {each.label!r}" for each in self.tokens)]

    def check(self, kind: str, owner_id: UUID, certificate: x509.Certificate) -> list[Finding]:
        """What is wrong with the key of a certificate; nothing where nobody can look."""
        places, name = self.places(kind), name_of(certificate)
        if not places:
            return []
        try:
            held = self._service(owner_id) if kind == "service" else self._signing(owner_id)
        except (KeyStoreError, KeyUnusable, TokenError) as error:
            return [finding("key_unreadable", 0, name, str(error))]
        if not held:
            return [finding("key_missing", 0, name, ", ".join(places))]
        if certificate.sha256 not in held:
            return [finding("key_differs", 0, name, f"{held[0].hex()[:16]}...")]
        return []

    def _service(self, owner_id: UUID) -> list[bytes]:
        assert self.service is not None
        key = KeyFolder(self.service).key_of(owner_id)
        return [key.certificate.fingerprint(SHA256())] if key else []

    def _signing(self, owner_id: UUID) -> list[bytes]:
        """The fingerprints of the certificates whose keys are here.

        A token may have an old certificate beside the new one. Raises `TokenError` for a token
        that may have the key, and cannot be looked into.
        """
        unseen: TokenError | None = None
        for each in self.tokens:
            try:
                found = _shown(each).get(str(owner_id), [])
            except TokenError as error:
                unseen = error
                continue
            if found:
                return [certificate.sha256 for certificate in found]
        if self.signing:
            with suppress(KeyNotFound):
                return [Pkcs12Folder(self.signing).signer(str(owner_id)).signing_cert.sha256]
        if unseen:
            raise unseen
        return []


@cache
def _shown(token: TokenPlace) -> dict[str, list[x509.Certificate]]:
    """What a token shows without its PIN; asked once, for some are slow."""
    return Pkcs11Token(token).certificates()
