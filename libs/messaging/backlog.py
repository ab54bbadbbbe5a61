"""What waits for the relay, asked of the store itself: it is told also while the broker is away."""

import math

from sqlalchemy import Engine, text

from libs.db import connection_lost
from libs.messaging.broker import published_categories

_OLDEST_WAITING = text("""
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - e.recorded_at)), 0)
FROM es.cursor AS c, LATERAL (
    SELECT recorded_at FROM es.event
    WHERE category = c.category AND (tx, position) > (c.tx, c.position)
    ORDER BY tx, position LIMIT 1) AS e
WHERE c.category = ANY (CAST(:published AS text[]))
""")


def waiting_seconds(engine: Engine) -> float:
    """Age of the oldest event that is not published; 0 when none waits, NaN without a database."""
    try:
        with engine.connect() as connection:
            published = {"published": list(published_categories())}
            return max(float(connection.execute(_OLDEST_WAITING, published).scalar_one()), 0.0)
    except Exception as error:
        if not connection_lost(error):
            raise
        return math.nan
