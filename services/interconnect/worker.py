"""The interconnect service's workers: they write and send packets, tell statuses, poll the axis."""

import os
import threading
from collections.abc import Mapping
from functools import partial

from libs.blobs import BlobStore, open_store
from libs.config import load
from libs.db import Database, database_of
from libs.envelope import KeyFolder
from libs.jobs.worker import Act, Worker, run_workers
from libs.observability import set_up_logging, set_up_tracing
from libs.service import checks_of
from libs.web.ops import serve_ops
from services.interconnect.axis import AxisClient
from services.interconnect.deliveries import prepare, send
from services.interconnect.poller import Poller
from services.interconnect.recalls import tell_recall
from services.interconnect.refused import REFUSED_ACTS
from services.interconnect.reread import reread
from services.interconnect.sealing import Sealer
from services.interconnect.settings import MEBIBYTE, WorkerSettings
from services.interconnect.statuses import tell


def acts(
    database: Database,
    blobs: BlobStore,
    axis: AxisClient,
    keys: KeyFolder,
    limit: int = 100 * MEBIBYTE,
) -> Mapping[str, Act]:
    """The jobs of this service, for one thread: a client of the axis is not shared.

    `limit` is the most bytes of a packet that is read again.
    """
    sealer = Sealer(database, blobs, keys)
    return {
        "prepare": partial(prepare, database, blobs, sealer),
        "send": partial(send, database, blobs, axis),
        "status": partial(tell, database, blobs, axis, sealer),
        "recall": partial(tell_recall, database, blobs, axis, sealer),
        "reread": partial(reread, database, blobs, limit),
        **REFUSED_ACTS,
    }


def main() -> None:
    """Run two workers, one of them for urgent documents alone, and the poller, until SIGTERM."""
    settings = load(WorkerSettings, os.environ)
    set_up_logging("interconnect.worker")
    set_up_tracing("interconnect.worker")
    database = database_of(settings.database_url, "interconnect")
    blobs = open_store(settings.blob_url)
    keys = KeyFolder(settings.service_keys_dir)

    def axis() -> AxisClient:
        return AxisClient(settings.axis_url, settings.axis_system_id, settings.axis_secret)

    def table() -> Mapping[str, Act]:
        return acts(database, blobs, axis(), keys, settings.packet_limit)

    poller = Poller(database, blobs, axis(), settings.packet_limit, settings.axis_mail)
    serve_ops(settings.ops_host, settings.ops_port, checks_of("interconnect")(settings))
    # A daemon: every step of a round may be cut off and is then repeated.
    threading.Thread(
        target=poller.run,
        args=(settings.poll_seconds, threading.Event()),
        name="poller",
        daemon=True,
    ).start()
    run_workers(
        [
            Worker("interconnect.worker-0", database, table()),
            Worker("interconnect.worker-urgent", database, table(), urgent_only=True),
        ]
    )


if __name__ == "__main__":
    main()
