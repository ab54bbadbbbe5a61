"""The service's own key: reports leave it signed, as JSON (JWS) and as XML (XAdES)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidInput
from signxml.verifier import SignatureConfiguration
from signxml.xades.xades import XAdESDataObjectFormat, XAdESSigner, XAdESVerifier

from libs.envelope import jws

JSON_TYPE = "lienthong-report"  # so that no other signed text of the key can be taken for a report
YEARS = 10
_NAME = "Liên Thông: dịch vụ kiểm tra chữ ký số"
# signxml makes wrong signatures by exclusive canonicalisation; the inclusive one was found right.
_ROOT = "{http://uri.etsi.org/19102/v1.2.1#}ValidationReport"
_CANONICAL = CanonicalizationMethod.CANONICAL_XML_1_1


class ReportKeyUnusable(Exception):
    """The key's file is no key with its certificate; the text never quotes the file."""

    code = "report_key_unusable"


@dataclass(frozen=True)
class ReportKey:
    """Signs reports. `certificate` is in each of them; people compare its fingerprint once."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    @classmethod
    def open(cls, path: Path, now: datetime) -> ReportKey:
        """Read a PEM file with a private key and its certificate (RSA or P-256).

        Where there is none, a key and a certificate of its own for ten years are made, readable by
        the owner alone. Raises `ReportKeyUnusable`.
        """
        if not path.exists():
            _make(path, now)
        try:
            content = path.read_bytes()
            key = load_pem_private_key(content, None)
            certificate = x509.load_pem_x509_certificate(content)
        except Exception:
            # `from None`: the cause may quote what it failed to read.
            raise ReportKeyUnusable("no key with a certificate in the file") from None
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ReportKeyUnusable("the key is neither RSA nor on an elliptic curve")
        if key.public_key() != certificate.public_key():
            raise ReportKeyUnusable("the certificate is not the key's")
        return cls(key, certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def sign_json(self, report: bytes) -> bytes:
        """A compact JWS whose payload is the report as it is kept (RFC 7515, RFC 8785)."""
        return jws.sign(report, JSON_TYPE, self.key, self.certificate).encode("ascii")

    def sign_xml(self, report: bytes) -> bytes:
        """The report with an enveloped XAdES signature (ETSI EN 319 132-1), checked once made."""
        method = (
            SignatureMethod.RSA_SHA256
            if isinstance(self.key, rsa.RSAPrivateKey)
            else SignatureMethod.ECDSA_SHA256
        )
        signer = XAdESSigner(
            signature_algorithm=method,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=_CANONICAL,
            data_object_format=XAdESDataObjectFormat(
                Description="ETSI TS 119 102-2", MimeType="text/xml"
            ),
        )
        certificate = self.certificate.public_bytes(Encoding.PEM).decode()
        root = etree.fromstring(report, _parser())
        signed: bytes = etree.tostring(
            signer.sign(root, key=self.key, cert=certificate),
            encoding="UTF-8",
            xml_declaration=True,
        )
        verify_xml(signed, self.certificate)
        return signed


def verify_xml(signed: bytes, certificate: x509.Certificate) -> bytes:
    """The report that a known certificate signed, as the signature covers it.

    Raises a `signxml` exception for anything else.
    """
    found = XAdESVerifier().verify(
        etree.fromstring(signed, _parser()),
        x509_cert=certificate.public_bytes(Encoding.PEM).decode(),
        # The report, the certificate, and what XAdES says of the signature.
        expect_config=SignatureConfiguration(expect_references=3),
    )
    covered = found[0].signed_xml
    if covered is None or covered.tag != _ROOT:
        raise InvalidInput("the signature does not cover the report")
    return bytes(found[0].signed_data)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


def _make(path: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    start = now.astimezone(UTC) - timedelta(hours=1)  # the clock of a verifier may be behind
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content + certificate.public_bytes(Encoding.PEM))
    partial.replace(path)
