"""A worker process: takes jobs by lease, works outside any transaction, ends them with the result.

Workers are plain processes without eventlet; each runs one job at a time.
"""

import random
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from libs.db import Database, Unit, connection_lost, may_run_again
from libs.jobs.lookout import look_out
from libs.jobs.queue import Due, Job, Share
from libs.messaging.causes import describe
from libs.observability import get_logger, of_event, span
from libs.observability.flow import JOBS_DONE, JOBS_FAILED, JOBS_OPEN

LEASE_SECONDS = 60.0
# Of one act: a longer one hangs, and another worker shall try.
LONGEST_ACT = 3600.0
# A worker that nobody wakes looks for itself: to see that it should stop, and in case.
IDLE_SECONDS = 1.0
QUICK_TRIES = 5

# An act does the slow work and returns what to write in the transaction that ends the job.
Finish = Callable[[Unit], None]
Act = Callable[[Job], Finish]

logger = get_logger(__name__)


class ComeAgain(Exception):
    """Something outside of the job is away for a while: it is tried until that is back.

    `seconds` is how long that asks to be left alone.
    """

    def __init__(self, text: str, seconds: float = 0) -> None:
        super().__init__(text)
        self.seconds = seconds


class Doubtful(Exception):
    """Base of errors that may be one try's alone: while `doubtful`, `Job.doubts` counts them."""

    doubtful = True


@dataclass(eq=False)
class Worker:
    """One worker by name. `urgent_only` workers keep a place free for urgent jobs.

    It takes jobs of the kinds that it has acts for; `share`, asked each time, may narrow that.
    """

    name: str
    database: Database
    acts: Mapping[str, Act]
    urgent_only: bool = False
    share: Callable[[], Share] | None = None
    wake: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when a job may be due."""
    _share: Share = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._share = Share(self.acts.keys())

    def takes(self, due: Due) -> bool:
        """Whether such jobs are this worker's, by the share that it had last."""
        return self._share.has(due.kind, due.owner) and (due.urgent or not self.urgent_only)

    def work_one(self) -> bool:
        """Take and carry out one job that there is an act for; False when none was due."""
        if self.share is not None:
            self._share = self.share()
        with self.database.unit() as unit:
            job = unit.jobs.take(
                self.name, self._share, urgent_only=self.urgent_only, lease_seconds=LEASE_SECONDS
            )
        if job is None:
            return False
        origin = of_event(job.context.correlation, job.context.causation)
        try:
            with span("job", origin, kind=job.kind):
                with self._kept(job):
                    finish = self.acts[job.kind](job)
                self._end(job, finish)
            JOBS_DONE.labels(job.kind).inc()
        except Exception as error:
            if connection_lost(error):
                raise
            JOBS_FAILED.labels(job.kind).inc()
            cause, chance = describe(error), random.random()  # noqa: S311
            logger.warning("job_failed", kind=job.kind, job=str(job.job_id), cause=cause)
            with self.database.unit() as unit:
                if isinstance(error, ComeAgain):
                    unit.jobs.postpone(job, self.name, cause, chance, error.seconds)
                else:
                    doubtful = isinstance(error, Doubtful) and error.doubtful
                    unit.jobs.fail(job, self.name, cause, chance, doubtful=doubtful)
        return True

    @contextmanager
    def _kept(self, job: Job) -> Iterator[None]:
        """Renew the job's lease while its act runs, so that a long one is not begun twice."""
        done = threading.Event()

        def keep() -> None:
            for _ in range(int(3 * LONGEST_ACT / LEASE_SECONDS)):
                if done.wait(LEASE_SECONDS / 3):
                    return
                try:
                    with self.database.unit() as unit:
                        unit.jobs.renew(job, self.name, LEASE_SECONDS)
                except Exception as error:
                    logger.warning("lease_not_renewed", job=str(job.job_id), cause=repr(error)[:99])

        keeper = threading.Thread(target=keep, name=f"{self.name}.lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _end(self, job: Job, finish: Finish) -> None:
        for attempt in range(1, QUICK_TRIES + 1):
            try:
                with self.database.unit() as unit:
                    if unit.jobs.finish(job, self.name):
                        finish(unit)
                return
            except Exception as error:
                if attempt == QUICK_TRIES or not may_run_again(error):
                    raise

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; free first what a killed predecessor of this name held."""
        freed = False
        while not stop.is_set():
            try:
                if not freed:
                    with self.database.unit() as unit:
                        unit.jobs.free(self.name)
                    freed = True
                if not self.work_one():
                    self.wake.clear()
                    self.wake.wait(IDLE_SECONDS)
            except Exception as error:
                if not connection_lost(error):
                    raise
                logger.warning("worker_waits_for_database", worker=self.name)
                stop.wait(1)


def run_workers(workers: list[Worker]) -> None:
    """Run the workers as threads of this process until SIGTERM; a dying thread ends the process.

    They share one database.
    """
    stop = threading.Event()
    failures: list[BaseException] = []
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
            stop.set()
            raise

    database = workers[0].database
    parts = [partial(look_out, database, workers, stop)]
    parts += [partial(worker.run, stop) for worker in workers]
    threads = [threading.Thread(target=guarded, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    while not stop.wait(5):
        _measure(database)
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(1)


def _measure(database: Database) -> None:
    try:
        with database.unit() as unit:
            counts: dict[tuple[str, str], Any] = dict(unit.jobs.counts())
    except Exception as error:
        if not connection_lost(error):
            raise
        return
    JOBS_OPEN.clear()
    for (kind, state), number in counts.items():
        JOBS_OPEN.labels(kind, state).set(number)
