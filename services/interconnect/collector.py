"""Taking over one packet of the axis: fetch it, make it durable, read it, record it, and only then
say so. A crash between any two steps repeats the steps after the last one that was recorded.
"""

from libs.blobs import BlobStore
from libs.db import Database, may_run_again
from services.interconnect import withheld
from services.interconnect.axis import AxisClient, AxisRefused, Received
from services.interconnect.axis.outcomes import Outcome, is_final, meaning
from services.interconnect.backlog import Failures
from services.interconnect.errors import PacketDamaged
from services.interconnect.intake import Intake, Verdict

FETCHES = 3
REFUSALS = 8
"""So often, over some minutes, the axis may refuse a packet that it lists; then people see it."""
_TRIES = 3
TOO_LARGE = "too-large"


class PacketIsLarge(Exception):
    """The packet is longer than this lane takes, though not than we do."""


class Collector:
    """Collects packets for our agencies. `limit` is the most bytes that one may have."""

    def __init__(self, database: Database, blobs: BlobStore, axis: AxisClient, limit: int) -> None:
        self._database = database
        self._blobs = blobs
        self._axis = axis
        self._limit = limit
        self._intake = Intake(database, blobs, limit)

    def collect(self, received: Received, most: int, failures: Failures) -> None:
        """Settle one packet of at most `most` bytes, after so many failures of its own.

        What is no good packet may have been damaged on its way: it is fetched again a few times.
        Raises `PacketDamaged` until then, `PacketIsLarge`, `NotKnownYet` while our replicas lag,
        and what the axis, the stores and the database raise: the packet then stays on the axis.
        What the axis goes on refusing to give out stays there too, and is shown at the desk.
        """
        try:
            packet = self._fetch(received.doc_id, min(most, self._limit))
        except AxisRefused as error:
            if error.code == TOO_LARGE and most < self._limit:
                raise PacketIsLarge(received.doc_id) from error
            verdict = self._refused(received, error, failures)
        else:
            verdict = self._record(received, packet, last=failures.damaged + 1 >= FETCHES)
            withheld.take_off(self._database, received)
        self._axis.acknowledge(received.doc_id, taken=verdict.done, failed=verdict.failed)

    def _refused(self, received: Received, error: AxisRefused, failures: Failures) -> Verdict:
        """What is told to the axis that does not give a packet out. Raises until that is sure."""
        reason_code = f"axis-{error.code}"
        if is_final(error.code, failures.damaged + 1):
            withheld.take_off(self._database, received)
            return self._intake.reject(received, None, reason_code)
        if meaning(error.code).outcome is Outcome.DAMAGED:
            raise PacketDamaged(reason_code) from error
        if failures.refused + 1 >= REFUSALS and withheld.show(
            self._database, self._intake, received, reason_code
        ):
            return Verdict(failed=received.to)
        raise error

    def _fetch(self, doc_id: str, most: int) -> str:
        """The digest of the durable packet: decoded, hashed and written in one pass."""
        writer = self._blobs.writer(limit=most)
        try:
            self._axis.fetch(doc_id, writer, most)
            return writer.commit().digest
        finally:
            writer.abort()

    def _record(self, received: Received, packet: str, *, last: bool) -> Verdict:
        for attempt in range(1, _TRIES + 1):
            try:
                # What the store gives back is what we have.
                with self._blobs.open(packet) as file:
                    return self._intake.take(received, packet, file, last=last)
            except PacketDamaged:
                raise
            except Exception as error:
                if attempt == _TRIES or not may_run_again(error):
                    raise
        raise AssertionError("unreachable")
