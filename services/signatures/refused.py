"""What it means that two people refused a job of this service: the order ends without it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import rfc8785

from libs.blobs import BlobStore
from libs.jobs.queue import REFUSED_AT_DESK, Job
from libs.jobs.worker import Act, Finish
from services.signatures.acts import end_with, verdict_of
from services.signatures.commands import RefuseSigning
from services.signatures.pdf.verdict import refused


def refused_acts(blobs: BlobStore) -> Mapping[str, Act]:
    """The acts of refused jobs, by kind."""

    def validation(job: Job) -> Finish:
        """The verdict is open: nobody looked into the file."""
        order = job.arguments
        report = refused(b"", "not_checked", at=datetime.now(UTC))
        report = replace(report, file_sha256=order["file"])
        kept = blobs.put_bytes(rfc8785.dumps(report.to_json()))
        return end_with(job, *verdict_of(order, report, kept.digest))

    return {
        "sign_leader.refused": _signing,
        "sign_seal.refused": _signing,
        "validate.refused": validation,
    }


def _signing(job: Job) -> Finish:
    """The document goes back to before the signature was asked for."""
    order = job.arguments
    signing, document, agency = (
        UUID(order[name]) for name in ("signing_id", "document_id", "agency_id")
    )
    command = RefuseSigning(signing, document, agency, REFUSED_AT_DESK)
    return end_with(job, f"signing-{signing}", command)
