"""Reports of files that come again: the same bytes, the same question, within a minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from .judge import ExpectedSigner
from .report import Report
from .revocation import KEPT

_MOST = 256
_LARGEST = 256 * 1024  # bytes of what a report rests on
_Key = tuple[str, tuple[ExpectedSigner, ...]]


class KeptReports:
    """Final reports of one worker, whose trust store and policy stay the same as long as it lives.

    A report is given again for as long as a revocation answer is, and never for an instant
    before its own or beyond the next moment at which a certificate or an answer that it names
    ends. INDETERMINATE is never kept: what was not known may be known now. The report is the
    one that was made, with its own instant.
    """

    def __init__(self) -> None:
        self._reports: OrderedDict[_Key, tuple[float, Report]] = OrderedDict()

    def find(self, sha256: str, at: datetime, expected: Sequence[ExpectedSigner]) -> Report | None:
        """The report of a file (SHA-256, hex) that still holds at `at`, or None."""
        ends, report = self._reports.get((sha256, tuple(expected)), (0.0, None))
        if report is None or time.monotonic() >= ends:
            return None
        return report if report.at <= at < _holds_until(report) else None

    def keep(self, report: Report, expected: Sequence[ExpectedSigner]) -> None:
        """Keep a report, unless it may heal or is large."""
        size = sum(len(one.der) for one in report.material)
        if report.verdict == "INDETERMINATE" or size > _LARGEST:
            return
        self._reports[report.file_sha256, tuple(expected)] = (time.monotonic() + KEPT, report)
        while len(self._reports) > _MOST:
            self._reports.popitem(last=False)

    def clear(self) -> None:
        """Forget all; the next worker may trust others."""
        self._reports.clear()


def _holds_until(report: Report) -> datetime:
    turns = [report.at + timedelta(seconds=KEPT)]
    for one in report.signatures:
        for certificate in (*one.chain, *([one.signer] if one.signer else [])):
            turns += [certificate.not_before, certificate.not_after]
        if one.revocation and one.revocation.next_update:
            turns.append(one.revocation.next_update)
    return min(turn for turn in turns if turn > report.at)
