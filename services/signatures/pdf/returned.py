"""Check a file that was signed elsewhere: a plug-in with a USB token, a remote service."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.diff_analysis import DiffResult

from .fetch import Fetch
from .profile import SIGNATURES_ONLY
from .reading import open_pdf
from .reasons import Reason, reason
from .report import Report, SignatureFacts
from .revocation import RevocationSource
from .trust import TrustStore
from .verdict import validate

_SIGNED_AND_APPENDED_TO = 3  # ISO 32000-1, table 219


def with_form(pdf: bytes) -> bytes:
    """The file as it is given out for signing: with a form, as every signed file has one.

    The policy that tells a signature from other changes compares forms; a file that has one
    stays as it is. Malformed files raise any class of error.
    """
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    if "/AcroForm" in writer.root:
        return pdf
    form = generic.DictionaryObject(
        {
            generic.pdf_name("/Fields"): generic.ArrayObject(),
            generic.pdf_name("/SigFlags"): generic.NumberObject(_SIGNED_AND_APPENDED_TO),
        }
    )
    writer.root[generic.pdf_name("/AcroForm")] = writer.add_object(form)
    writer.update_root()
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def check_returned(
    base: bytes,
    returned: bytes,
    *,
    certificates: Collection[str],
    trust: TrustStore,
    at: datetime,
    fetch: Fetch | RevocationSource,
) -> Report:
    """Judge what came back: the base file, then exactly one new signature, over everything.

    `base` is what was given out, made by `with_form`.
    `certificates` are the SHA-256 fingerprints (hex) of the person who was asked to sign; the
    field's name is the signing program's own, so it is not compared.
    """
    report = validate(returned, trust=trust, at=at, fetch=fetch)
    reasons = list(report.reasons)
    new = added(base, report)
    if not returned.startswith(base):
        reasons.append(reason("base_replaced"))
    elif not reasons_to_stop(reasons):
        reasons += _more_than_signed(base, returned, [facts.field for facts in new])
    if len(new) != 1 or new[0].coverage != "file":
        reasons.append(reason("signature_missing"))
    elif new[0].signer is None or new[0].signer.sha256 not in certificates:
        reasons.append(reason("signer_unexpected", new[0].field))
    return report.with_reasons(reasons)


def added(base: bytes, report: Report) -> list[SignatureFacts]:
    """The signatures that reach beyond the base file."""
    return [facts for facts in report.signatures if sum(facts.byte_range[2:]) > len(base)]


def reasons_to_stop(reasons: Collection[Reason]) -> bool:
    """Whether the file could not be read well enough to look at its changes."""
    return any(not one.signature and one.verdict != "TOTAL_PASSED" for one in reasons)


def _more_than_signed(base: bytes, returned: bytes, fields: list[str]) -> list[Reason]:
    """A first signature covers whatever its program changed, so the change itself is looked at."""
    before = open_pdf(base).xrefs.total_revisions
    try:
        difference = SIGNATURES_ONLY.review_file(open_pdf(returned), before - 1)
        clean = isinstance(difference, DiffResult) and difference.changed_form_fields <= {*fields}
    except Exception:
        clean = False  # what cannot be compared is not the base and a signature alone
    return [] if clean else [reason("base_changed")]
