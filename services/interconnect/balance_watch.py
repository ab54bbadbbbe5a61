"""The balance as measures: counted again and again from the read models and the jobs."""

import threading
import time
from datetime import UTC, datetime, timedelta

from libs.db import Database, connection_lost
from libs.observability import get_logger
from services.interconnect import balance, completeness
from services.interconnect.compose import VIETNAM
from services.interconnect.metrics import BALANCE, DIFFERENCE, PAIR_MISSING

_WINDOW = timedelta(days=29)
_FASTEST_SECONDS = 15.0
# Counting takes at most a twentieth of one connection's time, however large the table has grown.
_PAUSE_PER_SECOND = 20.0

logger = get_logger(__name__)


def count_balance(database: Database) -> None:
    """Set the gauges to what the read model and the jobs hold now."""
    today = datetime.now(UTC).astimezone(VIETNAM).date()
    with database.unit() as unit:
        totals = balance.totals(unit.connection, balance.Wanted(today - _WINDOW, today))
        lost = balance.differences(unit.connection)
        missing = completeness.missing(unit.connection)
    for state in ("accepted", *balance.SENT):
        BALANCE.labels(state).set(totals[f"sent_{state}"])
    DIFFERENCE.set(lost)
    PAIR_MISSING.set(missing)


def watch_balance(database: Database) -> None:
    """Count again and again in a thread of this process, which ends with it."""
    threading.Thread(target=_watch, args=(database,), name="balance", daemon=True).start()


def _watch(database: Database) -> None:
    while True:
        began = time.monotonic()
        try:
            count_balance(database)
        except Exception as error:
            # A count that fails is missing from a graph, and nothing else may suffer from it.
            cause = type(error).__name__ if connection_lost(error) else repr(error)[:300]
            logger.warning("balance_not_counted", cause=cause)
        took = time.monotonic() - began
        time.sleep(max(_FASTEST_SECONDS, _PAUSE_PER_SECOND * took))
