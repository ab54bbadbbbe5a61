"""Reading what is to be entered from an X.509 certificate in PEM form."""

from uuid import NAMESPACE_X500, UUID, uuid5
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from services.directory.commands import RegisterCertificate
from services.directory.domain.lifecycle import AUTHORITIES
from services.directory.errors import CertificateUnfit, CertificateUnreadable

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_PURPOSES = {"ocsp": ExtendedKeyUsageOID.OCSP_SIGNING, "tsa": ExtendedKeyUsageOID.TIME_STAMPING}


def read(pem: str) -> x509.Certificate:
    """The certificate. Raises `CertificateUnreadable`."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise CertificateUnreadable from error


def entry(
    certificate: x509.Certificate,
    *,
    file: str,
    kind: str,
    owner_id: UUID | None,
    request_id: UUID | None,
    device: str,
) -> RegisterCertificate:
    """The entry that the certificate itself tells; an authority's owner is made of its name.

    Raises `CertificateUnfit` for one that was issued for something else.
    """
    try:
        if not _fits(certificate, kind):
            raise CertificateUnfit(kind=kind)
        is_authority = kind in AUTHORITIES
        owner = owner_id or uuid5(NAMESPACE_X500, certificate.subject.rfc4514_string())
        fingerprint = certificate.fingerprint(SHA256()).hex()
        return RegisterCertificate(
            certificate_id=uuid5(owner, fingerprint),
            owner_id=owner,
            kind=kind,
            fingerprint=fingerprint,
            file=file,
            valid_from=certificate.not_valid_before_utc.astimezone(VIETNAM).date(),
            valid_to=certificate.not_valid_after_utc.astimezone(VIETNAM).date(),
            request_id=request_id,
            device=device,
            issuer_key=_issuer_key(certificate),
            subject_key=_subject_key(certificate) if is_authority else "",
            authority=_name(certificate) if is_authority else "",
        )
    except (ValueError, x509.DuplicateExtension) as error:
        # Extensions are parsed when they are asked for.
        raise CertificateUnreadable from error


def _fits(certificate: x509.Certificate, kind: str) -> bool:
    """An authority's certificate is marked as what it is for; people's sign no certificates."""
    if kind in _PURPOSES:
        return _PURPOSES[kind] in _purposes(certificate)
    return (kind == "ca") == _signs_certificates(certificate)


def _signs_certificates(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _purposes(certificate: x509.Certificate) -> list[ObjectIdentifier]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return []


def _issuer_key(certificate: x509.Certificate) -> str:
    try:
        named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        self_issued = certificate.issuer == certificate.subject
        return _subject_key(certificate) if self_issued else ""
    return (named.key_identifier or b"").hex()


def _subject_key(certificate: x509.Certificate) -> str:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        found = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    return found.digest.hex()


def _name(certificate: x509.Certificate) -> str:
    for name in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(name):
            return str(attribute.value)[:200]
    return certificate.subject.rfc4514_string()[:200]
