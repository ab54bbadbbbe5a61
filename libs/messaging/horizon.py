"""How long the horizon stands still: a transaction that lingers hides new events from everybody."""

from sqlalchemy import Connection, text


class HorizonWatch:
    """Looks at the cluster's oldest running transaction id, again and again."""

    def __init__(self) -> None:
        self._oldest = -1
        self._since = 0.0

    def look(self, connection: Connection, now: float) -> float:
        """Seconds since the same transaction holds the horizon; 0 when none is running.

        It may be any writer of the cluster, in another database too, or a prepared transaction.
        """
        row = connection.execute(
            text(
                "SELECT CAST(CAST(pg_snapshot_xmin(s) AS text) AS bigint) AS oldest,"
                " CAST(CAST(pg_snapshot_xmax(s) AS text) AS bigint) AS next"
                " FROM pg_current_snapshot() AS s"
            )
        ).one()
        if row.oldest != self._oldest or row.oldest == row.next:
            self._oldest, self._since = row.oldest, now
        return now - self._since
