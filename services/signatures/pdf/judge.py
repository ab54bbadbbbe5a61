"""Judge one signature of a PDF by the verdict rule.

No single answer of pyHanko is a safe verdict: its AdES function can pass where its own bottom
line fails, and the other way round. So both are asked, and the rest is checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation.ades import (
    ades_basic_validation,
    ades_lta_validation,
    ades_timestamp_validation,
    ades_with_time_validation,
)
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

from services.signatures.domain.names import same_name

from . import digests, form
from .digests import Digests
from .facts import certificate_facts, common_name, seven_hours_off, told_by_file
from .profile import CLOCK_DRIFT, SIGNATURES_ONLY, key_usage_problem
from .reasons import Reason, from_ades, reason, worst
from .report import RevocationFacts, SignatureFacts
from .revocation import FileFetchers
from .roles import COPY, is_behind_copy, is_compared, role_of
from .specification import offline, timing
from .structure import signed_end
from .timestamps import token_info

_BROKEN = ("HASH_FAILURE", "SIG_CRYPTO_FAILURE")


@dataclass(frozen=True)
class ExpectedSigner:
    """Who must have signed in a role: SHA-256 (hex) of any of his or its certificates.

    `names` are what the directory calls their owners: pairs of fingerprint and name.
    """

    role: str
    certificates: frozenset[str]
    names: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Case:
    """The file under judgement and what it is judged by."""

    data: bytes
    reader: PdfFileReader
    at: datetime
    specification: SignatureValidationSpec
    knowledge: LocalKnowledge
    fetchers: FileFetchers
    expected: Sequence[ExpectedSigner]
    digests: Digests
    certificates: dict[bytes, x509.Certificate]  # of every path that was found

    @property
    def has_evidence(self) -> bool:
        """Whether the file brings validation data (DSS) or document timestamps."""
        known = self.knowledge
        stored = known.known_ocsps or known.known_crls
        return bool(stored or self.reader.embedded_timestamp_signatures)

    def stamped_behind(self, embedded: EmbeddedPdfSignature) -> list[EmbeddedPdfSignature]:
        """The document timestamps that cover a signature, the first one first."""
        return [
            stamp
            for stamp in self.reader.embedded_timestamp_signatures
            if stamp.signed_revision > embedded.signed_revision
        ]

    def told_of(self, certificate: x509.Certificate) -> list[RevocationFacts]:
        """What is known of a certificate's revocation, the newest first."""
        return self.fetchers.told_of(
            certificate,
            [one.ocsp_response_data for one in self.knowledge.known_ocsps],
            [one.crl_data for one in self.knowledge.known_crls],
        )

    def revoked_by(self, moment: datetime, certificates: Iterable[x509.Certificate]) -> bool:
        """Whether anything at hand says that one of them was revoked by then.

        pyHanko judges a time gone by from the file's own answers alone, and whoever stole a key
        brings a good one from before; no such answer outweighs this.
        """
        return any(
            told.revoked_at is not None and told.revoked_at <= moment
            for one in certificates
            for told in self.told_of(one)
        )

    @cached_property
    def copies(self) -> list[int]:
        """The orders of each `copy`: an agency's signature on the copy that it made of the file."""
        return [
            order
            for order, one in enumerate(self.reader.embedded_signatures, start=1)
            if one.sig_object_type != "/DocTimeStamp" and role_of(one.field_name) == "copy"
        ]

    def expects(self, facts: SignatureFacts, certificate: x509.Certificate) -> bool | None:
        """Whether this signer should have signed in this role; None when nobody said."""
        role, order = facts.role, facts.order
        if not self.expected or not is_compared(facts.field, role, order, self.copies):
            return None
        if is_behind_copy(order, self.copies):
            return False
        fingerprint = certificate.sha256.hex()
        return any(one.role == role and fingerprint in one.certificates for one in self.expected)

    def rests_on(self, certificates: Sequence[x509.Certificate]) -> None:
        """Remember what the verdict was built from."""
        self.certificates.update({one.sha256: one for one in certificates})

    def called_otherwise(self, role: str, certificate: x509.Certificate) -> bool:
        """Whether the directory knows this certificate's owner by another name."""
        fingerprint = certificate.sha256.hex()
        known = [
            name
            for one in self.expected
            if one.role == role
            for owner, name in one.names
            if owner == fingerprint
        ]
        return bool(known) and not any(same_name(common_name(certificate), it) for it in known)

    def role_of(self, certificate: x509.Certificate) -> str:
        """The role of a signature whose field has a name of its program's own, by its signer.

        The number is shown by a field of ours alone, so the agency's key means its seal here.
        """
        fingerprint = certificate.sha256.hex()
        roles = {one.role for one in self.expected if fingerprint in one.certificates}
        return min(roles - {"number", *COPY}, default="")


