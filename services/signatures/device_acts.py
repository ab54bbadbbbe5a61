"""The worker's acts for signers' own devices: make what is given out, check what comes back."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import delete

from libs.blobs import BlobStore, TooLarge
from libs.db import Database, Unit, put_row
from libs.jobs.queue import Job
from libs.jobs.worker import Act, Finish
from libs.messaging.replicas import wait_for_replicas
from services.signatures import addresses, queries
from services.signatures.commands import (
    ExpireDeviceSigning,
    FinishSigning,
    OpenDeviceSigning,
    RefuseSigning,
)
from services.signatures.devices import ORDER_TIME, Loaded, load, prepared_row, stream_of
from services.signatures.domain import orders
from services.signatures.domain.orders import DIGEST, Command
from services.signatures.ended import refuse_ended
from services.signatures.events import Box, DeviceSigningOpened, SignatureMade
from services.signatures.judging import REPLICAS
from services.signatures.pdf.box import Box as PdfBox
from services.signatures.pdf.device import LARGEST_VALUE, Prepared
from services.signatures.pdf.isolate import Isolated, WorkerInterrupted
from services.signatures.pdf.report import Report
from services.signatures.pdf.returned import added
from services.signatures.pdf.signed import SigningRefused
from services.signatures.pdf.verdict import LARGEST_FILE
from services.signatures.recording import count, record
from services.signatures.tables import to_sign

COPIER = "copier"
# A responder that is away stops nobody's signature, here as little as with keys of our own.
_TOLERATED = frozenset({"revocation_unknown"})


class NotOver(Exception):
    """This process' clock is behind the database's: the order's time is not over yet."""


