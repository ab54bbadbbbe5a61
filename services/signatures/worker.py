"""The signing and validation workers: a process without eventlet, each with a warm child.

One worker for each token; the others sign with the keys in files, and judge.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from libs.blobs import BlobStore, open_store
from libs.config import load
from libs.db import Database, database_of
from libs.jobs.worker import Act, Worker, run_workers
from libs.observability import get_logger, set_up_logging, set_up_tracing
from libs.secrecy import forbid_dumps
from libs.service import checks_of
from libs.web.ops import serve_ops
from services.signatures.acts import Acts
from services.signatures.evidence_jobs import KIND
from services.signatures.giving_way import GivingWay
from services.signatures.judging import Judging
from services.signatures.keeping import Keeping
from services.signatures.metrics import watch_waiting
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.fetch import host_of
from services.signatures.pdf.isolate import Isolated
from services.signatures.probing import watch_waiting_jobs
from services.signatures.refused import refused_acts
from services.signatures.renewals import watch_renewals
from services.signatures.report_key import ReportKey
from services.signatures.settings import SigningSettings
from services.signatures.token_desk import TokenDesk, of_nobody, places
from services.signatures.trust_orders import READ_LIST
from services.signatures.trusting import ApprovedTrust, Reading, trusting

logger = get_logger(__name__)
PATIENT_SECONDS = 30.0
"""For one file: evidence asks a dozen answers of others, and is judged before it is kept."""


@dataclass(frozen=True)
class Parts:
    """What all workers of the process share."""

    database: Database
    blobs: BlobStore
    key: ReportKey
    trust: ApprovedTrust
    desks: Sequence[TokenDesk] = ()

    def prompt(self, number: int, engine: Isolated) -> Worker:
        """One of the workers for what somebody waits for, the first for urgent jobs alone."""
        table = Acts(self.database, self.blobs, engine, self.key, self.desks).table()
        acts = self._with_refused(table, engine)
        return Worker(
            name=f"signatures.worker-{number}",
            database=self.database,
            acts=acts,
            urgent_only=number == 0,
            share=lambda: of_nobody(self.desks, acts),
        )

    def of_token(self, desk: TokenDesk) -> Worker:
        """The worker for the orders of one token's owners."""
        signing = Acts(self.database, self.blobs, desk.engine, self.key, [desk]).signing()
        acts = self._with_refused(signing, desk.engine)
        return Worker(
            name=f"signatures.token-{desk.label}",
            database=self.database,
            acts=acts,
            share=lambda: desk.share(acts),
        )

    def patient(self, engine: Isolated) -> Worker:
        """The worker for what may have to wait for others: it never keeps a signature waiting."""
        judging = Judging(self.database, self.blobs, engine, self.key)
        acts = {
            "validate_again": judging.validate_again,
            KIND: Keeping(self.blobs, engine).add_evidence,
            READ_LIST: Reading(self.blobs, engine).read_list,
        }
        prompt = {*Acts(self.database, self.blobs, engine, self.key).table()}
        return Worker(
            "signatures.worker-patient",
            self.database,
            trusting(acts, engine, self.trust),
            share=GivingWay(self.database, acts, prompt).share,
        )

    def _with_refused(self, acts: Mapping[str, Act], engine: Isolated) -> Mapping[str, Act]:
        return {**trusting(acts, engine, self.trust), **refused_acts(self.blobs, self.key)}


def main() -> None:
    """Run until SIGTERM. The first worker without a token takes urgent jobs alone.

    All children are warm before the first job.
    """
    forbid_dumps()
    settings = load(SigningSettings, os.environ)
    set_up_logging("signatures.worker")
    set_up_tracing("signatures.worker")
    database = database_of(settings.database_url, "signatures")
    blobs = open_store(settings.blob_url)
    setup = _setup(settings)
    key = ReportKey.open(settings.report_key_file, datetime.now(UTC))
    logger.info("report_key", certificate=key.fingerprint)
    folder = Path(mkdtemp(prefix="lienthong-trust-"))
    trust = ApprovedTrust(database, blobs, setup, folder)
    desks = [TokenDesk(setup, each) for each in places(settings.pkcs11_module, settings.tokens_dir)]
    engines = [Isolated(setup) for _ in range(settings.workers)]
    patient = Isolated(setup, seconds=PATIENT_SECONDS)
    # As many at once as there are processors: more of them would only all be late.
    with ThreadPoolExecutor(os.cpu_count()) as starts:
        begun = starts.map(Isolated.start, [*engines, patient])
        looked = starts.map(TokenDesk.look, desks)
        list(begun), list(looked)
    parts = Parts(database, blobs, key, trust, desks)
    serve_ops(settings.ops_host, settings.ops_port, checks_of("signatures")(settings))
    watch_waiting(database)
    watch_renewals(database)
    waits = parts.patient(patient)
    watch_waiting_jobs(database, waits.acts)
    prompt = [parts.prompt(number, engine) for number, engine in enumerate(engines)]
    run_workers([*prompt, *map(parts.of_token, desks), waits])


def _setup(settings: SigningSettings) -> Setup:
    return Setup(
        trust=settings.trust_dir,
        hosts=(*settings.fetch_hosts, *filter(None, map(host_of, settings.tsa_url))),
        keys=settings.keys_dir,
        tsa_urls=settings.tsa_url,
        pictures=settings.pictures_dir,
        list_signers=settings.trust_list_signers_dir,
    )


if __name__ == "__main__":
    main()