async def judge(
    case: Case, embedded: EmbeddedPdfSignature, order: int
) -> tuple[SignatureFacts, list[Reason]]:
    """The facts of one signature and every rule that it breaks."""
    name = embedded.field_name
    told = told_by_file(embedded, order)
    told = replace(told, role=told.role or case.role_of(embedded.signer_cert))
    facts, reasons = _structure(case, embedded, told)
    has_timestamp = any(True for _ in extract_tst_data_iter(embedded.signer_info, signed=False))
    result, proven = await _ades(case, embedded, has_timestamp)
    if result.ades_subindic != AdESPassed.OK:
        reasons.append(await _why(case, embedded, result, has_timestamp))
    elif result.api_status is None or not result.api_status.bottom_line:
        reasons.append(reason("not_validated", name))
    facts = _with_trust(case, embedded, facts, result, has_timestamp, proven)
    reasons += await _own_checks(case, embedded, facts, proven)
    relied_on = _chain(result.api_status) or [embedded.signer_cert]
    if case.revoked_by(facts.best_at or case.at, relied_on):
        reasons.append(reason("certificate_revoked", name))
    return replace(facts, verdict=worst(reasons)[0]), reasons


async def _why(
    case: Case, embedded: EmbeddedPdfSignature, result: Any, has_timestamp: bool
) -> Reason:
    """What the AdES function found, told as the rule that it is about."""
    name, sub_indication = embedded.field_name, result.ades_subindic.standard_name
    stamp = getattr(result.api_status, "timestamp_validity", None)
    if stamp is not None and not (stamp.intact and stamp.valid and stamp.trusted):
        unknown = stamp.intact and stamp.valid and case.fetchers.failed
        return reason("revocation_unknown" if unknown else "timestamp_invalid", name)
    if has_timestamp and sub_indication in _BROKEN:
        # It does not say whose digest or value is wrong: the signature's, or its timestamp's.
        alone = await _basic(case, embedded)
        if alone.ades_subindic.standard_name not in _BROKEN:
            return reason("timestamp_invalid", name)
    if sub_indication == "CERTIFICATE_CHAIN_GENERAL_FAILURE" and case.fetchers.failed:
        return reason("revocation_unknown", name)
    return from_ades(sub_indication, name)


async def judge_timestamp(
    case: Case, embedded: EmbeddedPdfSignature, order: int
) -> tuple[SignatureFacts, list[Reason]]:
    """The facts of one document timestamp and every rule that it breaks."""
    facts, reasons = _structure(case, embedded, told_by_file(embedded, order))
    result = await _stamp(embedded, case.specification, timing(case.at))
    covering = case.stamped_behind(embedded)
    until = _time_of(covering[0]) if covering else case.at
    if not _holds(result) and covering:
        # Renewed in time: it need hold only until the next one, by what that one proves was known.
        known = offline(case.specification, case.knowledge)
        result = await _stamp(embedded, known, timing(until, past=True))
    chain = _chain(result.api_status)
    if not _holds(result):
        found = result.ades_subindic.standard_name
        status = result.api_status
        unknown = status.intact and status.valid and case.fetchers.failed
        reasons.append(
            reason("revocation_unknown", embedded.field_name)
            if unknown
            else reason("timestamp_invalid", embedded.field_name, found)
        )
    elif case.revoked_by(until, chain):
        reasons.append(reason("timestamp_invalid", embedded.field_name, "REVOKED_NO_POE"))
    case.rests_on([embedded.signer_cert, *chain])
    stamped = getattr(result.api_status, "timestamp", None)
    facts = replace(facts, role="timestamp", timestamp_at=stamped, best_at=stamped)
    return replace(facts, verdict=worst(reasons)[0]), reasons


