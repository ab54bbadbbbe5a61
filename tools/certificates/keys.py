"""Whether the signing worker has the key of a certificate that it must sign with."""

from __future__ import annotations

from pathlib import Path

from asn1crypto import x509

from services.signatures.keys import KeyNotFound, KeyStoreError, Pkcs12Folder
from tools.certificates.chain import name_of
from tools.certificates.findings import Finding, finding


def check_key(owner_id: str, certificate: x509.Certificate, folder: Path) -> list[Finding]:
    """What is wrong with the owner's key in the key folder."""
    name = name_of(certificate)
    try:
        held = Pkcs12Folder(folder).signer(owner_id).signing_cert
    except KeyNotFound:
        return [finding("key_missing", 0, name, str(folder))]
    except KeyStoreError as error:
        return [finding("key_unreadable", 0, name, str(error))]
    if held.sha256 != certificate.sha256:
        return [finding("key_differs", 0, name, f"{held.sha256.hex()[:16]}...")]
    return []