@dataclass(frozen=True)
class DeviceActs:
    """What one worker needs; `engine` is its own child process."""

    database: Database
    blobs: BlobStore
    engine: Isolated

    def table(self) -> Mapping[str, Act]:
        """The acts by kind of job."""
        return {
            "device_open": self.open,
            "device_prepare": self.prepare,
            "device_check": self.check,
            "device_expire": self.expire,
        }

    def open(self, job: Job) -> Finish:
        """Make the file that is given out, and let it wait for its signer."""
        order = job.arguments
        signing_id, document_id, agency_id = (
            UUID(order[name]) for name in ("signing_id", "document_id", "agency_id")
        )
        try:
            for each in order.get("attachments", ()):
                self.engine.check_signable(self.blobs.read(each["digest"], limit=LARGEST_FILE))
            file = self.engine.with_form(self.blobs.read(order["file"], limit=LARGEST_FILE))
        except SigningRefused as error:
            refusal = RefuseSigning(signing_id, document_id, agency_id, error.code)
            return _record(job, signing_id, refusal)
        digest = self.blobs.put_bytes(file).digest

        def finish(unit: Unit) -> None:
            opened = DeviceSigningOpened(
                signing_id=signing_id,
                document_id=document_id,
                agency_id=agency_id,
                signer_id=UUID(order["signer_id"]),
                file=digest,
                box=_box(order["box"]),
                expires_at=unit.now + ORDER_TIME,
                field=order.get("field") or "leader",
            )
            _record(job, signing_id, OpenDeviceSigning(opened))(unit)
            arguments, due = {"signing_id": str(signing_id)}, opened.expires_at
            job_id = uuid5(signing_id, "expire")
            unit.jobs.add(job_id, "device_expire", arguments, job.context, due_at=due)

        return finish

    def prepare(self, job: Job) -> Finish:
        """Prepare the file for the certificate of the signer's device."""
        signing_id = UUID(job.arguments["signing_id"])
        with self.database.unit() as unit:
            opened = load(unit, signing_id).order.opened
        assert opened is not None
        try:
            prepared = self.engine.prepare_leader(
                self.blobs.read(opened.file, limit=LARGEST_FILE),
                certificate=base64.b64decode(job.arguments["certificate"]),
                person_id=str(opened.signer_id),
                box=None if opened.field == COPIER else PdfBox(**vars(opened.box)),
                at=datetime.now(UTC),
                field=opened.field,
            )
        except SigningRefused as error:
            return _record(job, signing_id, _refusal(opened, error.code))
        row = {"signing_id": signing_id, "prepared": _kept(prepared, self.blobs)}
        return lambda unit: put_row(unit, to_sign, row)

    def check(self, job: Job) -> Finish:
        """Check what came back: it counts only as the file that was given out and one signature."""
        signing_id = UUID(job.arguments["signing_id"])
        wait_for_replicas(self.database, *REPLICAS, job.context)
        with self.database.unit() as unit:
            loaded = load(unit, signing_id)
            opened = loaded.order.opened
            assert opened is not None
            certificates = queries.leader_certificates(unit.connection, opened.signer_id)
            prepared = prepared_row(unit, signing_id)
        at = datetime.now(UTC)
        try:
            file, report = self._judged(loaded, prepared, certificates, at)
            command = self._outcome(opened, file, report, at)
        except (SigningRefused, WorkerInterrupted) as error:
            command = _refusal(opened, error.code)
        return _record(job, signing_id, command)

    def expire(self, job: Job) -> Finish:
        """End an order for which nothing came back, and forget its addresses."""
        signing_id = UUID(job.arguments["signing_id"])

        def finish(unit: Unit) -> None:
            order = load(unit, signing_id).order
            if order.opened and not order.ended and unit.now < order.opened.expires_at:
                raise NotOver
            _record(job, signing_id, ExpireDeviceSigning(unit.now))(unit)
            addresses.forget(unit, signing_id)
            unit.connection.execute(delete(to_sign).where(to_sign.c.signing_id == signing_id))

        return finish

    def _judged(
        self,
        loaded: Loaded,
        prepared: dict[str, Any] | None,
        certificates: frozenset[str],
        at: datetime,
    ) -> tuple[bytes, Report]:
        order = loaded.order
        assert order.opened is not None
        assert order.prepared is not None
        assert order.returned is not None
        base = self.blobs.read(order.opened.file, limit=LARGEST_FILE)
        if order.prepared.means == DIGEST:
            assert prepared is not None
            try:
                value = self.blobs.read(order.returned.returned, limit=LARGEST_VALUE)
            except TooLarge as error:
                raise SigningRefused("signature_malformed", "too long for a signature") from error
            signed, report = self.engine.complete(
                base, _prepared(prepared, self.blobs), value, certificates=certificates, at=at
            )
            return signed.pdf, report
        file = self.blobs.read(order.returned.returned, limit=LARGEST_FILE)
        report = self.engine.check_returned(base, file, certificates=certificates, at=at)
        return file, report

    def _outcome(
        self, opened: DeviceSigningOpened, file: bytes, report: Report, at: datetime
    ) -> Command:
        wrong = [one for one in report.reasons if one.code not in _TOLERATED]
        if wrong:
            worst = next((one for one in wrong if one.verdict == "TOTAL_FAILED"), wrong[0])
            return _refusal(opened, worst.code)
        base = self.blobs.read(opened.file, limit=LARGEST_FILE)
        (facts,) = added(base, report)
        assert facts.signer is not None
        refuse_ended(self.database, {facts.signer.sha256})
        made = SignatureMade(
            signing_id=opened.signing_id,
            document_id=opened.document_id,
            agency_id=opened.agency_id,
            role=COPIER if opened.field == COPIER else "leader",
            owner_id=opened.signer_id,
            certificate=facts.signer.sha256,
            level=facts.level,
            revocation=facts.revocation.status if facts.revocation else "unknown",
            # Only a timestamp proves the time that a device claims.
            signed_at=facts.timestamp_at or at,
            file=self.blobs.put_bytes(file).digest,
        )
        return FinishSigning((made,))


def _refusal(opened: DeviceSigningOpened, code: str) -> RefuseSigning:
    return RefuseSigning(opened.signing_id, opened.document_id, opened.agency_id, code)


def _record(job: Job, signing_id: UUID, command: Command) -> Finish:
    return record(job, stream_of(signing_id), orders, command, count)


def _kept(prepared: Prepared, blobs: BlobStore) -> dict[str, Any]:
    return {
        "pdf": blobs.put_bytes(prepared.pdf).digest,
        "to_sign": base64.b64encode(prepared.to_sign).decode(),
        "certificate": base64.b64encode(prepared.certificate).decode(),
        "digest": prepared.digest.hex(),
        "start": prepared.start,
        "end": prepared.end,
    }


def _prepared(row: dict[str, Any], blobs: BlobStore) -> Prepared:
    return Prepared(
        pdf=blobs.read(row["pdf"], limit=2 * LARGEST_FILE),
        to_sign=base64.b64decode(row["to_sign"]),
        certificate=base64.b64decode(row["certificate"]),
        digest=bytes.fromhex(row["digest"]),
        start=row["start"],
        end=row["end"],
    )


def _box(place: Mapping[str, int]) -> Box:
    # A zero is absent from the message's dictionary.
    return Box(*(place.get(name, 0) for name in ("page", "x1", "y1", "x2", "y2")))
