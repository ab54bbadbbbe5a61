"""Check a file that was signed elsewhere: a plug-in with a USB token, a remote service."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from .fetch import Fetch
from .reasons import reason, worst
from .report import Report
from .trust import TrustStore
from .verdict import validate


def check_returned(
    base: bytes,
    returned: bytes,
    *,
    certificates: Collection[str],
    trust: TrustStore,
    at: datetime,
    fetch: Fetch,
) -> Report:
    """Judge what came back: the base file, then exactly one new signature, over everything.

    `certificates` are the SHA-256 fingerprints (hex) of the person who was asked to sign; the
    field's name is the signing program's own, so it is not compared.
    """
    report = validate(returned, trust=trust, at=at, fetch=fetch)
    reasons = list(report.reasons)
    if not returned.startswith(base):
        reasons.append(reason("base_replaced"))
    new = [facts for facts in report.signatures if sum(facts.byte_range[2:]) > len(base)]
    if len(new) != 1 or new[0].coverage != "file":
        reasons.append(reason("signature_missing"))
    elif new[0].signer is None or new[0].signer.sha256 not in certificates:
        reasons.append(reason("signer_unexpected", new[0].field))
    verdict, sub_indication = worst(reasons)
    return replace(report, verdict=verdict, sub_indication=sub_indication, reasons=tuple(reasons))
