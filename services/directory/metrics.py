"""How many days are left until the first certificate of each kind expires."""

import threading
import time
from datetime import UTC, datetime

from prometheus_client import Gauge

from libs.db import Database, connection_lost
from libs.observability import get_logger
from services.directory import queries
from services.directory.certificates import VIETNAM
from services.directory.forecast import nearest

PAUSE_SECONDS = 60.0

DAYS_LEFT = Gauge(
    "lienthong_certificate_days_left",
    "Days to the nearest expiry among certificates that nothing replaces, by kind; negative when"
    " one has expired",
    ["kind"],
)

logger = get_logger(__name__)


def measure(database: Database, now: datetime) -> None:
    """Set the gauge to what the read model holds."""
    today = now.astimezone(VIETNAM).date()
    with database.unit() as unit:
        held = queries.held_certificates(unit.connection, today)
    DAYS_LEFT.clear()
    for kind, days in nearest(held, today).items():
        DAYS_LEFT.labels(kind).set(days)


def watch_certificates(database: Database) -> None:
    """Measure again and again in a thread of this process, which ends with it."""
    threading.Thread(target=_watch, args=(database,), name="certificates", daemon=True).start()


def _watch(database: Database) -> None:
    while True:
        try:
            measure(database, datetime.now(UTC))
        except Exception as error:
            # A figure that is missing from a graph is all that may come of it.
            cause = type(error).__name__ if connection_lost(error) else repr(error)[:300]
            logger.warning("certificates_not_measured", cause=cause)
        time.sleep(PAUSE_SECONDS)
