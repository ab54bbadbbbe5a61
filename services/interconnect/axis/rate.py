"""How fast we may ask: a token bucket as a value, and the one that a process' clients share."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from services.interconnect.axis.model import AxisUnreachable

LONGEST_PAUSE = 300.0
"""Seconds that an axis may keep us waiting at most, whatever it says."""


@dataclass(frozen=True)
class Bucket:
    """`rate` tokens a second flow in, at most one second's; `tokens` were there at `at`.

    It may be overdrawn: whoever takes a token that is not there yet waits for it.
    """

    rate: float
    tokens: float
    at: float

    def take(self, now: float) -> tuple["Bucket", float]:
        """The bucket with a token less, and the seconds to wait before it may be used."""
        most = max(self.rate, 1.0)
        tokens = min(most, self.tokens + max(now - self.at, 0.0) * self.rate) - 1
        return replace(self, tokens=tokens, at=max(now, self.at)), max(-tokens / self.rate, 0.0)


class Throttle:
    """Keeps all clients of a process to `rate` requests a second, and away for as long as told."""

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        now = clock()
        self._bucket = Bucket(rate, max(rate, 1.0), now)
        self._closed_until = now
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when a request may be made. Raises `AxisUnreachable` while we are kept away."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                raise AxisUnreachable("it told us to come again later", self._closed_until - now)
            self._bucket, seconds = self._bucket.take(now)
        if seconds:
            self._sleep(seconds)

    def close(self, seconds: float) -> None:
        """Stay away for so long (Retry-After, RFC 9110 section 10.2.3)."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + seconds)


def pause(failures: int, shortest: float, chance: float, longest: float = LONGEST_PAUSE) -> float:
    """Seconds before the next try after so many failures in a row, at most `longest`.

    Each is twice the one before; `chance` (0 to 1) takes up to half of it away, so that many who
    failed together do not come together again.
    """
    most = min(shortest * 2.0 ** min(failures, 20), longest)
    return most * (1 - chance / 2)
