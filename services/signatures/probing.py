"""Whether somebody who was away is back: of all that waits, one job now and then is tried."""

import threading
import time
from collections.abc import Collection

from libs.db import Database, connection_lost
from libs.observability import get_logger

EVERY_SECONDS = 15.0
logger = get_logger(__name__)


def watch_waiting_jobs(database: Database, kinds: Collection[str]) -> None:
    """Try again and again, in a thread of this process, which ends with it.

    A job that waits is left alone for ten minutes in the end. One that succeeds hurries all of
    its kind, so a long queue costs one try in `EVERY_SECONDS`, and begins to move that soon.
    """
    arguments = (database, tuple(kinds))
    threading.Thread(target=_watch, args=arguments, name="probing", daemon=True).start()


def _watch(database: Database, kinds: tuple[str, ...]) -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        try:
            with database.unit() as unit:
                for kind in kinds:
                    unit.jobs.hurry([kind], most=1)
        except Exception as error:
            cause = type(error).__name__ if connection_lost(error) else repr(error)[:300]
            logger.warning("waiting_not_tried", cause=cause)
