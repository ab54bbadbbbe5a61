"""One question for all idle workers of a process: is a job due?

Asked outside any transaction, by one thread: every worker asking for itself, in a transaction each
time, cost more than a small installation's work.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from libs.db import Database, connection_lost
from libs.jobs.queue import JobQueue
from libs.observability import get_logger

if TYPE_CHECKING:
    from libs.jobs.worker import Worker

# Between two questions: soon while jobs come to idle workers, seldom when none has for some ten
# seconds. A busy worker looks for itself when it is done.
FASTEST, SLOWEST = 0.02, 0.1
_SLOWER = 1.01
_LOST_SECONDS = 1.0

logger = get_logger(__name__)


def look_out(database: Database, workers: Sequence["Worker"], stop: threading.Event) -> None:
    """Wake the workers that may take what is due, until told to stop."""
    while not stop.is_set():
        try:
            _ask_for_ever(database, workers, stop)
        except Exception as error:
            if not connection_lost(error):
                raise
            logger.warning("lookout_waits_for_database")
            stop.wait(_LOST_SECONDS)


def pause_after(pause: float, woken: bool) -> float:
    """Seconds until the next question, when the one after `pause` has woken somebody or not."""
    return FASTEST if woken else min(pause * _SLOWER, SLOWEST)


def _ask_for_ever(database: Database, workers: Sequence["Worker"], stop: threading.Event) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        queue, pause = JobQueue(connection, database.schema), FASTEST
        while not stop.wait(pause):
            due = queue.due()
            idle = [worker for worker in workers if not worker.wake.is_set()]
            woken = [worker for worker in idle if any(map(worker.takes, due))]
            for worker in woken:
                worker.wake.set()
            pause = pause_after(pause, bool(woken))
