"""Joint documents (văn bản liên tịch): whether those who signed beside the sender might.

Whoever signs beside the sender's leader is a leader of some agency that the directory knows; each
further seal belongs to the agency of such a leader, who signed before the number was taken.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from services.signatures import queries
from services.signatures.pdf.reasons import reason
from services.signatures.pdf.report import Report, SignatureFacts
from services.signatures.pdf.roles import COPY, is_further


def with_cosigners(report: Report, connection: Connection, day: date) -> Report:
    """The report, with a reason for each further signer who might not sign."""
    further = [
        facts for facts in report.signatures if is_further(facts.field) and facts.expected is None
    ]
    wrong = [facts.field for facts in further if not _might(facts, report, connection, day)]
    if not wrong:
        return report
    unexpected = [reason("signer_unexpected", field) for field in wrong]
    return report.with_reasons([*report.reasons, *unexpected])


def _might(facts: SignatureFacts, report: Report, connection: Connection, day: date) -> bool:
    if facts.role == "leader":
        return _before_number(facts, report.signatures) and bool(_agencies(facts, connection, day))
    if facts.role == "seal":
        sealed = _agencies(facts, connection, day)
        leaders = [one for one in report.signatures if one.role == "leader"]
        signed = [_agencies(one, connection, day) for one in leaders if is_further(one.field)]
        return any(sealed & agencies for agencies in signed)
    return facts.role in COPY  # of a copy that was copied again; the last one was compared


def _before_number(facts: SignatureFacts, signatures: Sequence[SignatureFacts]) -> bool:
    numbered = [one.order for one in signatures if one.role in ("number", "seal")]
    return all(facts.order < order for order in numbered)


def _agencies(facts: SignatureFacts, connection: Connection, day: date) -> frozenset[str]:
    if facts.signer is None:
        return frozenset()
    return queries.agencies_of(connection, facts.signer.sha256, facts.role, day)
