"""Polling the axis: list what waits, fetch it, keep it, record it, and only then say so.

A crash between any two steps repeats the steps after the last one that was recorded; all of them
may be repeated.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import text

from libs.blobs import BlobStore
from libs.db import Database, connection_lost, may_run_again
from libs.observability import get_logger
from services.interconnect import lookups
from services.interconnect.axis import (
    AxisAgency,
    AxisClient,
    AxisRefused,
    AxisUnreachable,
    MessageType,
    Received,
)
from services.interconnect.compose import VIETNAM
from services.interconnect.errors import NotKnownYet
from services.interconnect.intake import Intake, Verdict
from services.interconnect.metrics import AXIS_FAILURES, AXIS_POLLED

PAGE = 100
LONGEST_PAUSE = 300
_TRIES = 3
# The axis will never give these out; anything else that it refuses may be mended by people.
_LOST = frozenset({"too-large", "10", "21", "22"})
_TURN = 7_203_417_101  # the advisory lock of whoever polls; any number that nobody else takes

logger = get_logger(__name__)


class Poller:
    """Polls one axis. `mail` is the contact that it is given for our agencies."""

    def __init__(
        self, database: Database, blobs: BlobStore, axis: AxisClient, limit: int, mail: str
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._axis = axis
        self._limit = limit
        self._mail = mail
        self._intake = Intake(database, blobs, limit)
        self._declined: set[tuple[str, str]] = set()

    def run(self, seconds: float, stop: threading.Event) -> None:
        """Poll every `seconds` until told to stop; no failure ends it."""
        while not stop.is_set():
            pause = seconds
            try:
                self.poll()
            except AxisUnreachable as error:
                _failed("round", error)
                pause = max(seconds, min(error.retry_after, LONGEST_PAUSE))
            except Exception as error:
                _failed("round", error)
            stop.wait(pause)

    def poll(self) -> None:
        """One round, unless another process is at it. Raises what kept it from its end."""
        with _turn(self._database) as mine:
            if mine:
                self._register()
                self._drain("edoc")
                self._drain("status")
                AXIS_POLLED.set(time.time())

    def _register(self) -> None:
        """Tell the axis about agencies of ours that it does not know; it routes by their codes."""
        today = datetime.now(UTC).astimezone(VIETNAM).date()
        with self._database.unit() as unit:
            rows = lookups.unregistered(unit.connection, today)
        for row in rows:
            if (row.code, row.name) in self._declined:
                continue
            pid = str(row.parent_id or "")
            try:
                self._axis.register_agency(
                    AxisAgency(str(row.agency_id), pid, row.code, row.name, self._mail)
                )
            except AxisRefused as error:
                # A person must see to it; the others' packets need not wait.
                self._declined.add((row.code, row.name))
                _failed("registration", error)
                continue
            with self._database.unit() as unit:
                lookups.remember_registration(unit.connection, row)

    def _drain(self, message_type: MessageType) -> None:
        while True:
            page = self._axis.received(message_type, page_size=PAGE)
            settled = sum(self._try(received) for received in page)
            if len(page) < PAGE or not settled:
                return

    def _try(self, received: Received) -> bool:
        """Settle one packet; False when it stays on the axis for the next round."""
        try:
            self._settle(received, self._take(received))
            return True
        except AxisUnreachable:
            raise
        except Exception as error:
            if connection_lost(error):
                raise
            _failed("packet", error, axis_doc_id=received.doc_id)
            return False

    def _take(self, received: Received) -> Verdict:
        with tempfile.TemporaryFile() as file:
            try:
                self._axis.fetch(received.doc_id, file, self._limit)
            except AxisRefused as error:
                if error.code not in _LOST:
                    raise
                return self._intake.reject(received, None, f"axis-{error.code}")
            file.seek(0)
            packet = self._blobs.put(file, limit=self._limit).digest
            for attempt in range(1, _TRIES + 1):
                file.seek(0)
                try:
                    return self._intake.take(received, packet, file)
                except Exception as error:
                    if attempt == _TRIES or not may_run_again(error):
                        raise
        raise AssertionError("unreachable")

    def _settle(self, received: Received, verdict: Verdict) -> None:
        if verdict.done:
            self._axis.update_status(received.doc_id, "done", recipients=verdict.done)
        if verdict.failed or not verdict.done:
            self._axis.update_status(received.doc_id, "fail", recipients=verdict.failed)


@contextmanager
def _turn(database: Database) -> Iterator[bool]:
    """Whether this process polls now; the database gives the turn back when the process dies."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        lock = {"turn": _TURN}
        mine = connection.execute(text("SELECT pg_try_advisory_lock(:turn)"), lock).scalar_one()
        try:
            yield bool(mine)
        finally:
            if mine:
                connection.execute(text("SELECT pg_advisory_unlock(:turn)"), lock)


def _failed(what: str, error: Exception, **fields: str) -> None:
    AXIS_FAILURES.labels(what).inc()
    if isinstance(error, AxisRefused | AxisUnreachable | NotKnownYet) or connection_lost(error):
        cause = str(error)[:300] if isinstance(error, AxisRefused) else type(error).__name__
        logger.warning("axis_poll_failed", what=what, cause=cause, **fields)
    else:
        logger.exception("axis_poll_failed", what=what, **fields)
