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

EVERY_SECONDS = 0.02
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


def _ask_for_ever(database: Database, workers: Sequence["Worker"], stop: threading.Event) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        queue = JobQueue(connection, database.schema)
        while not stop.wait(EVERY_SECONDS):
            due = queue.due()
            for worker in workers:
                if any(worker.takes(kind, urgent) for kind, urgent in due):
                    worker.wake.set()
