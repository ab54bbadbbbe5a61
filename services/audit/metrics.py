"""How many documents stand where: counted from the read model, for the operators' dashboard."""

import threading
import time
from datetime import UTC, datetime, timedelta

from prometheus_client import Gauge
from sqlalchemy import text

from libs.db import Database, connection_lost
from libs.observability import get_logger

WINDOW = timedelta(days=30)
FASTEST_SECONDS = 15.0
# Counting takes at most a twentieth of one connection's time, however large the table has grown.
PAUSE_PER_SECOND = 20.0

DOCUMENTS = Gauge(
    "lienthong_documents",
    "Documents at agencies with a step in the last 30 days, by the agency's tier and the last"
    " status code of QCVN 102:2016/BTTTT (none: no status yet)",
    ["tier", "status"],
)

_COUNT = text("""
    SELECT entry.tier, document.status, count(*) AS number
    FROM (
        SELECT agency_id, coalesce(document_id, packet_id) AS id,
               coalesce((array_agg(status_code ORDER BY order_at DESC, tx DESC, position DESC)
                         FILTER (WHERE status_code <> ''))[1], 'none') AS status
        FROM audit.line
        WHERE order_at >= :since
          AND coalesce(document_id, packet_id) IS NOT NULL
        GROUP BY agency_id, coalesce(document_id, packet_id)
    ) AS document
    JOIN LATERAL (
        SELECT tier FROM audit.agency_entry
        WHERE agency_id = document.agency_id ORDER BY tx DESC, position DESC LIMIT 1
    ) AS entry ON true
    GROUP BY entry.tier, document.status
""")

logger = get_logger(__name__)


def count_documents(database: Database, since: datetime) -> None:
    """Set the gauge to what the read model holds of steps since then."""
    with database.unit() as unit:
        rows = unit.connection.execute(_COUNT, {"since": since}).all()
    DOCUMENTS.clear()
    for row in rows:
        DOCUMENTS.labels(str(row.tier), row.status).set(row.number)


def watch_documents(database: Database) -> None:
    """Count again and again in a thread of this process, which ends with it."""
    threading.Thread(target=_watch, args=(database,), name="documents", daemon=True).start()


def _watch(database: Database) -> None:
    while True:
        began = time.monotonic()
        try:
            count_documents(database, datetime.now(UTC) - WINDOW)
        except Exception as error:
            # A count that fails is missing from a graph, and nothing else may suffer from it.
            cause = type(error).__name__ if connection_lost(error) else repr(error)[:300]
            logger.warning("documents_not_counted", cause=cause)
        took = time.monotonic() - began
        time.sleep(max(FASTEST_SECONDS, PAUSE_PER_SECOND * took))
