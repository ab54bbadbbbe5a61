"""The clock of renewals: evidence that ends is renewed before, without anybody asking."""

import threading
import time
from datetime import UTC, datetime

from libs.db import Database, connection_lost
from libs.observability import get_logger
from services.signatures.evidence_jobs import ask_for_renewals

EVERY_SECONDS = 3600.0
logger = get_logger(__name__)


def watch_renewals(database: Database) -> None:
    """Ask for what is due, hour after hour, in a thread of this process, which ends with it."""
    threading.Thread(target=_watch, args=(database,), name="renewals", daemon=True).start()


def _watch(database: Database) -> None:
    while True:
        try:
            asked = ask_for_renewals(database, datetime.now(UTC))
            logger.info("renewals_asked", files=asked)
        except Exception as error:
            # The next hour asks again; what is due longer is counted and shown meanwhile.
            cause = type(error).__name__ if connection_lost(error) else repr(error)[:300]
            logger.warning("renewals_not_asked", cause=cause)
        time.sleep(EVERY_SECONDS)
