"""The worker's acts: sign as leader, number and seal, judge a file.

Each is repeatable: a job that runs again makes other bytes, but only the first result is recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from libs.blobs import BlobStore
from libs.db import Database
from libs.jobs.queue import Job
from libs.jobs.worker import Act, Finish
from libs.messaging.replicas import wait_for_replicas
from libs.pkcs11.place import PASSING, TokenAbsent
from services.signatures import queries
from services.signatures.commands import FinishSigning, RefuseSigning
from services.signatures.device_acts import DeviceActs
from services.signatures.domain import orders
from services.signatures.domain.orders import ATTACHMENT
from services.signatures.ended import refuse_ended
from services.signatures.events import SignatureMade, SignedAttachment
from services.signatures.judging import REPLICAS, Judging
from services.signatures.keys import KeyNotFound
from services.signatures.pdf.box import Box
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.signed import Signed, SigningRefused
from services.signatures.pdf.verdict import LARGEST_FILE
from services.signatures.recording import count, record
from services.signatures.report_key import ReportKey
from services.signatures.token_desk import TokenDesk, some_unseen

# A token that is away is waited for (1 s, 10 s, a minute); then its leader is told.
TRIES = 4
LEADER, SEAL, COPIER, COPY = "leader", "seal", "copier", "copy"
COPY_FORMS = {"SY": "SAO Y", "SL": "SAO LỤC"}

# A signature's role, the owner of its key, and the file with it.
One = tuple[str, str, Signed]


@dataclass(frozen=True)
class Made:
    """What one order came to: its signatures, and the attachments that were signed."""

    signatures: list[One]
    attachments: list[SignedAttachment] = field(default_factory=list)


@dataclass(frozen=True)
class Acts:
    """What one worker needs; `engine` is its own child process."""

    database: Database
    blobs: BlobStore
    engine: Isolated
    key: ReportKey
    desks: Sequence[TokenDesk] = ()

    def table(self) -> Mapping[str, Act]:
        """The acts by kind of job."""
        devices = DeviceActs(self.database, self.blobs, self.engine)
        return {**self.signing(), **devices.table(), "validate": self.validate}

    def signing(self) -> Mapping[str, Act]:
        """The acts for which a key is needed."""
        return {"sign_leader": self.sign_leader, "sign_seal": self.sign_seal}

    def sign_leader(self, job: Job) -> Finish:
        """Put a leader's personal signature on the page, or that of a copy's signer."""
        order = job.arguments
        who, name = order["signer_id"], order.get("field") or LEADER
        # What the directory said before the order counts: a revoked certificate is not used.
        wait_for_replicas(self.database, *REPLICAS, job.context)

        def make(pdf: bytes) -> Made:
            for file in order.get("attachments", ()):
                self.engine.check_signable(self.blobs.read(file["digest"], limit=LARGEST_FILE))
            at = datetime.now(UTC)
            if name == COPIER:
                return Made([(COPIER, who, self.engine.sign_copier(pdf, person_id=who, at=at))])
            signed = self.engine.sign_leader(
                pdf, person_id=who, box=_box(order["box"]), at=at, field=name
            )
            return Made([(LEADER, who, signed)])

        return self._sign(job, make)

    def sign_seal(self, job: Job) -> Finish:
        """Sign with the agency's key: number and date, its seal or its copy, what goes along."""
        order, agency_id = job.arguments, job.arguments["agency_id"]
        wait_for_replicas(self.database, *REPLICAS, job.context)
        with self.database.unit() as unit:
            name = queries.agency_name(unit.connection, agency_id) or ""

        def make(pdf: bytes) -> Made:
            at = datetime.now(UTC)
            main = self._copy if order.get("copy_form") else self._number_and_seal
            made = Made(main(pdf, order, name, at))
            for file in order.get("attachments", ()):
                self._attachment(made, file["digest"], order, at)
            return made

        return self._sign(job, make)

    def _number_and_seal(
        self, pdf: bytes, order: Mapping[str, Any], name: str, at: datetime
    ) -> list[One]:
        """Number and date by the first agency alone, then the seal."""
        agency_id, made = order["agency_id"], list[One]()
        if order.get("number_text"):
            numbered = self.engine.sign_number(
                pdf,
                agency_id=agency_id,
                at=at,
                number=order["number_text"],
                number_box=_box(order["number_box"]),
                date=order["date_text"],
                date_box=_box(order["date_box"]),
            )
            pdf = numbered.pdf
            made.append(("number", agency_id, numbered))
        sealed = self.engine.sign_seal(
            pdf,
            agency_id=agency_id,
            agency=name,
            box=_box(order["seal_box"]),
            at=at,
            field=order.get("field") or SEAL,
        )
        return [*made, (SEAL, agency_id, sealed)]

    def _copy(self, pdf: bytes, order: Mapping[str, Any], name: str, at: datetime) -> list[One]:
        agency_id = order["agency_id"]
        form, code = COPY_FORMS[order["copy_form"]], order["code"]
        signed = self.engine.sign_copy(
            pdf, agency_id=agency_id, form=form, agency=name, at=at, code=code
        )
        return [(COPY, agency_id, signed)]

    def _attachment(self, made: Made, digest: str, order: Mapping[str, Any], at: datetime) -> None:
        agency_id = order["agency_id"]
        pdf = self.blobs.read(digest, limit=LARGEST_FILE)
        signed = self.engine.sign_attachment(pdf, agency_id=agency_id, code=order["code"], at=at)
        made.signatures.append((ATTACHMENT, agency_id, signed))
        kept = self.blobs.put_bytes(signed.pdf)
        made.attachments.append(SignedAttachment(digest, kept.digest, kept.size))

    def validate(self, job: Job) -> Finish:
        """See `Judging.validate`."""
        return Judging(self.database, self.blobs, self.engine, self.key).validate(job)

    def _sign(self, job: Job, make: Any) -> Finish:
        order = job.arguments
        stream = f"signing-{order['signing_id']}"
        signing, document, agency = (
            UUID(order[name]) for name in ("signing_id", "document_id", "agency_id")
        )
        try:
            made = make(self.blobs.read(order["file"], limit=LARGEST_FILE))
            signed_by = {signed.certificate_sha256 for _, _, signed in made.signatures}
            refuse_ended(self.database, signed_by)
        except SigningRefused as error:
            code = self._reason(error.code)
            if code in PASSING and job.attempts < TRIES:
                raise
            return record(job, stream, orders, RefuseSigning(signing, document, agency, code))
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
                revocation=signed.revocation,
                revocation_answers=tuple(
                    self.blobs.put_bytes(one).digest for one in signed.answers
                ),
            )
            for role, owner, signed in made.signatures
        ]
        finish = FinishSigning(tuple(signatures), tuple(made.attachments))
        return record(job, stream, orders, finish, count)

    def _reason(self, code: str) -> str:
        """The code of a refusal, by what is known of the tokens."""
        for desk in self.desks:
            if desk.engine is self.engine:
                desk.look_again()
                return code
        unseen = code == KeyNotFound.code and some_unseen(self.desks)
        return TokenAbsent.code if unseen else code


def _box(place: Mapping[str, int]) -> Box:
    # A zero is absent from the message's dictionary.
    return Box(*(place.get(name, 0) for name in ("page", "x1", "y1", "x2", "y2")))
