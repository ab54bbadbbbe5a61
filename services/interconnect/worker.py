"""The interconnect service's workers: they write and send packets, tell statuses, poll the axis."""

import os
import threading
from collections.abc import Callable, Mapping
from functools import partial

from libs.blobs import BlobStore, open_store
from libs.config import SettingsError, load
from libs.db import Database, database_of
from libs.envelope import KeyFolder
from libs.jobs.worker import Act, Worker, run_workers
from libs.observability import set_up_logging, set_up_tracing
from libs.service import checks_of
from libs.web.ops import serve_ops
from services.interconnect.axis import (
    AxisClient,
    NationalAxis,
    ProvinceAccount,
    ProvinceAxis,
    Throttle,
)
from services.interconnect.backlog import Backlog
from services.interconnect.deliveries import prepare
from services.interconnect.followup import FOLLOW_UP_SECONDS
from services.interconnect.poller import Poller
from services.interconnect.recalls import tell_recall
from services.interconnect.refused import REFUSED_ACTS
from services.interconnect.reread import reread
from services.interconnect.sealing import Sealer
from services.interconnect.sending import send
from services.interconnect.settings import WorkerSettings
from services.interconnect.statuses import tell


def acts(
    database: Database, blobs: BlobStore, axis: AxisClient, keys: KeyFolder, limit: int
) -> Mapping[str, Act]:
    """The jobs of this service, for one thread: a client of the axis is not shared.

    `limit` is the most bytes of a packet, in and out.
    """
    sealer = Sealer(database, blobs, keys)
    return {
        "prepare": partial(prepare, database, blobs, sealer, limit),
        "send": partial(send, database, blobs, axis),
        "status": partial(tell, database, blobs, axis, sealer),
        "recall": partial(tell_recall, database, blobs, axis, sealer),
        "reread": partial(reread, database, blobs, limit),
        **REFUSED_ACTS,
    }


def clients(settings: WorkerSettings) -> Callable[[], AxisClient]:
    """Makes clients by the chosen driver, which keep to one rate together.

    Raises `SettingsError`.
    """
    if settings.axis_rate <= 0:
        raise SettingsError(["AXIS_RATE is not above 0"])
    throttle = Throttle(settings.axis_rate)
    url, system, secret = settings.axis_url, settings.axis_system_id, settings.axis_secret
    match settings.axis_driver:
        case "national":
            return lambda: NationalAxis(url, system, secret, throttle=throttle)
        case "province":
            login = (settings.axis_user, settings.axis_password, settings.axis_application)
            if not all(login):
                names = "AXIS_USER, AXIS_PASSWORD and AXIS_APPLICATION"
                raise SettingsError([f"{names} are needed by AXIS_DRIVER=province"])
            account = ProvinceAccount(system, secret, *login)
            return lambda: ProvinceAxis(url, account, throttle=throttle)
        case _:
            raise SettingsError(["AXIS_DRIVER is neither national nor province"])


def main() -> None:
    """Run the workers, one of them for urgent documents alone, and the poller's lanes."""
    settings = load(WorkerSettings, os.environ)
    client = clients(settings)
    set_up_logging("interconnect.worker")
    set_up_tracing("interconnect.worker")
    database = database_of(settings.database_url, "interconnect")
    blobs = open_store(settings.blob_url)
    keys = KeyFolder(settings.service_keys_dir)
    limit, documents = settings.packet_limit, Backlog(settings.poll_seconds)
    serve_ops(settings.ops_host, settings.ops_port, checks_of("interconnect")(settings))
    lanes = dict.fromkeys(("documents", "large", "statuses"), settings.poll_seconds)
    lanes["sent"] = max(FOLLOW_UP_SECONDS, settings.poll_seconds)
    for lane, seconds in lanes.items():
        poller = Poller(database, blobs, client(), limit, settings.axis_mail, documents)
        # A daemon: every step of a round may be cut off and is then repeated.
        threading.Thread(
            target=poller.run,
            args=(lane, seconds, threading.Event()),
            name=f"poller.{lane}",
            daemon=True,
        ).start()

    def worker(name: str, urgent_only: bool = False) -> Worker:
        jobs = acts(database, blobs, client(), keys, limit)
        return Worker(f"interconnect.worker-{name}", database, jobs, urgent_only)

    usual = [worker(str(number)) for number in range(settings.workers)]
    run_workers([*usual, worker("urgent", urgent_only=True)])


if __name__ == "__main__":
    main()
