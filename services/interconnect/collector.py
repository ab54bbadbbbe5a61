"""Taking over one packet of the axis: fetch it, make it durable, read it, record it, and only then
say so. A crash between any two steps repeats the steps after the last one that was recorded.
"""

from libs.blobs import BlobStore
from libs.db import Database, may_run_again
from services.interconnect.axis import AxisClient, AxisRefused, Received
from services.interconnect.axis.outcomes import is_final
from services.interconnect.errors import PacketDamaged
from services.interconnect.intake import Intake, Verdict

FETCHES = 3
_TRIES = 3
TOO_LARGE = "too-large"


class PacketIsLarge(Exception):
    """The packet is longer than this lane takes, though not than we do."""


class Collector:
    """Collects packets for our agencies. `limit` is the most bytes that one may have."""

    def __init__(self, database: Database, blobs: BlobStore, axis: AxisClient, limit: int) -> None:
        self._blobs = blobs
        self._axis = axis
        self._limit = limit
        self._intake = Intake(database, blobs, limit)

    def collect(self, received: Received, most: int, failures: int) -> None:
        """Settle one packet of at most `most` bytes, after so many failures of its own.

        What is no good packet may have been damaged on its way: it is fetched again a few times.
        Raises `PacketDamaged` until then, `PacketIsLarge`, `NotKnownYet` while our replicas lag,
        and what the axis, the stores and the database raise: the packet then stays on the axis.
        """
        try:
            packet = self._fetch(received.doc_id, min(most, self._limit))
            verdict = self._record(received, packet, last=failures + 1 >= FETCHES)
        except AxisRefused as error:
            if error.code == TOO_LARGE and most < self._limit:
                raise PacketIsLarge(received.doc_id) from error
            if not is_final(error.code, failures + 1):
                raise
            verdict = self._intake.reject(received, None, f"axis-{error.code}")
        self._axis.acknowledge(received.doc_id, taken=verdict.done, failed=verdict.failed)

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
