"""The time that a server believes in, stepped by hand: the server runs under libfaketime."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.fault_world import World
from tests.support.wait import eventually

# All steps are taken ahead of the machine's clock: a signal handler that interrupts a wait is shown
# the machine's clock by libfaketime, and one behind it would end statements that are not late.
_AHEAD = 3
_PLACES = ("/usr/lib", "*/faketime/libfaketime.so.1")
_NEAR = timedelta(minutes=10)
_SETTLED = 2.5  # seconds until no process believes what it read of the file before


def library() -> Path | None:
    """Debian's libfaketime, if it is installed."""
    root, pattern = _PLACES
    return next(iter(sorted(Path(root).glob(pattern))), None)


class Clock:
    """The server's clock, in whole hours from where it began."""

    def __init__(self, folder: Path, preloaded: Path) -> None:
        self._file = folder / "clock"
        # Read again by each process after a second, not at each question: what the library does to
        # read it is not safe inside a signal handler, and PostgreSQL asks for the time in one.
        self.variables: Mapping[str, str] = {
            "LD_PRELOAD": str(preloaded),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self._set(0)

    def stand(self, hours: int, world: World) -> None:
        """Step to so many hours (more than -3) from the beginning; returns when all live by it.

        Until then they differ from one another.
        """
        self._set(hours)
        settled = time.monotonic() + _SETTLED
        eventually(lambda: time.monotonic() >= settled and self._shown(hours, world), within=20)

    def _set(self, hours: int) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"+{_AHEAD + hours}h\n")
        draft.chmod(0o644)
        draft.replace(self._file)

    def _shown(self, hours: int, world: World) -> bool:
        ((told,),) = world.execute("SELECT clock_timestamp()")
        distance = told - datetime.now(UTC) - timedelta(hours=_AHEAD + hours)
        return bool(abs(distance) < _NEAR)
