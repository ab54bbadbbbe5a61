"""Certificates that an authority should not have issued, and some that it should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier

from services.signatures.keys import ParsedKeySigner

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
SIGNING = ("digital_signature", "content_commitment")


@dataclass(frozen=True)
class Holder:
    """A certificate with its key, and the certificates above it (not the root)."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def asn1(self) -> asn1_x509.Certificate:
        return _asn1(self.certificate)

    @property
    def asn1_key(self) -> asn1_keys.PrivateKeyInfo:
        return asn1_keys.PrivateKeyInfo.load(
            self.key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    @property
    def signer(self) -> ParsedKeySigner:
        """Signs with this key; the signature carries the certificate and its chain."""
        return ParsedKeySigner(self.asn1, self.key, map(_asn1, self.chain))


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def _common_key() -> rsa.RSAPrivateKey:
    """One key for all certificates that need none of their own: keys take long to make."""
    return new_key()


def issue(
    name: str,
    issuer: Holder | None,
    *,
    usages: Sequence[str] = SIGNING,
    purposes: Sequence[ObjectIdentifier] = (),
    critical_purposes: bool = False,
    days: tuple[float, float] = (-30, 700),
    authority: bool = False,
    key: rsa.RSAPrivateKey | None = None,
    ocsp_url: str = "",
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Holder:
    """A certificate by `issuer`, or a root; valid from and to `days` counted from now."""
    key, now = key or _common_key(), datetime.now(UTC)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(
            x509.KeyUsage(**{usage: usage in usages for usage in _USAGES}), critical=True
        )
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical_purposes)
    if ocsp_url:
        place = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    above = (issuer.certificate, *issuer.chain) if issuer else ()
    return Holder(certificate, key, tuple(one for one in above if one.issuer != one.subject))


def with_weak_digest(holder: Holder, issuer: Holder) -> Holder:
    """The same certificate, signed by its issuer over SHA-1."""
    weak = holder.asn1.copy()
    for part in (weak["tbs_certificate"]["signature"], weak["signature_algorithm"]):
        part["algorithm"] = "sha1_rsa"
    signed = weak["tbs_certificate"].dump(force=True)
    weak["signature_value"] = issuer.key.sign(signed, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    read = x509.load_der_x509_certificate(weak.dump(force=True))
    return Holder(read, holder.key, holder.chain)


def _asn1(certificate: x509.Certificate) -> Any:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
