"""The balance as measures: counted again and again from the read models and the jobs."""

import threading
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from libs.db import Database, connection_lost
from libs.observability import get_logger
from services.interconnect import balance, completeness
from services.interconnect.compose import VIETNAM
from services.interconnect.metrics import BALANCE, BALANCE_COUNTED, DIFFERENCE, PAIR_MISSING

_WINDOW = timedelta(days=29)
_FASTEST_SECONDS = 15.0
# Counting takes at most a twentieth of one connection's time, however large the table has grown.
_PAUSE_PER_SECOND = 20.0

logger = get_logger(__name__)


def count_balance(database: Database) -> None:
    """Set the gauges to what the read model and the jobs hold now; what is lost comes first.

    A count that fails is missing from a graph, and neither another one nor anything else suffers.
    """
    for what, count in _COUNTS.items():
        try:
            with database.snapshot() as unit:
                count(unit.connection)
            BALANCE_COUNTED.labels(what).set(time.time())
        except Exception as error:
            cause = type(error).__name__ if connection_lost(error) else repr(error)[:300]
            logger.warning("balance_not_counted", what=what, cause=cause)


def _difference(connection: Connection) -> None:
    DIFFERENCE.set(balance.differences(connection))


def _missing(connection: Connection) -> None:
    PAIR_MISSING.set(completeness.missing(connection))


def _states(connection: Connection) -> None:
    today = datetime.now(UTC).astimezone(VIETNAM).date()
    totals = balance.totals(connection, balance.Wanted(today - _WINDOW, today))
    for state in ("accepted", *balance.SENT):
        BALANCE.labels(state).set(totals[f"sent_{state}"])


_COUNTS = {"difference": _difference, "missing": _missing, "states": _states}


def watch_balance(database: Database) -> None:
    """Count again and again in a thread of this process, which ends with it."""
    threading.Thread(target=_watch, args=(database,), name="balance", daemon=True).start()


def _watch(database: Database) -> None:
    while True:
        began = time.monotonic()
        count_balance(database)
        took = time.monotonic() - began
        time.sleep(max(_FASTEST_SECONDS, _PAUSE_PER_SECOND * took))
