"""The verdict over a PDF file: every rule, from the start, never an exception."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import LocalKnowledge

from . import active
from .digests import Digests
from .fetch import Fetch, HttpFetch
from .form import hides_signature
from .judge import Case, ExpectedSigner, judge, judge_timestamp
from .profile import EVIDENCE_ONLY
from .reading import open_pdf
from .reasons import Reason, reason, worst
from .report import Material, Report, SignatureFacts
from .revocation import FileFetchers, RevocationSource
from .roles import is_further, needed
from .specification import offline, specification, stored_evidence
from .structure import ends_cleanly, is_pdf, signed_end
from .trust import TrustStore

__all__ = ["LARGEST_FILE", "ExpectedSigner", "Report", "refused", "validate"]

LARGEST_FILE = 50 * 1024 * 1024  # bytes; the limit of a file in a packet
MOST_SIGNATURES = 20
LARGEST_MATERIAL = 8 * 1024 * 1024  # bytes in all; a hostile file could bring any number of lists
logger = logging.getLogger(__name__)


@dataclass
class _Findings:
    """What has been found out so far; kept when a later step fails."""

    reasons: list[Reason]
    signatures: list[SignatureFacts]
    revisions: int = 0
    certificates: dict[bytes, x509.Certificate] = field(default_factory=dict)
    known: LocalKnowledge = field(default_factory=LocalKnowledge)


def validate(
    pdf: bytes,
    *,
    trust: TrustStore,
    at: datetime,
    expected: Sequence[ExpectedSigner] = (),
    fetch: Fetch | RevocationSource | None,
) -> Report:
    """Judge every signature of a file as of `at` (with zone).

    With `expected`, each of its roles must be signed once by one of its certificates and
    nobody else may have signed; without, the report names the signers and compares nothing.
    `fetch` may be a `RevocationSource`, which keeps answers for the next file. With None nobody is
    asked and the file's own answers count, as long as they are of `at`. Whatever the bytes are,
    the answer is a report. Time and memory are not bounded here: see `isolate`.
    Raises ValueError for an `at` without a zone, which is the caller's mistake.
    """
    if at.tzinfo is None:
        raise ValueError("the instant of judgement needs a time zone")
    started = time.monotonic()
    source = RevocationSource(HttpFetch(())) if fetch is None else fetch
    source = source if isinstance(source, RevocationSource) else RevocationSource(source)
    findings, digests, fetchers = _Findings([], []), Digests(pdf), FileFetchers(source)
    alone = fetch is None
    try:
        asyncio.run(_find(pdf, digests, trust, at, expected, fetchers, findings, alone))
    except MemoryError:
        findings.reasons.append(reason("check_interrupted"))
    except Exception as error:
        # A malformed file fails anywhere in pyHanko: ValueError, AssertionError, RecursionError...
        logger.info("file_unreadable", extra={"error": type(error).__name__}, exc_info=True)
        findings.reasons.append(reason("file_unreadable"))
    reasons = _told(findings.reasons)
    verdict, sub_indication = worst(reasons)
    return Report(
        verdict=verdict,
        sub_indication=sub_indication,
        reasons=reasons,
        signatures=tuple(findings.signatures),
        file_sha256=digests.until(len(pdf)).hex(),
        size=len(pdf),
        at=at,
        pending=fetchers.away and verdict == "INDETERMINATE",
        material=_material(findings, fetchers),
        revisions=findings.revisions,
        trust_version=trust.version,
        duration_ms=round((time.monotonic() - started) * 1000),
    )


def _material(findings: _Findings, fetchers: FileFetchers) -> tuple[Material, ...]:
    """What the verdict rests on, each thing once: what was asked for and what the file brought."""
    found = [Material.of("certificate", one.dump()) for one in findings.certificates.values()]
    found += [Material.of("ocsp", der) for der in fetchers.responses()]
    found += [Material.of("crl", der) for der in fetchers.lists()]
    stored = findings.known
    found += [Material.of("ocsp", one.ocsp_response_data.dump()) for one in stored.known_ocsps]
    found += [Material.of("crl", one.crl_data.dump()) for one in stored.known_crls]
    kept, size = [], 0
    for one in {one.sha256: one for one in found}.values():
        size += len(one.der)
        if size > LARGEST_MATERIAL:
            break
        kept.append(one)
    return tuple(kept)


def _told(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Each conclusion about a signature once, the vague one only where there is no other."""
    distinct = {(one.signature, one.code): one for one in reversed(reasons)}
    vague = [key for key in distinct if key[1] == "not_validated"]
    for key in vague:
        if any(signature == key[0] and code != key[1] for signature, code in distinct):
            del distinct[key]
    return tuple(reversed(distinct.values()))


