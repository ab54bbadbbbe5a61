"""What an operator wants to know of signatures beyond jobs and consumers."""

import threading
import time
from datetime import UTC, datetime

from prometheus_client import Counter, Gauge

from libs.db import Database, connection_lost
from libs.observability import get_logger
from services.signatures import queries

EVERY_SECONDS = 5.0

SIGNED = Counter(
    "lienthong_signatures_made",
    "Signatures made, by level (B-T with a timestamp, B-B without) and by what was known of the"
    " certificate's revocation before (good, unknown)",
    ["level", "revocation"],
)
WAITING = Gauge(
    "lienthong_signatures_waiting",
    "Files that wait for evidence, verdicts that wait for a revocation answer, evidence that is"
    " due for renewal",
    ["what"],
)
OLDEST = Gauge(
    "lienthong_signatures_waiting_seconds",
    "How long the first of those has waited; 0 when none waits",
    ["what"],
)
TOKENS = Gauge(
    "lienthong_signing_tokens",
    "1 for the state that a token is in: open, or the code of its trouble",
    ["token", "state"],
)
TOKEN_LOGINS = Counter(
    "lienthong_signing_token_logins", "How often a token's PIN was given and taken", ["token"]
)
TRUST_ENDS = Gauge(
    "lienthong_trust_list_ends_seconds",
    "Seconds until the published list in use ends and is trusted no more; below 0 once it has",
    ["source"],
)
logger = get_logger(__name__)


def count_waiting(database: Database, now: datetime) -> None:
    """Set the gauges to what the read model holds."""
    with database.unit() as unit:
        found = queries.backlog(unit.connection, now)
    for what, (number, since) in found.items():
        WAITING.labels(what).set(number)
        age = (now - since).total_seconds() if since else 0.0
        OLDEST.labels(what).set(max(age, 0.0))


def count_down(database: Database, now: datetime) -> None:
    """Set how long each approved list still holds."""
    with database.unit() as unit:
        parts = queries.trust_parts(unit.connection)
    for part in parts:
        if part.valid_until:
            TRUST_ENDS.labels(part.source).set((part.valid_until - now).total_seconds())


def watch_waiting(database: Database) -> None:
    """Count again and again in a thread of this process, which ends with it."""
    threading.Thread(target=_watch, args=(database,), name="waiting", daemon=True).start()


def _watch(database: Database) -> None:
    while True:
        try:
            now = datetime.now(UTC)
            count_waiting(database, now)
            count_down(database, now)
        except Exception as error:
            # A count that fails is missing from a graph, and nothing else may suffer from it.
            cause = type(error).__name__ if connection_lost(error) else repr(error)[:300]
            logger.warning("waiting_not_counted", cause=cause)
        time.sleep(EVERY_SECONDS)
