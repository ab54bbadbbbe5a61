"""A packet's whole way as a process that dies where it is told: `python -m tests.support.receipts`.

It does, one after the other, what the poller, the consumers and the workers of interconnect and
documents do, until nothing is left. PLAN, in the environment, is JSON: see `Plan`. At `point` it
kills itself by SIGKILL. A point is a step of the poller ("listed", "half fetched", "fetched",
"stored", "read", "acknowledged"), of the job that tells a status ("sending", "sent"), or an event's
type with "appended" (not committed yet) or "committed".
"""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from libs.blobs import open_store
from libs.contracts import topology
from libs.contracts.journal import Journal
from libs.db import Database, Unit, engine_for
from libs.envelope import KeyFolder
from libs.jobs.worker import Worker
from libs.messaging.applier import Applier
from services.documents import handlers
from services.documents.policies import POLICIES as DOCUMENTS_POLICIES
from services.documents.projections import PROJECTIONS as DOCUMENTS_PROJECTIONS
from services.interconnect import arrivals, intake
from services.interconnect.axis import MessageType, NationalAxis, Received, Sink
from services.interconnect.backlog import Backlog
from services.interconnect.policies import POLICIES
from services.interconnect.poller import Poller
from services.interconnect.projections import PROJECTIONS
from services.interconnect.worker import acts

POINTS_IN = (
    "listed",
    "half fetched",
    "fetched",
    "stored",
    "read",
    "PacketArrived appended",
    "PacketArrived committed",
    "acknowledged",
    "DocumentArrived appended",
    "DocumentArrived committed",
    "sending",
    "sent",
    "StatusSent appended",
    "StatusSent committed",
)
"""Every step between a packet on the axis and 01 told, in their order."""
POINTS_ACCEPT = ("DocumentAccepted appended", "DocumentAccepted committed")
"""Every step of the clerk's command; 03 is told by the last four of `POINTS_IN`."""
LIMIT = 2 * 1024 * 1024
_ROUNDS = 3


@dataclass(frozen=True)
class Plan:
    """Role to database URL, where blobs and axis are, the document to accept, if any, the point."""

    urls: dict[str, str]
    blobs: str
    axis: str
    keys: str
    accept: str = ""
    agency: str = ""
    clerk: str = ""
    command: str = ""
    point: str = ""


class Death:
    """Ends the process at one point."""

    def __init__(self, point: str) -> None:
        self._point = point
        self._appended: list[str] = []

    def at(self, point: str) -> None:
        """Die here, if this is it."""
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Come to know what is read, appended and committed."""
        append, unit, read = Journal.append_all, Database.unit, arrivals.read_packet

        def appending(journal: Journal, store: Any, writes: Any, *rest: Any) -> Any:
            found = append(journal, store, writes, *rest)
            names = [type(event).__name__ for _, _, events in writes for event in events]
            self._appended += names
            for name in names:
                self.at(f"{name} appended")
            return found

        @contextmanager
        def committing(database: Database) -> Iterator[Unit]:
            with unit(database) as one:
                yield one
            names, self._appended = self._appended, []
            for name in names:
                self.at(f"{name} committed")

        def reading(*given: Any) -> Any:
            packet = read(*given)
            self.at("read")
            return packet

        vars(intake)["read_packet"] = reading
        Journal.append_all = appending  # type: ignore[method-assign, assignment]
        Database.unit = committing  # type: ignore[method-assign, assignment]


class MortalAxis(NationalAxis):
    """The real client of a process that dies."""

    death: Death

    def waiting(self, message_type: MessageType) -> list[Received]:
        found = super().waiting(message_type)
        if found:
            self.death.at("listed")
        return found

    def fetch(self, doc_id: str, into: Sink, limit: int) -> None:
        super().fetch(doc_id, _HalfWay(into, self.death), limit)
        self.death.at("fetched")

    def acknowledge(self, doc_id: str, *, taken: Sequence[str], failed: Sequence[str]) -> None:
        # The packet's bytes were stored long before; from here on they are promised.
        super().acknowledge(doc_id, taken=taken, failed=failed)
        self.death.at("acknowledged")

    def send(
        self,
        packet: BinaryIO,
        *,
        message_type: MessageType,
        sender: str,
        recipients: Sequence[str] = (),
        sha256: str,
    ) -> str:
        self.death.at("sending")
        doc_id = super().send(
            packet, message_type=message_type, sender=sender, recipients=recipients, sha256=sha256
        )
        self.death.at("sent")
        return doc_id


class _HalfWay:
    """A sink that dies with the first half in it."""

    def __init__(self, into: Sink, death: Death) -> None:
        self._into, self._death = into, death

    def write(self, data: bytes, /) -> None:
        half = len(data) // 2
        self._into.write(data[:half])
        self._death.at("half fetched")
        self._into.write(data[half:])


def main() -> None:
    """Do all that is to be done, or die on the way."""
    plan = Plan(**json.loads(os.environ["PLAN"]))
    death = Death(plan.point)
    databases = {name: Database(engine_for(url), name) for name, url in plan.urls.items()}
    own, documents = databases["interconnect"], databases["documents"]
    axis = MortalAxis(plan.axis, "province", "province-secret", timeout=5)
    axis.death = death
    blobs: Any = _MortalStore(open_store(plan.blobs), death)
    death.watch()
    poller = Poller(own, blobs, axis, LIMIT, "vanthu@example.vn", Backlog(shortest=0))
    keys = KeyFolder(Path(plan.keys))
    worker = Worker("one", own, acts(own, blobs, axis, keys, LIMIT))
    with own.unit() as unit:
        unit.jobs.free(worker.name)
    for _ in range(_ROUNDS):
        if plan.accept:
            _accept(documents, plan)
        poller.poll()
        for consumer, database, table in (
            ("documents.projections", documents, DOCUMENTS_PROJECTIONS),
            ("documents.policies", documents, DOCUMENTS_POLICIES),
            ("interconnect.projections", own, PROJECTIONS),
            ("interconnect.policies", own, POLICIES),
        ):
            for category in topology().consumers[consumer].categories:
                Applier(consumer, database, table).catch_up(category)
        while worker.work_one():
            pass


def _accept(documents: Database, plan: Plan) -> None:
    """The clerk's command, under its one id: a repeat changes nothing."""
    order = handlers.Order(UUID(plan.command), UUID(plan.agency), plan.clerk)
    with documents.unit() as unit:
        handlers.accept(unit, order, UUID(plan.accept))


class _MortalStore:
    """The real store of a process that dies when a packet's bytes are durable."""

    def __init__(self, store: Any, death: Death) -> None:
        self._store, self._death = store, death

    def writer(self, *, limit: int) -> Any:
        writer = self._store.writer(limit=limit)
        # Only the poller writes without having said what: files of packets have their own limit.
        if limit == LIMIT:
            commit = writer.commit

            def committing(expected: str | None = None) -> Any:
                blob = commit(expected)
                self._death.at("stored")
                return blob

            writer.commit = committing
        return writer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


if __name__ == "__main__":
    main()
