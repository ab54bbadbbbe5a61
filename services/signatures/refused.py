"""What it means that two people refused a job of this service: the order ends without it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from libs.blobs import BlobStore
from libs.db import Unit
from libs.jobs.queue import REFUSED, REFUSED_AT_DESK, Job
from libs.jobs.worker import Act, Finish
from services.signatures.commands import RefuseEvidence, RefuseSigning, RefuseTrustList
from services.signatures.devices import load
from services.signatures.domain import evidence, orders, trust
from services.signatures.events import EvidenceRefused, TrustListRefused
from services.signatures.evidence_jobs import KIND, stream_of
from services.signatures.judging import record_verdict
from services.signatures.pdf.verdict import refused
from services.signatures.recording import record
from services.signatures.report_key import ReportKey
from services.signatures.trust_orders import READ_LIST, STREAM


def refused_acts(blobs: BlobStore, key: ReportKey) -> Mapping[str, Act]:
    """The acts of refused jobs, by kind."""

    def validation(job: Job) -> Finish:
        """The verdict is open, and nothing follows: nobody looked into the file."""
        report = refused(b"", "not_checked", at=datetime.now(UTC))
        report = replace(report, file_sha256=job.arguments["file"])
        return record_verdict(job, report, blobs, key)

    acts = {
        "sign_leader": _signing,
        "sign_seal": _signing,
        "device_open": _signing,
        "device_prepare": _device,
        "device_check": _device,
        "device_expire": _device,
        "validate": validation,
        "validate_again": validation,
        KIND: _evidence,
        READ_LIST: _trust_list,
    }
    return {f"{kind}{REFUSED}": act for kind, act in acts.items()}


def _signing(job: Job) -> Finish:
    """The document goes back to before the signature was asked for."""
    order = job.arguments
    signing, document, agency = (
        UUID(order[name]) for name in ("signing_id", "document_id", "agency_id")
    )
    command = RefuseSigning(signing, document, agency, REFUSED_AT_DESK)
    return record(job, f"signing-{signing}", orders, command)


def _device(job: Job) -> Finish:
    """The order for a signer's own device ends, whatever was given out or came back."""
    signing_id = UUID(job.arguments["signing_id"])

    def finish(unit: Unit) -> None:
        opened = load(unit, signing_id).order.opened
        assert opened is not None, "these jobs follow the order's opening"
        command = RefuseSigning(signing_id, opened.document_id, opened.agency_id, REFUSED_AT_DESK)
        record(job, f"signing-{signing_id}", orders, command)(unit)

    return finish


def _evidence(job: Job) -> Finish:
    """The file stays as it is: its signatures are believed as long as its certificates."""
    file, over = job.arguments["file"], job.arguments["over"]
    command = RefuseEvidence(EvidenceRefused(file, over, REFUSED_AT_DESK))
    return record(job, stream_of(file), evidence, command)


def _trust_list(job: Job) -> Finish:
    """The list that somebody brought is not taken."""
    order = job.arguments
    refusal = TrustListRefused(
        UUID(order["list_id"]), order["file"], UUID(order["brought_by"]), REFUSED_AT_DESK
    )
    return record(job, STREAM, trust, RefuseTrustList(refusal))
