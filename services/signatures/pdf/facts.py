"""What a signature and its certificate say of themselves, for the report."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from asn1crypto import x509
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from .report import CertificateFacts, SignatureFacts
from .roles import role_of

VIETNAM = timedelta(hours=7)


def told_by_file(embedded: EmbeddedPdfSignature, order: int) -> SignatureFacts:
    """The facts of a signature before anything was checked."""
    certificate = embedded.signer_cert
    usages = certificate.key_usage_value
    return SignatureFacts(
        field=str(embedded.field_name),  # as in `reasons.reason`
        order=order,
        role=role_of(embedded.field_name),
        verdict="INDETERMINATE",
        signer=certificate_facts(certificate),
        key_usages=tuple(sorted(usages.native)) if usages else (),
        digest_algorithm=embedded.md_algorithm,
        signature_algorithm=embedded.signer_info["signature_algorithm"]["algorithm"].native,
        claimed_at=embedded.self_reported_timestamp,
        byte_range=tuple(int(value) for value in embedded.byte_range),
        signed_sha256=sha256(embedded.signer_info["signed_attrs"].untag().dump()).hexdigest(),
    )


def seven_hours_off(claimed: datetime | None, stamped: datetime | None) -> bool:
    """Some signers write Vietnam time as if it were UTC; the timestamp decides."""
    if claimed is None or stamped is None or claimed.tzinfo is None:
        return False
    return abs(claimed - stamped - VIETNAM) < timedelta(minutes=10)


def certificate_facts(certificate: x509.Certificate) -> CertificateFacts:
    """What a report shows of a certificate."""
    return CertificateFacts(
        name=common_name(certificate),
        serial=format(certificate.serial_number, "x"),
        sha256=certificate.sha256.hex(),
        not_before=certificate.not_valid_before,
        not_after=certificate.not_valid_after,
    )


def common_name(certificate: x509.Certificate) -> str:
    """The name that people know its holder by."""
    name = certificate.subject.native.get("common_name") or certificate.subject.human_friendly
    return name if isinstance(name, str) else ", ".join(name)
