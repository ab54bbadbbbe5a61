"""The signing and validation workers: a process without eventlet, each with a warm child."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from libs.blobs import BlobStore, open_store
from libs.config import load
from libs.db import Database, database_of
from libs.jobs.worker import Act, Worker, run_workers
from libs.observability import get_logger, set_up_logging, set_up_tracing
from libs.service import checks_of
from libs.web.ops import serve_ops
from services.signatures.acts import Acts
from services.signatures.evidence_jobs import KIND
from services.signatures.judging import Judging
from services.signatures.keeping import Keeping
from services.signatures.metrics import watch_waiting
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.fetch import host_of
from services.signatures.pdf.isolate import Isolated
from services.signatures.renewals import watch_renewals
from services.signatures.report_key import ReportKey
from services.signatures.settings import SigningSettings
from services.signatures.trust_orders import READ_LIST
from services.signatures.trusting import ApprovedTrust, Reading, trusting

logger = get_logger(__name__)
PATIENT_SECONDS = 30.0
"""For one file: evidence asks a dozen answers of others, and is judged before it is kept."""


def main() -> None:
    """Run until SIGTERM. The first worker takes urgent jobs alone."""
    settings = load(SigningSettings, os.environ)
    set_up_logging("signatures.worker")
    set_up_tracing("signatures.worker")
    database = database_of(settings.database_url, "signatures")
    blobs = open_store(settings.blob_url)
    setup = Setup(
        trust=settings.trust_dir,
        hosts=(*settings.fetch_hosts, *filter(None, map(host_of, settings.tsa_url))),
        keys=settings.keys_dir,
        tsa_urls=settings.tsa_url,
        pictures=settings.pictures_dir,
        list_signers=settings.trust_list_signers_dir,
    )
    approved = ApprovedTrust(database, blobs, setup, Path(mkdtemp(prefix="lienthong-trust-")))
    key = ReportKey.open(settings.report_key_file, datetime.now(UTC))
    logger.info("report_key", certificate=key.fingerprint)
    workers = [
        Worker(
            name=f"signatures.worker-{number}",
            database=database,
            acts=_acts(database, blobs, Isolated(setup), key, approved),
            urgent_only=number == 0,
        )
        for number in range(settings.workers)
    ]
    serve_ops(settings.ops_host, settings.ops_port, checks_of("signatures")(settings))
    watch_waiting(database)
    watch_renewals(database)
    run_workers([*workers, _patient(database, blobs, setup, key, approved)])


def _acts(
    database: Database,
    blobs: BlobStore,
    engine: Isolated,
    key: ReportKey,
    approved: ApprovedTrust,
) -> Mapping[str, Act]:
    return trusting(Acts(database, blobs, engine, key).table(), engine, approved)


def _patient(
    database: Database,
    blobs: BlobStore,
    setup: Setup,
    key: ReportKey,
    approved: ApprovedTrust,
) -> Worker:
    """The worker for what may have to wait for others: it never keeps a signature waiting."""
    engine = Isolated(setup, seconds=PATIENT_SECONDS)
    judging, keeping = Judging(database, blobs, engine, key), Keeping(blobs, engine)
    acts = {
        "validate_again": judging.validate_again,
        KIND: keeping.add_evidence,
        READ_LIST: Reading(blobs, engine).read_list,
    }
    return Worker("signatures.worker-patient", database, trusting(acts, engine, approved))


if __name__ == "__main__":
    main()