def refused(pdf: bytes, code: str, *, at: datetime, trust_version: str = "") -> Report:
    """The report of a file that was not looked into, for one reason."""
    only = reason(code)
    return Report(
        verdict=only.verdict,
        sub_indication=only.sub_indication,
        reasons=(only,),
        signatures=(),
        file_sha256=hashlib.sha256(pdf).hexdigest(),
        size=len(pdf),
        at=at,
        trust_version=trust_version,
    )


async def _find(
    pdf: bytes,
    digests: Digests,
    trust: TrustStore,
    at: datetime,
    expected: Sequence[ExpectedSigner],
    fetchers: FileFetchers,
    findings: _Findings,
    alone: bool,
) -> None:
    if len(pdf) > LARGEST_FILE:
        findings.reasons.append(reason("file_too_large"))
        return
    if not is_pdf(pdf):
        findings.reasons.append(reason("file_unreadable"))
        return
    reader = open_pdf(pdf)
    unusable = "file_encrypted" if reader.encrypted else active.problem(reader)
    if unusable:
        findings.reasons.append(reason(unusable))
    if unusable not in (None, "active_content"):
        return
    unusable = _unusable(reader)
    if unusable:
        findings.reasons.append(reason(unusable))
        return
    findings.revisions = reader.xrefs.total_revisions
    findings.known = stored_evidence(reader)
    settings = specification(trust, fetchers)
    case = Case(
        data=pdf,
        reader=reader,
        at=at,
        specification=offline(settings, findings.known) if alone else settings,
        knowledge=findings.known,
        fetchers=fetchers,
        expected=expected,
        digests=digests,
        certificates=findings.certificates,
    )
    for order, embedded in enumerate(reader.embedded_signatures, start=1):
        stamped = embedded.sig_object_type == "/DocTimeStamp"
        facts, reasons = await (judge_timestamp if stamped else judge)(case, embedded, order)
        findings.signatures.append(facts)
        findings.reasons += reasons
    if hides_signature(pdf, len(findings.signatures)):
        findings.reasons.append(reason("signature_hidden"))
    findings.reasons += [*_missing(case, findings.signatures), *_behind_last(case)]


def _unusable(reader: PdfFileReader) -> str | None:
    """Why the signatures of a readable file cannot be judged, as a code, or None."""
    if reader.xrefs.hybrid_xrefs_present:
        return "hybrid_file"
    filled = list(enumerate_sig_fields(reader, filled_status=True))
    # pyHanko leaves out signatures whose format it does not know; here none may be overlooked.
    if len(filled) != len(reader.embedded_signatures) or len(filled) > MOST_SIGNATURES:
        return "signature_format_unknown"
    return None if reader.embedded_regular_signatures else "no_signature"


def _missing(case: Case, signatures: Sequence[SignatureFacts]) -> list[Reason]:
    """A role that was expected must be there exactly once; further signers may be beside it."""
    roles = [facts.role for facts in signatures if not is_further(facts.field)]
    return [
        reason("signature_missing", one.role)
        for one in case.expected
        if needed(one.role, bool(case.copies)) and roles.count(one.role) != 1
    ]


def _behind_last(case: Case) -> list[Reason]:
    """At most one revision of validation data may follow the last signature or timestamp."""
    last: EmbeddedPdfSignature = case.reader.embedded_signatures[-1]
    end = signed_end(case.data, last.byte_range)
    if end is None or end == len(case.data):
        return []  # a broken coverage has its own reason already
    xrefs = case.reader.xrefs
    behind = xrefs.total_revisions - 1 - last.signed_revision
    if behind < 1 or not ends_cleanly(case.data):
        return [reason("bytes_after_end", last.field_name)]
    difference = EVIDENCE_ONLY.review_file(case.reader, last.signed_revision)
    if (
        behind > 1
        or not isinstance(difference, DiffResult)
        or not xrefs.explicit_refs_in_revision(xrefs.total_revisions - 1)
    ):
        return [reason("modified_after_signing", last.field_name)]
    return []
