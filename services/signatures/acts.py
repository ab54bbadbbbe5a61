"""The worker's acts: sign as leader, number and seal, judge a file.

Each is repeatable: a job that runs again makes other bytes, but only the first result is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from uuid import UUID

import rfc8785

from libs.blobs import BlobStore
from libs.contracts.journal import Journal
from libs.db import Database, Unit
from libs.jobs.queue import Job
from libs.jobs.worker import Act, Finish
from libs.messaging.replicas import wait_for_replicas
from services.signatures import queries
from services.signatures.commands import FinishSigning, RecordVerdict, RefuseSigning
from services.signatures.domain import Command, Order, decide, evolve
from services.signatures.events import EVENTS, FileValidated, SignatureMade
from services.signatures.pdf.box import Box
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.judge import ExpectedSigner
from services.signatures.pdf.report import Report
from services.signatures.pdf.sign import Signed, SigningRefused
from services.signatures.pdf.verdict import LARGEST_FILE

JOURNAL = Journal(EVENTS)
REPLICAS = ("signatures.projections", ("agency", "certificate", "person"))


@dataclass(frozen=True)
class Acts:
    """What one worker needs; `engine` is its own child process."""

    database: Database
    blobs: BlobStore
    engine: Isolated

    def table(self) -> Mapping[str, Act]:
        """The acts by kind of job."""
        return {
            "sign_leader": self.sign_leader,
            "sign_seal": self.sign_seal,
            "validate": self.validate,
        }

    def sign_leader(self, job: Job) -> Finish:
        """Put the leader's personal signature on the page."""
        order = job.arguments
        # What the directory said before the order counts: a revoked certificate is not used.
        wait_for_replicas(self.database, *REPLICAS, job.context)

        def make(pdf: bytes) -> list[tuple[str, str, Signed]]:
            signed = self.engine.sign_leader(
                pdf,
                person_id=order["signer_id"],
                box=_box(order["box"]),
                at=datetime.now(UTC),
            )
            return [("leader", order["signer_id"], signed)]

        return self._sign(job, make)

    def sign_seal(self, job: Job) -> Finish:
        """Put number and date, then the seal, both with the agency's key."""
        order, agency_id = job.arguments, job.arguments["agency_id"]
        wait_for_replicas(self.database, *REPLICAS, job.context)
        with self.database.unit() as unit:
            name = queries.agency_name(unit.connection, agency_id) or ""

        def make(pdf: bytes) -> list[tuple[str, str, Signed]]:
            at = datetime.now(UTC)
            numbered = self.engine.sign_number(
                pdf,
                agency_id=agency_id,
                at=at,
                number=order["number_text"],
                number_box=_box(order["number_box"]),
                date=order["date_text"],
                date_box=_box(order["date_box"]),
            )
            sealed = self.engine.sign_seal(
                numbered.pdf, agency_id=agency_id, agency=name, box=_box(order["seal_box"]), at=at
            )
            return [("number", agency_id, numbered), ("seal", agency_id, sealed)]

        return self._sign(job, make)

    def validate(self, job: Job) -> Finish:
        """Judge a file by the verdict rule, against the sender's known certificates."""
        order = job.arguments
        wait_for_replicas(self.database, *REPLICAS, job.context)
        with self.database.unit() as unit:
            seals = queries.seal_fingerprints(unit.connection, order["sender_id"])
            leaders = queries.leader_fingerprints(unit.connection, order["sender_id"])
        expected = [
            ExpectedSigner("leader", leaders),
            ExpectedSigner("number", seals),
            ExpectedSigner("seal", seals),
        ]
        pdf = self.blobs.read(order["file"], limit=LARGEST_FILE)
        report = self.engine.validate(pdf, at=datetime.now(UTC), expected=expected)
        kept = self.blobs.put_bytes(rfc8785.dumps(report.to_json()))
        return end_with(job, *verdict_of(order, report, kept.digest))

    def _sign(self, job: Job, make: Any) -> Finish:
        order = job.arguments
        stream = f"signing-{order['signing_id']}"
        signing, document, agency = (
            UUID(order[name]) for name in ("signing_id", "document_id", "agency_id")
        )
        try:
            made = make(self.blobs.read(order["file"], limit=LARGEST_FILE))
            self._refuse_ended({signed.certificate_sha256 for _, _, signed in made})
        except SigningRefused as error:
            return end_with(job, stream, RefuseSigning(signing, document, agency, error.code))
        signatures = [
            SignatureMade(
                signing_id=signing,
                document_id=document,
                agency_id=agency,
                role=role,
                owner_id=UUID(owner),
                certificate=signed.certificate_sha256,
                level=signed.level,
                signed_at=signed.signed_at,
                file=self.blobs.put_bytes(signed.pdf).digest,
            )
            for role, owner, signed in made
        ]
        return end_with(job, stream, FinishSigning(tuple(signatures)))

    def _refuse_ended(self, fingerprints: set[str]) -> None:
        """Nothing leaves here that a certificate signed which was revoked, returned or lost."""
        with self.database.unit() as unit:
            why = queries.what_ended(unit.connection, fingerprints)
        if why:
            raise SigningRefused(f"certificate_{why}", f"the directory says: {why}")


def verdict_of(order: Mapping[str, Any], report: Report, digest: str) -> tuple[str, RecordVerdict]:
    """The stream of a validation, and what records its report, kept under `digest`."""
    verdict = FileValidated(
        validation_id=UUID(order["validation_id"]),
        document_id=UUID(order["document_id"]),
        agency_id=UUID(order["agency_id"]),
        file=order["file"],
        verdict=report.verdict,
        sub_indication=report.sub_indication,
        report=digest,
    )
    return f"validation-{order['validation_id']}", RecordVerdict(verdict)


def end_with(job: Job, stream: str, command: Command) -> Finish:
    """End the order or the validation of a job, unless it has ended."""

    def finish(unit: Unit) -> None:
        history, version = JOURNAL.load(unit.store, stream)
        events = decide(reduce(evolve, history, Order()), command)
        if events:
            context = replace(job.context, occurred_at=unit.now)
            JOURNAL.append(unit.store, stream, version, events, context, job.job_id)

    return finish


def _box(place: Mapping[str, int]) -> Box:
    # A zero is absent from the message's dictionary.
    return Box(*(place.get(name, 0) for name in ("page", "x1", "y1", "x2", "y2")))