async def _stamp(
    embedded: EmbeddedPdfSignature, settings: SignatureValidationSpec, when: ValidationTimingInfo
) -> Any:
    return await ades_timestamp_validation(
        embedded.signed_data, settings, embedded.compute_digest, timing_info=when
    )


def _holds(result: Any) -> bool:
    return bool(result.ades_subindic == AdESPassed.OK and result.api_status.trusted)


def _chain(status: Any) -> list[x509.Certificate]:
    """The certificates of the path that pyHanko went, the root first; none without a path."""
    path = getattr(status, "validation_path", None)
    return list(path.iter_certs(include_root=True)) if path else []


def _structure(
    case: Case, embedded: EmbeddedPdfSignature, facts: SignatureFacts
) -> tuple[SignatureFacts, list[Reason]]:
    """Coverage and later changes, from the bytes and the strict difference policy."""
    reasons = [reason(code, facts.field) for code in form.problems(embedded)]
    end = signed_end(case.data, facts.byte_range)
    if end is not None and embedded.external_md_algorithm == digests.NAME:
        # What pyHanko would compute by itself, without another pass over the file.
        _, start, resumed, _ = facts.byte_range
        signed = case.digests.without(start, resumed, end)
        embedded.external_digests[digests.NAME] = signed
    embedded.compute_integrity_info(diff_policy=SIGNATURES_ONLY)
    coverage = "incomplete"
    if end is None or embedded.coverage.name not in ("ENTIRE_REVISION", "ENTIRE_FILE"):
        reasons.append(reason("coverage_incomplete", facts.field))
    else:
        coverage = "file" if end == len(case.data) else "revision"
    difference = _difference(embedded)
    if difference == "refused" or not embedded.summarise_integrity_info()["docmdp_ok"]:
        reasons.append(reason("modified_after_signing", facts.field))
    revision = case.digests.until(end).hex() if end else ""
    facts = replace(facts, coverage=coverage, difference=difference, revision_sha256=revision)
    return facts, reasons


def _difference(embedded: EmbeddedPdfSignature) -> str:
    result = embedded.diff_result
    if result is None:
        return "none"
    if not isinstance(result, DiffResult):
        return "refused"
    fields = {
        signature.field_name
        for signature in embedded.reader.embedded_signatures
        if signature.signed_revision > embedded.signed_revision
    }
    if not result.changed_form_fields <= fields:
        return "refused"
    if result.modification_level == ModificationLevel.NONE:
        return "none"
    return "signatures" if result.changed_form_fields else "evidence"


async def _ades(
    case: Case, embedded: EmbeddedPdfSignature, has_timestamp: bool
) -> tuple[Any, datetime | None]:
    """Ask the AdES function of the signature's level (ETSI EN 319 102-1, 5.3, 5.5, 5.6).

    With its answer the instant since when evidence proves that the signature exists, if any does.
    """
    if has_timestamp and case.has_evidence:
        result = await ades_lta_validation(
            embedded,
            PdfSignatureValidationSpec(case.specification, diff_policy=SIGNATURES_ONLY),
            timing_info=timing(case.at),
        )
        return result, result.oldest_evidence_record_timestamp
    if not has_timestamp:
        return await _unstamped(case, embedded)
    return (
        await ades_with_time_validation(
            embedded.signed_data,
            case.specification,
            timing_info=timing(case.at),
            raw_digest=embedded.compute_digest(),
            extra_status_kwargs=embedded.summarise_integrity_info(),
            status_cls=PdfSignatureStatus,
        ),
        None,
    )


