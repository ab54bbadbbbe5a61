"""The worker's act that makes evidence, the first of a file or a renewal."""

from dataclasses import dataclass
from datetime import UTC, datetime

from libs.blobs import BlobStore
from libs.jobs.queue import Job
from libs.jobs.worker import ComeAgain, Finish
from services.signatures.commands import AddEvidence
from services.signatures.domain import evidence
from services.signatures.evidence_jobs import stream_of
from services.signatures.pdf.evidence import AWAY
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.signed import SigningRefused
from services.signatures.pdf.verdict import LARGEST_FILE
from services.signatures.recording import hurrying, record

# Each renewal adds some 30 kB to a file that may have had the largest size when it came.
LARGEST_KEPT = LARGEST_FILE + 4 * 1024 * 1024


@dataclass(frozen=True)
class Keeping:
    """What is needed to make evidence; `engine` is the worker's own child process."""

    blobs: BlobStore
    engine: Isolated

    def add_evidence(self, job: Job) -> Finish:
        """Make evidence over the file or over its newest evidence; waits while others are away."""
        over = self.blobs.read(job.arguments["over"], limit=LARGEST_KEPT)
        try:
            made = self.engine.add_evidence(over, at=datetime.now(UTC))
        except SigningRefused as error:
            if error.code in AWAY:
                raise ComeAgain(error.code) from error
            raise
        command = AddEvidence(
            **job.arguments,
            evidence=self.blobs.put_bytes(made.pdf).digest,
            stamped_at=made.stamped_at,
            authority=made.authority,
            certificate_ends=made.certificate_ends,
            algorithms=made.algorithms,
        )
        return hurrying(job, record(job, stream_of(command.file), evidence, command))
