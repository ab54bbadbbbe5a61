"""Polling the axis, in lanes that do not wait for one another: documents, large ones, statuses,
and what became of what we sent."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import text

from libs.blobs import BlobStore
from libs.db import Database, connection_lost
from libs.observability import get_logger
from services.interconnect import lookups
from services.interconnect.axis import (
    AxisAgency,
    AxisClient,
    AxisRefused,
    AxisUnreachable,
    Received,
)
from services.interconnect.axis.rate import pause
from services.interconnect.backlog import Backlog, BackOff
from services.interconnect.collector import Collector, PacketIsLarge
from services.interconnect.compose import VIETNAM
from services.interconnect.errors import NotKnownYet, PacketDamaged
from services.interconnect.followup import FollowUp
from services.interconnect.metrics import AXIS_FAILURES, AXIS_POLLED, UNANSWERED

MEBIBYTE = 1024 * 1024
# Seven of ten packets are smaller (domain facts, section 8); a slow line brings one in half a
# minute. Whatever is larger has a lane of its own.
SMALL = 4 * MEBIBYTE
# Of packets one after the other that the axis does not give out: a round tries no more.
_MOST_UNREACHABLE = 3
# Seconds. A refusal may pass: the clock is set right, a province's operators enter the agency.
_LONGEST_DECLINED = 3600.0
# The advisory locks of whoever polls: any numbers that nobody else takes.
_TURNS = {
    "documents": 7_203_417_101,
    "large": 7_203_417_102,
    "statuses": 7_203_417_103,
    "sent": 7_203_417_104,
}

logger = get_logger(__name__)


class Poller:
    """One thread's way of polling one axis; `documents` is shared by the lanes of documents.

    `mail` is the contact that the axis is given for our agencies. Of several processes one polls a
    lane at a time.
    """

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        axis: AxisClient,
        limit: int,
        mail: str,
        documents: Backlog,
    ) -> None:
        self._database = database
        self._axis = axis
        self._limit = limit
        self._mail = mail
        self._of_documents = Collector(database, blobs, axis, limit)
        # No good status is larger than a small document.
        self._of_statuses = Collector(database, blobs, axis, min(limit, SMALL))
        self._documents = documents
        self._statuses = Backlog(documents.shortest)
        self._registration = BackOff(documents.shortest)
        self._agencies = BackOff(documents.shortest, _LONGEST_DECLINED)
        self._follow_up = FollowUp(database, axis)

    @property
    def lanes(self) -> dict[str, Callable[[], None]]:
        """One round of each lane. Each raises what kept it from its packets."""
        return {
            "documents": self.documents,
            "large": self.large,
            "statuses": self.statuses,
            "sent": self.sent,
        }

    def poll(self) -> None:
        """One round of all lanes, one after the other."""
        for lane in self.lanes.values():
            lane()

    def run(self, lane: str, seconds: float, stop: threading.Event) -> None:
        """Poll a lane every `seconds` until told to stop; no failure ends it.

        After failures it waits longer each time, and at least as long as the axis asks.
        """
        failures = 0
        while not stop.is_set():
            wait = seconds
            try:
                self.lanes[lane]()
                failures = 0
            except Exception as error:
                _failed("round", error)
                failures += 1
                asked = error.seconds if isinstance(error, AxisUnreachable) else 0.0
                wait = max(pause(failures, seconds, random.random()), asked)  # noqa: S311
            stop.wait(wait)

    def documents(self) -> None:
        """Register our agencies, and collect documents; large ones are put aside."""
        with self._turn("documents") as mine:
            if mine:
                self._register()
                waiting = self._axis.waiting("edoc")
                due = self._documents.small(waiting, time.monotonic())
                self._take("documents", due, self._of_documents, self._documents, SMALL)

    def statuses(self) -> None:
        """Collect statuses."""
        with self._turn("statuses") as mine:
            if mine:
                waiting = self._axis.waiting("status")
                due = self._statuses.small(waiting, time.monotonic())
                self._take("statuses", due, self._of_statuses, self._statuses, SMALL)

    def large(self) -> None:
        """Collect the large documents that the other lane has met."""
        with self._turn("large") as mine:
            if mine:
                large = self._documents.large()
                self._take("large", large, self._of_documents, self._documents, self._limit)

    def sent(self) -> None:
        """Ask what became of what we sent: what a recipient's system failed is refused."""
        with self._turn("sent") as mine:
            if mine:
                for failed in self._follow_up.failed():
                    try:
                        self._follow_up.record(failed)
                    except Exception as error:
                        if connection_lost(error):
                            raise
                        _failed("follow-up", error, delivery=failed.delivery_id)
                UNANSWERED.set(self._follow_up.unanswered())
                _polled("sent")

    def _take(
        self,
        lane: str,
        due: Iterable[Received],
        collector: Collector,
        backlog: Backlog,
        most: int,
    ) -> None:
        """Try these, until the axis says to come later or leaves several in a row unanswered.

        Each then waits by itself; the next round need not, for what is new may well be given out.
        """
        unreachable = 0
        for received in due:
            try:
                self._try(received, collector, backlog, most)
            except AxisUnreachable as error:
                _failed("packet", error, axis_doc_id=received.doc_id)
                unreachable += 1
                if error.seconds or unreachable == _MOST_UNREACHABLE:
                    return
            else:
                unreachable = 0
                _polled(lane)  # a large one alone may take half an hour
        _polled(lane)

    def _try(self, received: Received, collector: Collector, backlog: Backlog, most: int) -> None:
        """Settle one packet, or leave it on the axis."""
        doc_id = received.doc_id
        try:
            collector.collect(received, most, backlog.failures(doc_id))
            backlog.settle(doc_id)
        except PacketIsLarge:
            backlog.put_aside(received)
        except Exception as error:
            # Waiting for us or for the axis is not held against a packet.
            backlog.fail(
                doc_id,
                time.monotonic(),
                random.random(),  # noqa: S311
                damaged=isinstance(error, PacketDamaged),
                refused=isinstance(error, AxisRefused),
            )
            if isinstance(error, AxisUnreachable) or connection_lost(error):
                raise
            _failed("packet", error, axis_doc_id=doc_id)

    def _register(self) -> None:
        """Tell the axis about agencies of ours that it does not know; it routes by their codes.

        Neither documents nor other agencies wait for one that it declines or does not answer about.
        """
        if not self._registration.due(["all"], time.monotonic()):
            return
        today = datetime.now(UTC).astimezone(VIETNAM).date()
        with self._database.unit() as unit:
            rows = lookups.unregistered(unit.connection, today)
        named = {f"{row.code} {row.name}": row for row in rows}
        for name in self._agencies.due(named, time.monotonic()):
            row = named[name]
            try:
                self._axis.register_agency(
                    AxisAgency(
                        str(row.agency_id), str(row.parent_id or ""), row.code, row.name, self._mail
                    )
                )
            except (AxisRefused, AxisUnreachable) as error:
                _failed("registration", error)
                now, chance = time.monotonic(), random.random()  # noqa: S311
                self._agencies.fail(name, now, chance)
                if isinstance(error, AxisUnreachable):
                    self._registration.fail("all", now, chance)
                    return
                continue
            self._registration.settle("all")
            with self._database.unit() as unit:
                lookups.remember_registration(unit.connection, row)

    @contextmanager
    def _turn(self, lane: str) -> Iterator[bool]:
        """Whether this process polls now; the database gives the turn back when it dies."""
        with self._database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            lock = {"turn": _TURNS[lane]}
            mine = connection.execute(text("SELECT pg_try_advisory_lock(:turn)"), lock).scalar_one()
            try:
                yield bool(mine)
            finally:
                if mine:
                    connection.execute(text("SELECT pg_advisory_unlock(:turn)"), lock)


def _polled(lane: str) -> None:
    AXIS_POLLED.labels(lane).set(time.time())


def _failed(what: str, error: Exception, **fields: str) -> None:
    AXIS_FAILURES.labels(what).inc()
    expected = AxisRefused | AxisUnreachable | NotKnownYet | PacketDamaged
    if isinstance(error, expected) or connection_lost(error):
        told = isinstance(error, AxisRefused | PacketDamaged)
        cause = str(error)[:300] if told else type(error).__name__
        logger.warning("axis_poll_failed", what=what, cause=cause, **fields)
    else:
        logger.exception("axis_poll_failed", what=what, **fields)
