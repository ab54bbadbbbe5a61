"""What a request of the service's process feels of its workers.

A whole platform: a clerk asks for the signatures of a document at a fixed pace, of the process
itself, first while nothing else happens, then while the workers sign and judge a queue of files.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from os import cpu_count, getloadavg
from pathlib import Path
from statistics import median, quantiles
from uuid import uuid4

from libs.blobs import BlobStore, open_store
from libs.db import Database, engine_for
from libs.eventstore import Context
from services.signatures.pdf.engine import Engine, Setup
from services.signatures.pdf.fetch import host_of
from tests.support.wait import eventually
from tools.bench.report import Measure, Target
from tools.bench.signatures.engine import BOX, SMALL, document
from tools.demo.cast import DEPARTMENT, PASSWORD, person, world
from tools.demo.client import Client
from tools.platform import Platform
from tools.platform.welcome import enter_agencies

NAME = "request while workers sign and judge: p99 over idle"
PACE = 20.0  # requests in a second: a fifth of a core, so that none waits for the one before
_LEADER = person(DEPARTMENT.key, "lanhdao")
_CLERK = person(DEPARTMENT.key, "vanthu")
_EVERY_THIRD = 3
_LOOK_EVERY = 10  # requests between two looks at the queue


def requests(folder: Path, quick: bool) -> list[Measure]:
    """On a platform of its own."""
    with Platform(folder / "run", world=world()) as platform:
        platform.start()
        enter_agencies(platform)
        return rows(platform, files=10 if quick else 100, repeats=1 if quick else 5)


def rows(platform: Platform, files: int, repeats: int) -> list[Measure]:
    """Idle and busy in turns; `files` are signed and as many others judged in each turn."""
    with _desk(platform) as desk:
        desk.queue(2)
        desk.drained()  # warm: the workers' children, the directory's certificates
        quiet, busy, rates = [], [], []
        for _ in range(repeats):
            quiet.append(desk.asked(seconds=files / 10))
            desk.queue(files)
            begin = time.monotonic()
            busy.append(desk.asked())
            rates.append(2 * files / (time.monotonic() - begin))
            desk.drained()
    over = tuple(_p99(one) - _p99(other) for one, other in zip(busy, quiet, strict=True))
    asked = f"GET /v1/signings/<document>, {PACE:g} a second, of the process itself"
    note = f"{asked}; {cpu_count()} processors, the load was {getloadavg()[0]:.1f} at the end"
    if cpu_count() == 2:
        note += "; platform, workers and the asking program share two cores"
    return [
        Measure(NAME, "ms", over, Target("<=", 10), note),
        Measure("request while idle: p99", "ms", tuple(map(_p99, quiet)), note=asked),
        Measure("request while workers sign and judge: p99", "ms", tuple(map(_p99, busy))),
        Measure("request while idle: p50", "ms", tuple(map(median, quiet))),
        Measure("request while workers sign and judge: p50", "ms", tuple(map(median, busy))),
        Measure("request while workers sign and judge: slowest", "ms", tuple(map(max, busy))),
        Measure("files signed and judged meanwhile", "1/s", tuple(rates)),
    ]


class _Desk:
    """The queue of one installation's workers, and the clerk who asks."""

    def __init__(self, database: Database, blobs: BlobStore, engine: Engine, clerk: Client) -> None:
        self._database, self._blobs, self._engine, self._clerk = database, blobs, engine, clerk
        self._plain, self._made = document(SMALL), 0
        self._path = ""  # of the first document that is signed: it is asked for

    def queue(self, files: int) -> None:
        """Have files signed, and others judged, no two of them equal."""
        jobs = [job for _ in range(files) for job in (self._to_sign(), self._to_judge())]
        with self._database.unit() as unit:
            context = Context(str(DEPARTMENT.agency_id), "system:bench", datetime.now(UTC), uuid4())
            for number, (kind, arguments) in enumerate(jobs):
                urgent = number % _EVERY_THIRD == 0  # the first worker takes these alone
                unit.jobs.add(uuid4(), kind, arguments, context, urgent=urgent)

    def asked(self, seconds: float | None = None) -> list[float]:
        """Milliseconds of each answer, for so long, or until all jobs are done.

        A request whose time came while the one before had no answer has waited since then.
        """
        begin, found = time.perf_counter(), list[float]()
        while True:
            due = begin + len(found) / PACE
            if (early := due - time.perf_counter()) > 0:
                time.sleep(early)
                due = time.perf_counter()
            self._clerk.get(self._path)
            found.append(1000 * (time.perf_counter() - due))
            if seconds is not None:
                if len(found) >= seconds * PACE:
                    return found
            elif len(found) % _LOOK_EVERY == 0:
                looked = time.perf_counter()
                if self._done():
                    return found
                begin += time.perf_counter() - looked  # our own pause is nobody's wait

    def drained(self) -> None:
        """Wait until nothing is to do and what was done can be asked for."""
        eventually(lambda: self._done() and self._clerk.find(self._path), within=120)

    def _done(self) -> bool:
        with self._database.unit() as unit:
            counts = unit.jobs.counts()
        parked = {kind for kind, state in counts if state == "parked"}
        if parked:
            raise RuntimeError(f"jobs of the bench are parked: {parked}")
        return not counts

    def _to_sign(self) -> tuple[str, dict[str, object]]:
        document_id = str(uuid4())
        self._path = self._path or f"/v1/signings/{document_id}"
        return "sign_leader", {
            "signing_id": str(uuid4()),
            "document_id": document_id,
            "agency_id": str(DEPARTMENT.agency_id),
            "file": self._kept(self._another()),
            "signer_id": str(_LEADER.person_id),
            "box": {name: getattr(BOX, name) for name in ("page", "x1", "y1", "x2", "y2")},
        }

    def _to_judge(self) -> tuple[str, dict[str, object]]:
        who, now = str(_LEADER.person_id), datetime.now(UTC)
        signed = self._engine.sign_leader(self._another(), person_id=who, box=BOX, at=now)
        return "validate", {
            "validation_id": str(uuid4()),
            "document_id": str(uuid4()),
            "agency_id": str(DEPARTMENT.agency_id),
            "sender_id": str(DEPARTMENT.agency_id),
            "file": self._kept(signed.pdf),
        }

    def _another(self) -> bytes:
        self._made += 1
        return self._plain.replace(b"mot dong chu", b"%012d" % self._made, 1)

    def _kept(self, pdf: bytes) -> str:
        return self._blobs.put_bytes(pdf).digest


@contextmanager
def _desk(platform: Platform) -> Iterator[_Desk]:
    here = platform.installation
    environment = here.environment("signatures")
    tsa = tuple(environment["TSA_URL"].split(","))
    setup = Setup(
        trust=Path(environment["TRUST_DIR"]),
        keys=Path(environment["KEYS_DIR"]),
        hosts=tuple(filter(None, map(host_of, tsa))),
        tsa_urls=tsa,
        fetch_seconds=20,
    )
    engine = engine_for(platform.database_url("signatures"))
    port = here.ports["signatures.service.http"]
    clerk = Client(
        f"http://127.0.0.1:{port}", here.issuer_url, _CLERK.key, PASSWORD, run=str(uuid4())
    )
    blobs = open_store(environment["BLOB_URL"])
    try:
        yield _Desk(Database(engine, "signatures"), blobs, Engine(setup), clerk)
    finally:
        engine.dispose()


def _p99(milliseconds: Sequence[float]) -> float:
    return quantiles(milliseconds, n=100, method="inclusive")[98]