async def _unstamped(case: Case, embedded: EmbeddedPdfSignature) -> tuple[Any, datetime | None]:
    """A signature without a timestamp of its own may have its time from a document timestamp.

    pyHanko's function for archived signatures refuses it. Whether the document timestamp holds is
    judged for itself, and a file passes only with both.
    """
    result = await _basic(case, embedded)
    covering = case.stamped_behind(embedded)
    if not covering:
        return result, None
    proven = _time_of(covering[0])
    if result.ades_subindic != AdESPassed.OK:
        then = await _at_the_time(case, embedded, proven)
        result = then if then.ades_subindic == AdESPassed.OK else result
    return result, proven


def _time_of(stamp: EmbeddedPdfSignature) -> datetime:
    stamped: datetime = token_info(stamp.signed_data)["gen_time"].native
    return stamped


async def _basic(case: Case, embedded: EmbeddedPdfSignature) -> Any:
    return await ades_basic_validation(
        embedded.signed_data,
        case.specification,
        timing_info=timing(case.at),
        raw_digest=embedded.compute_digest(),
    )


async def _at_the_time(case: Case, embedded: EmbeddedPdfSignature, proven: datetime) -> Any:
    """The signature as of an earlier instant, by what the file itself brings from then."""
    return await ades_basic_validation(
        embedded.signed_data,
        offline(case.specification, case.knowledge),
        timing_info=timing(proven, past=True),
        raw_digest=embedded.compute_digest(),
    )


def _with_trust(
    case: Case,
    embedded: EmbeddedPdfSignature,
    facts: SignatureFacts,
    result: Any,
    has_timestamp: bool,
    proven: datetime | None,
) -> SignatureFacts:
    """Add what only the validation knows: proven times, chain, revocation, level."""
    status = result.api_status
    stamp = getattr(status, "timestamp_validity", None)
    stamped = stamp.timestamp if stamp is not None and stamp.trusted else None
    chain = _chain(status)
    case.rests_on([embedded.signer_cert, *chain])
    level = "B-T" if has_timestamp else "B-B"
    if proven or (has_timestamp and case.has_evidence):
        level = "B-LTA" if proven else "B-LT"
    return replace(
        facts,
        chain=tuple(certificate_facts(one) for one in chain),
        revocation=next(iter(case.told_of(embedded.signer_cert)), None),
        expected=case.expects(facts, embedded.signer_cert),
        timestamp_at=stamped,
        best_at=stamped or proven or case.at,
        claimed_as_utc_by_mistake=seven_hours_off(facts.claimed_at, stamped),
        level=level,
    )


async def _own_checks(
    case: Case, embedded: EmbeddedPdfSignature, facts: SignatureFacts, proven: datetime | None
) -> list[Reason]:
    """The rules that pyHanko does not hold, or holds in one function and not in another."""
    name, certificate, reasons = facts.field, embedded.signer_cert, []
    best = facts.best_at or case.at
    valid = certificate.not_valid_before <= best <= certificate.not_valid_after
    if valid and case.at > certificate.not_valid_after:
        valid = await _held_while_valid(case, embedded, proven)
    if not valid:
        reasons.append(reason("certificate_outside_validity", name))
    if key_usage_problem(certificate):
        reasons.append(reason("key_usage_wrong", name))
    if facts.revocation is None or facts.revocation.status == "unknown":
        reasons.append(reason("revocation_unknown", name))
    if facts.timestamp_at and facts.timestamp_at > case.at + CLOCK_DRIFT:
        reasons.append(reason("timestamp_invalid", name))
    if facts.expected is False:
        reasons.append(reason("signer_unexpected", name))
    elif case.called_otherwise(facts.role, certificate):
        reasons.append(reason("signer_name_differs", name))
    return reasons


async def _held_while_valid(
    case: Case, embedded: EmbeddedPdfSignature, proven: datetime | None
) -> bool:
    """Whether an expired certificate was good when the oldest trusted evidence was stamped.

    pyHanko passes a signature whose timestamp precedes the expiry without ever looking at
    revocation; only data that a document timestamp proves to be of that time may count.
    """
    if proven is None or proven > embedded.signer_cert.not_valid_after:
        return False
    then = await _at_the_time(case, embedded, proven)
    return bool(then.ades_subindic == AdESPassed.OK and then.api_status.bottom_line)
