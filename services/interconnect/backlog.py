"""What a process knows of failures, and of packets that wait on the axis; forgotten at its end.

Times are a monotonic clock's; threads may share all of it.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.interconnect.axis.model import Received
from services.interconnect.axis.rate import LONGEST_PAUSE, pause


@dataclass(frozen=True)
class Failures:
    """How often something failed; `damaged` and `refused` are those that it may be to blame for."""

    times: int = 0
    damaged: int = 0
    refused: int = 0
    due_at: float = 0.0


@dataclass
class BackOff:
    """What failed, by its name: it is left alone for longer each time.

    From `shortest` seconds up to `longest`; after its first failure it may be tried again at once,
    but behind what has failed less.
    """

    shortest: float
    longest: float = LONGEST_PAUSE
    _failed: dict[str, Failures] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failures(self, name: str) -> Failures:
        """Its failures since it was settled."""
        with self._lock:
            return self._failed.get(name, Failures())

    def due(self, names: Iterable[str], now: float) -> list[str]:
        """Those to be tried now; what is not named is forgotten.

        Those that failed least come first, then in their order: however many always fail, what is
        new gets its turn.
        """
        wanted = dict.fromkeys(names)
        with self._lock:
            for name in self._failed.keys() - wanted.keys():
                del self._failed[name]
            known = {name: self._failed.get(name, Failures()) for name in wanted}
        ready = (name for name, failed in known.items() if failed.due_at <= now)
        return sorted(ready, key=lambda name: known[name].times)

    def fail(
        self,
        name: str,
        now: float,
        chance: float,
        *,
        damaged: bool = False,
        refused: bool = False,
    ) -> None:
        """Leave it alone for now; neither `damaged` nor `refused` when it only had to wait."""
        with self._lock:
            known = self._failed.get(name, Failures())
            wait = pause(known.times, self.shortest, chance, self.longest) if known.times else 0.0
            self._failed[name] = Failures(
                known.times + 1, known.damaged + damaged, known.refused + refused, now + wait
            )

    def settle(self, name: str) -> None:
        """It fails no more."""
        with self._lock:
            self._failed.pop(name, None)


@dataclass
class Backlog(BackOff):
    """Packets of one kind that wait on the axis, by its ids. The large ones have their own lane."""

    _large: dict[str, Received] = field(default_factory=dict)

    def small(self, waiting: Iterable[Received], now: float) -> list[Received]:
        """Those to be tried now, but for the large ones; what waits no more is forgotten."""
        listed = {each.doc_id: each for each in waiting}
        due = self.due(listed, now)
        with self._lock:
            for doc_id in self._large.keys() - listed.keys():
                del self._large[doc_id]
            return [listed[doc_id] for doc_id in due if doc_id not in self._large]

    def large(self) -> list[Received]:
        """The large packets, oldest first."""
        with self._lock:
            return list(self._large.values())

    def put_aside(self, received: Received) -> None:
        """Leave a large packet to its own lane."""
        with self._lock:
            self._large[received.doc_id] = received

    def fail(
        self,
        name: str,
        now: float,
        chance: float,
        *,
        damaged: bool = False,
        refused: bool = False,
    ) -> None:
        """It stays on the axis for now, and is no longer put aside."""
        super().fail(name, now, chance, damaged=damaged, refused=refused)
        self._forget(name)

    def settle(self, name: str) -> None:
        """It waits no more."""
        super().settle(name)
        self._forget(name)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._large.pop(name, None)
