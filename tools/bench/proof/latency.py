"""From an event's commit to the signed checkpoint that covers it."""

import threading
import time
from bisect import bisect_left
from functools import partial
from uuid import uuid4

from libs.db import engine_for
from libs.eventstore import NO_STREAM, EventStore
from libs.translog import Checkpoint, Note
from tests.support.wait import eventually
from tools.bench.eventstore.place import Place
from tools.bench.eventstore.samples import CONTEXT, events
from tools.bench.proof.running import RunningSealer, sealing
from tools.bench.report import Measure, Target

EVENTS_PER_SECOND = 500
_WRITERS = 4
_COMMITS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin))::float
FROM es.event ORDER BY tx, position
"""


def latency(place: Place) -> list[Measure]:
    """500 events a second; the server's commit times against the times of the signed files."""
    url = place.postgres.fresh_database()
    rounds: list[tuple[float, float]] = []
    with sealing(url("audit"), place.scratch / "latency") as sealer:
        for _ in range(place.repeats):
            seen = _Watch(sealer)
            before = sealer.size()
            _write(url("documents"), 1 if place.quick else 10)
            commits = [row[0] for row in place.ask(url("migrator"), _COMMITS)]
            eventually(partial(_signed, sealer, len(commits)), within=60)
            waits = sorted(seen.waits(commits, before))
            rounds.append((waits[len(waits) // 2], waits[len(waits) * 99 // 100 - 1]))
    note = "signed file's time less the server's commit timestamp; four writing connections"
    name = f"commit to signed checkpoint, {EVENTS_PER_SECOND} events/s"
    return [
        Measure(f"{name}, p99", "ms", tuple(p99 for _, p99 in rounds), Target("<=", 150.0), note),
        Measure(f"{name}, p50", "ms", tuple(p50 for p50, _ in rounds), note=note),
    ]


class _Watch:
    """Notes when which size was signed: the time of the file, whose name comes right after."""

    def __init__(self, sealer: RunningSealer) -> None:
        self._sealer, self._end = sealer, threading.Event()
        self._times: list[float] = []
        self._sizes: list[int] = []
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def waits(self, commits: list[float], before: int) -> list[float]:
        """For each event behind the first `before`, the milliseconds until it was signed."""
        self._end.set()
        self._thread.join()
        return [
            1000 * (self._times[bisect_left(self._sizes, index + 1)] - commits[index])
            for index in range(before, len(commits))
        ]

    def _watch(self) -> None:
        last = -1
        while True:
            done = self._end.is_set()
            try:
                at = self._sealer.signed.stat().st_mtime_ns
                if at != last:
                    note = Note.parse(self._sealer.signed.read_bytes())
                    self._sizes.append(Checkpoint.parse(note.text).size)
                    self._times.append(at / 1e9)
                    last = at
            except FileNotFoundError:
                pass
            if done:
                return
            time.sleep(0.003)


def _signed(sealer: RunningSealer, count: int) -> bool:
    return sealer.size() >= count


def _write(url: str, seconds: float) -> None:
    """Some connections, each at its share of the pace."""
    threads = [
        threading.Thread(target=_writer, args=(url, seconds, EVENTS_PER_SECOND / _WRITERS))
        for _ in range(_WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _writer(url: str, seconds: float, pace: float) -> None:
    engine = engine_for(url, pool_size=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        store, begin = EventStore(connection), time.perf_counter()
        for number in range(int(seconds * pace)):
            time.sleep(max(0.0, begin + number / pace - time.perf_counter()))
            store.append(f"document-{uuid4()}", NO_STREAM, events(1), CONTEXT)
    engine.dispose()
