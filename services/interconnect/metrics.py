"""What an operator wants to know of this service beyond jobs and consumers."""

import threading
import time
from datetime import UTC, datetime, timedelta

from prometheus_client import Counter, Gauge

from libs.db import Database, connection_lost
from libs.observability import get_logger
from services.interconnect import balance
from services.interconnect.compose import VIETNAM

BAD_PACKETS = Counter(
    "lienthong_bad_packets", "Packets from the axis that stand on the desk, by reason", ["reason"]
)
PLAIN_PACKETS = Counter(
    "lienthong_packets_without_envelope",
    "Packets that left without our envelope, by reason",
    ["reason"],
)
BAD_ENVELOPES = Counter(
    "lienthong_bad_envelopes", "Envelopes that came and are not believed, by reason", ["reason"]
)
STATUSES_REFUSED = Counter(
    "lienthong_statuses_refused", "Statuses that the axis refused for good, by reason", ["reason"]
)
AXIS_FAILURES = Counter(
    "lienthong_axis_poll_failures", "Rounds or packets that failed, by kind", ["kind"]
)
AXIS_POLLED = Gauge(
    "lienthong_axis_polled_seconds", "When the axis was last polled to the end, by lane", ["lane"]
)
BALANCE = Gauge(
    "lienthong_balance",
    "Recipients of the documents that were accepted in the last 30 days, by what became of them",
    ["state"],
)
DIFFERENCE = Gauge(
    "lienthong_balance_difference",
    "Recipients and packets of all days that were accepted, or came, and are nowhere",
)

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
    for state in ("accepted", *balance.SENT):
        BALANCE.labels(state).set(totals[f"sent_{state}"])
    DIFFERENCE.set(lost)


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
