"""The verdict rule's settings, in pyHanko's terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
    bootstrap_validation_data_handlers,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from .profile import ALGORITHMS, CLOCK_DRIFT, KEY_USAGE
from .revocation import FileFetchers
from .trust import TrustStore


def specification(trust: TrustStore, fetchers: FileFetchers) -> SignatureValidationSpec:
    """Revocation is required for every certificate below a root; unknown is never good."""
    return SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=list(trust.roots)),
            revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
            time_tolerance=CLOCK_DRIFT,
            algorithm_usage_policy=ALGORITHMS,
        ),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.NO_HISTORICAL_FETCH,
            fetcher_backend=fetchers,
            certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
        ),
        local_knowledge=LocalKnowledge(known_certs=list(trust.intermediates)),
        key_usage_settings=KEY_USAGE,
    )


def context(trust: TrustStore, at: datetime, fetchers: FileFetchers) -> Any:
    """What paths of certificates are validated in as of `at`, by the same rules as signatures."""
    settings = specification(trust, fetchers)
    handlers = bootstrap_validation_data_handlers(settings, timing(at))
    return settings.cert_validation_policy.build_validation_context(timing(at), handlers)


def offline(
    specification: SignatureValidationSpec, known: LocalKnowledge
) -> SignatureValidationSpec:
    """The same settings with the file's own evidence and nothing else."""
    return replace(
        specification,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=replace(
            known, known_certs=[*known.known_certs, *specification.local_knowledge.known_certs]
        ),
    )


def timing(at: datetime, past: bool = False) -> ValidationTimingInfo:
    """Judge as of `at`; without other proof a signature is as old as the judgement."""
    return ValidationTimingInfo(at, at, point_in_time_validation=past)


def stored_evidence(reader: PdfFileReader) -> LocalKnowledge:
    """Certificates and revocation data that the file brings along (its DSS)."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return LocalKnowledge()
    responses = [
        OCSPResponse.load(stream.get_object().read_data(DecodePurpose.OCSP_RESPONSE))
        for stream in store.ocsps
    ]
    lists = [
        CertificateList.load(stream.get_object().read_data(DecodePurpose.CRL))
        for stream in store.crls
    ]
    return LocalKnowledge(
        known_ocsps=[one for response in responses for one in OCSPContainer.load_multi(response)],
        known_crls=[CRLContainer(one) for one in lists],
        known_certs=list(store.load_certs()),
    )
