"""The worker's acts on files of others: judge, and judge again what could not be known."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import rfc8785

from libs.blobs import BlobMissing, BlobStore
from libs.db import Database, Unit
from libs.eventstore import Context
from libs.jobs.queue import Job
from libs.jobs.worker import ComeAgain, Finish
from libs.messaging.replicas import wait_for_replicas
from services.signatures import queries
from services.signatures.commands import RecordVerdict
from services.signatures.domain import validations
from services.signatures.events import FileValidated
from services.signatures.evidence_jobs import ask_for_evidence
from services.signatures.joint import with_cosigners
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.judge import ExpectedSigner
from services.signatures.pdf.report import Report
from services.signatures.pdf.verdict import LARGEST_FILE
from services.signatures.pdf.xml_report import to_xml
from services.signatures.recording import record
from services.signatures.report_key import ReportKey

REPLICAS = ("signatures.projections", ("agency", "certificate", "person"))
LARGEST_CARD = 64 * 1024
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True)
class Judging:
    """What is needed to judge; `engine` is the worker's own child, which never sees `key`."""

    database: Database
    blobs: BlobStore
    engine: Isolated
    key: ReportKey

    def validate(self, job: Job) -> Finish:
        """Judge a file by the verdict rule, against the sender's known certificates."""
        return record_verdict(job, self._judge(job), self.blobs, self.key)

    def validate_again(self, job: Job) -> Finish:
        """Judge anew a file whose verdict is pending; waits while the answer is still not known."""
        report = self._judge(job)
        if report.pending or report.unfinished:
            raise ComeAgain("who could tell does not answer")
        return record_verdict(job, report, self.blobs, self.key)

    def _judge(self, job: Job) -> Report:
        order = job.arguments
        wait_for_replicas(self.database, *REPLICAS, job.context)
        now = datetime.now(UTC)
        day = _day(order.get("issued_on", "")) or now.astimezone(VIETNAM).date()
        with self.database.unit() as unit:
            seals = queries.seals_on(unit.connection, order["sender_id"], day)
            cards = queries.leaders_on(unit.connection, order["sender_id"], day)
        leaders = [(fingerprint, self._name(card)) for fingerprint, card in cards]
        expected = [
            _signer("leader", leaders),
            _signer("number", seals),
            _signer("seal", seals),
            _signer("copier", leaders),
            _signer("copy", seals),
        ]
        pdf = self.blobs.read(order["file"], limit=LARGEST_FILE)
        report = self.engine.validate(pdf, at=now, expected=expected)
        with self.database.unit() as unit:
            return with_cosigners(report, unit.connection, day)

    def _name(self, card: str | None) -> str | None:
        """The name on a card; None when it is not known, or was erased."""
        if card is None:
            return None
        try:
            name = json.loads(self.blobs.read(card, limit=LARGEST_CARD)).get("full_name")
        except BlobMissing:
            return None
        return name if isinstance(name, str) else None


def record_verdict(job: Job, report: Report, blobs: BlobStore, key: ReportKey) -> Finish:
    """End a validation with its report, kept in three forms, and with what follows from it."""
    order, told = job.arguments, rfc8785.dumps(report.to_json())
    for one in report.material:
        blobs.put_bytes(one.der)
    verdict = FileValidated(
        validation_id=UUID(order["validation_id"]),
        document_id=UUID(order["document_id"]),
        agency_id=UUID(order["agency_id"]),
        file=order["file"],
        verdict=report.verdict,
        sub_indication=report.sub_indication,
        report=blobs.put_bytes(told).digest,
        pending=report.pending,
        supersedes=order.get("supersedes", ""),
        signed_report=blobs.put_bytes(key.sign_json(told)).digest,
        xml_report=blobs.put_bytes(key.sign_xml(to_xml(report))).digest,
    )

    def follow(unit: Unit, _events: list[Any], context: Context) -> None:
        if verdict.pending:
            again = {**order, "supersedes": verdict.report}
            job_id = uuid5(verdict.validation_id, f"after {verdict.report}")
            unit.jobs.add(job_id, "validate_again", again, context)
        if verdict.verdict == "TOTAL_PASSED":
            ask_for_evidence(unit, verdict.file, context)

    stream = f"validation-{verdict.validation_id}"
    return record(job, stream, validations, RecordVerdict(verdict), follow)


def _signer(role: str, known: Sequence[tuple[str, str | None]]) -> ExpectedSigner:
    names = frozenset((fingerprint, name) for fingerprint, name in known if name)
    return ExpectedSigner(role, frozenset(fingerprint for fingerprint, _ in known), names)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
