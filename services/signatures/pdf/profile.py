"""What a certificate and an update must look like to count: the signature policy of this house.

Change `POLICY` when any rule here changes: reports name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from asn1crypto import x509
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    ReferenceUpdate,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    XrefStreamRule,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator.errors import InvalidCertificateError
from pyhanko_certvalidator.policy_decl import DisallowWeakAlgorithmsPolicy

POLICY = "lienthong-pdf-3"
CLOCK_DRIFT = timedelta(seconds=60)  # between us and an OCSP responder or a TSA

# Official certificates commit the signer (nonRepudiation); those of authorities must not sign
# documents. Without an extended key usage any purpose is meant (RFC 5280, 4.2.1.12).
KEY_USAGE = KeyUsageConstraints(
    key_usage={"non_repudiation"},
    key_usage_forbidden={"key_cert_sign", "crl_sign"},
    extd_key_usage={
        "email_protection",
        "microsoft_document_signing",
        "adobe_authentic_documents_trust",
        "1.3.6.1.5.5.7.3.36",  # id-kp-documentSigning, RFC 9336
    },
    explicit_extd_key_usage_required=False,
)

# MD5, SHA-1 and RSA below 2048 bits are refused.
ALGORITHMS = DisallowWeakAlgorithmsPolicy()

_FILE_RULES = [
    CatalogModificationRule(),
    XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
    DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
]

# Without the generic field rule: a published attack changes the value and look of a text field.
SIGNATURES_ONLY = StandardDiffPolicy(
    global_rules=[
        *_FILE_RULES,
        DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
        MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ],
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),
)


class _SavedAgain(DocInfoRule):  # type: ignore[misc]
    """Of the document information only when, and by which program, it was saved may be new.

    Programs that add validation data write that too. A title is shown, so it stays as signed.
    """

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterator[ReferenceUpdate]:
        if _told(old) == _told(new):
            yield from super().apply(old, new)


def _told(revision: HistoricalResolver) -> dict[str, object]:
    reference = revision.trailer_view.get_value_as_reference("/Info", optional=True)
    info = revision.get_object(reference) if reference else None
    if not isinstance(info, DictionaryObject):
        return {}
    return {key: info.raw_get(key) for key in info if key not in ("/ModDate", "/Producer")}


# Behind the last signature: validation data alone, no field.
EVIDENCE_ONLY = StandardDiffPolicy(
    global_rules=[*_FILE_RULES, _SavedAgain().as_qualified(ModificationLevel.LTA_UPDATES)],
    form_rule=None,
)


def certificate_problem(certificate: x509.Certificate, at: datetime) -> str | None:
    """Why a certificate may not sign at `at`, as a code, or None. Says nothing of revocation."""
    if at < certificate.not_valid_before:
        return "certificate_not_yet_valid"
    if at > certificate.not_valid_after:
        return "certificate_expired"
    return key_usage_problem(certificate)


def key_usage_problem(certificate: x509.Certificate) -> str | None:
    """`key_usage_wrong` when the certificate was issued for something else, else None."""
    try:
        KEY_USAGE.validate(certificate)
    except InvalidCertificateError:
        return "key_usage_wrong"
    return None
