"""The signing and validation workers: a process without eventlet, each with a warm child."""

import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from libs.blobs import open_store
from libs.config import load
from libs.db import database_of
from libs.jobs.worker import Worker, run_workers
from libs.observability import set_up_logging, set_up_tracing
from libs.service import checks_of
from libs.web.ops import serve_ops
from services.signatures.acts import Acts
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated
from services.signatures.refused import refused_acts
from services.signatures.settings import SigningSettings


def main() -> None:
    """Run until SIGTERM. The first worker takes urgent jobs alone; all children are warm first."""
    settings = load(SigningSettings, os.environ)
    set_up_logging("signatures.worker")
    set_up_tracing("signatures.worker")
    database = database_of(settings.database_url, "signatures")
    blobs = open_store(settings.blob_url)
    tsa_host = urlsplit(settings.tsa_url).netloc
    setup = Setup(
        trust=settings.trust_dir,
        hosts=tuple({*settings.fetch_hosts, tsa_host} - {""}),
        keys=settings.keys_dir,
        tsa_url=settings.tsa_url,
    )
    engines = [Isolated(setup) for _ in range(settings.workers)]
    with ThreadPoolExecutor() as starts:
        list(starts.map(Isolated.start, engines))
    workers = [
        Worker(
            name=f"signatures.worker-{number}",
            database=database,
            acts={**Acts(database, blobs, engine).table(), **refused_acts(blobs)},
            urgent_only=number == 0,
        )
        for number, engine in enumerate(engines)
    ]
    serve_ops(settings.ops_host, settings.ops_port, checks_of("signatures")(settings))
    run_workers(workers)


if __name__ == "__main__":
    main()
