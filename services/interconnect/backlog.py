"""What a process knows of packets that wait on the axis; forgotten when it ends."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field

from services.interconnect.axis.model import Received
from services.interconnect.axis.rate import pause


@dataclass
class _Failed:
    times: int = 0
    blamed: int = 0
    due_at: float = 0.0


@dataclass
class Backlog:
    """Packets of one kind: those that failed, and those left to the lane of the large ones.

    Lanes share it. A packet that fails is left alone for longer each time, from `shortest` seconds
    up to five minutes; after its first failure it may be tried again at once, but behind those that
    have failed less. Times are a monotonic clock's.
    """

    shortest: float
    _failed: dict[str, _Failed] = field(default_factory=dict)
    _large: dict[str, Received] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failures(self, doc_id: str) -> int:
        """How often the packet itself may have been to blame, since it was taken up."""
        with self._lock:
            known = self._failed.get(doc_id)
            return known.blamed if known else 0

    def due(self, waiting: Collection[Received], now: float) -> list[Received]:
        """Those to be tried now, but for the large ones; what waits no more is forgotten.

        Those that failed least come first, then the oldest: however many are never given out, what
        is new gets its turn.
        """
        listed = {each.doc_id for each in waiting}
        with self._lock:
            for known in (self._failed, self._large):
                for doc_id in known.keys() - listed:
                    del known[doc_id]
            due = [
                each
                for each in waiting
                if each.doc_id not in self._large
                and (each.doc_id not in self._failed or self._failed[each.doc_id].due_at <= now)
            ]
            return sorted(due, key=self._times)

    def fail(self, doc_id: str, now: float, chance: float, *, blamed: bool = True) -> None:
        """It stays on the axis for now; not `blamed` when it only had to wait for something."""
        with self._lock:
            self._large.pop(doc_id, None)
            known = self._failed.setdefault(doc_id, _Failed())
            known.times += 1
            known.blamed += blamed
            wait = pause(known.times - 1, self.shortest, chance) if known.times > 1 else 0.0
            known.due_at = now + wait

    def _times(self, received: Received) -> int:
        known = self._failed.get(received.doc_id)
        return known.times if known else 0

    def settle(self, doc_id: str) -> None:
        """It waits no more."""
        with self._lock:
            self._failed.pop(doc_id, None)
            self._large.pop(doc_id, None)

    def put_aside(self, received: Received) -> None:
        """Leave a large packet to its own lane."""
        with self._lock:
            self._large[received.doc_id] = received

    def large(self) -> list[Received]:
        """The large packets, oldest first."""
        with self._lock:
            return list(self._large.values())
