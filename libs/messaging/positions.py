"""A consumer's rows in the store: its positions, and the events that failed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from libs.eventstore.model import Place, Recorded
from libs.messaging.decision import Position

# Seconds until the next try; after the last the event is parked and shown.
BACK_OFF_SECONDS = (1, 10, 60, 600, 3600)
# Nobody need know how far beyond this a consumer is behind, and no question may cost more.
MOST_COUNTED = 10_000


class NotSubscribed(LookupError):
    """The consumer has no position in the category: the database was not migrated for it."""


@dataclass(frozen=True)
class Due:
    """A failed event whose next try is due."""

    stream: str
    version: int
    category: str
    attempts: int


class Positions:
    """The rows of one consumer, inside the caller's transaction."""

    def __init__(self, connection: Connection, consumer: str) -> None:
        self._connection = connection
        self._consumer = consumer

    def lock(self, category: str) -> Position:
        """The position, locked: messages, sweeps, retries and releases exclude one another."""
        row = self._connection.execute(
            text(
                "SELECT epoch, tx, position FROM es.checkpoint"
                " WHERE consumer = :consumer AND category = :category FOR UPDATE"
            ),
            {"consumer": self._consumer, "category": category},
        ).first()
        if row is None:
            raise NotSubscribed(f"{self._consumer} has no position in {category}")
        return Position(str(row.epoch), Place(row.tx, row.position))

    def all(self) -> dict[str, Position]:
        """All positions, unlocked."""
        rows = self._connection.execute(
            text("SELECT category, epoch, tx, position FROM es.checkpoint WHERE consumer = :c"),
            {"c": self._consumer},
        )
        return {row.category: Position(str(row.epoch), Place(row.tx, row.position)) for row in rows}

    def behind(self, categories: Sequence[str]) -> list[str]:
        """Those categories in which the store has something behind the position: one question."""
        rows = self._connection.execute(
            text(
                "SELECT c.category FROM es.checkpoint AS c"
                " WHERE c.consumer = :consumer AND c.category = ANY (CAST(:names AS text[]))"
                "   AND EXISTS (SELECT 1 FROM es.event AS e WHERE e.category = c.category"
                "               AND (e.tx, e.position) > (c.tx, c.position)"
                "               AND e.tx < (SELECT es.horizon()))"
                " ORDER BY c.category"
            ),
            {"consumer": self._consumer, "names": list(categories)},
        )
        return list(rows.scalars())

    def behind_counts(self) -> dict[str, int]:
        """How many readable events each category has behind the position, at most 10,000 each."""
        rows = self._connection.execute(
            text(
                "SELECT c.category, (SELECT count(*) FROM (SELECT 1 FROM es.event AS e"
                "   WHERE e.category = c.category AND (e.tx, e.position) > (c.tx, c.position)"
                "     AND e.tx < (SELECT es.horizon()) LIMIT :most) AS waiting) AS behind"
                " FROM es.checkpoint AS c WHERE c.consumer = :consumer"
            ),
            {"consumer": self._consumer, "most": MOST_COUNTED},
        )
        return {row.category: row.behind for row in rows}

    def move(self, category: str, place: Place) -> None:
        """Move the (locked) position."""
        self._connection.execute(
            text(
                "UPDATE es.checkpoint SET tx = :tx, position = :position"
                " WHERE consumer = :consumer AND category = :category"
            ),
            {
                "consumer": self._consumer,
                "category": category,
                "tx": place.tx,
                "position": place.position,
            },
        )

    def count_start(self, category: str, place: Place) -> int:
        """How many starts in a row have met the event at `place` as the next one, this one too."""
        counted = self._connection.execute(
            text(
                "UPDATE es.checkpoint SET next_position = :position,"
                " starts = CASE WHEN next_position = :position THEN starts + 1 ELSE 1 END"
                " WHERE consumer = :consumer AND category = :category RETURNING starts"
            ),
            {"consumer": self._consumer, "category": category, "position": place.position},
        )
        return int(counted.scalar_one())

    def standing_still(self, streams: Iterable[str]) -> set[str]:
        """Those streams of which an earlier event waits for its retry or its release."""
        rows = self._connection.execute(
            text(
                "SELECT DISTINCT stream FROM es.retry"
                " WHERE consumer = :c AND stream = ANY (CAST(:streams AS text[]))"
            ),
            {"c": self._consumer, "streams": list(streams)},
        )
        return set(rows.scalars())

    def set_aside(self, event: Recorded, cause: str) -> None:
        """Keep an event for a retry in one second, or behind an earlier one of its stream."""
        self._connection.execute(
            text(
                "INSERT INTO es.retry (consumer, stream, version, category, due_at, cause)"
                " VALUES (:consumer, :stream, :version, :category,"
                "         clock_timestamp() + :wait * interval '1 second', :cause)"
                " ON CONFLICT DO NOTHING"
            ),
            {
                "consumer": self._consumer,
                "stream": event.stream,
                "version": event.version,
                "category": event.category,
                "wait": BACK_OFF_SECONDS[0],
                "cause": cause[:500],
            },
        )

    def next_due(self) -> Due | None:
        """The oldest due head of a stream; never an event with an earlier one in front of it."""
        row = self._connection.execute(
            text(
                "SELECT stream, version, category, attempts FROM es.retry AS r"
                " WHERE consumer = :c AND NOT parked AND due_at <= clock_timestamp()"
                "   AND NOT EXISTS (SELECT 1 FROM es.retry AS e WHERE e.consumer = r.consumer"
                "                   AND e.stream = r.stream AND e.version < r.version)"
                " ORDER BY due_at LIMIT 1"
            ),
            {"c": self._consumer},
        ).first()
        return Due(row.stream, row.version, row.category, row.attempts) if row else None

    def count_attempt(self, due: Due) -> bool:
        """Count a try before it runs, so that one that kills the process is counted too.

        False when the row is gone or someone else counted first.
        """
        wait = BACK_OFF_SECONDS[min(due.attempts, len(BACK_OFF_SECONDS) - 1)]
        row = self._connection.execute(
            text(
                "UPDATE es.retry SET attempts = attempts + 1,"
                " due_at = clock_timestamp() + :wait * interval '1 second'"
                " WHERE consumer = :c AND stream = :s AND version = :v AND attempts = :a"
                " RETURNING 1"
            ),
            {
                "c": self._consumer,
                "s": due.stream,
                "v": due.version,
                "a": due.attempts,
                "wait": wait,
            },
        ).first()
        return row is not None

    def take_back(self, due: Due) -> bool:
        """Delete the row in the transaction of the effect; the one behind it is due at once."""
        place = {"c": self._consumer, "s": due.stream, "v": due.version}
        row = self._connection.execute(
            text(
                "DELETE FROM es.retry WHERE consumer = :c AND stream = :s AND version = :v"
                " AND NOT parked RETURNING 1"
            ),
            place,
        ).first()
        self._connection.execute(
            text(
                "UPDATE es.retry SET due_at = clock_timestamp()"
                " WHERE consumer = :c AND stream = :s AND attempts = 0"
            ),
            {"c": self._consumer, "s": due.stream},
        )
        return row is not None

    def failed_again(self, due: Due, cause: str) -> None:
        """Note the cause of a failed try; park after the last."""
        self._connection.execute(
            text(
                "UPDATE es.retry SET cause = :cause, parked = attempts >= :most"
                " WHERE consumer = :c AND stream = :s AND version = :v"
            ),
            {
                "c": self._consumer,
                "s": due.stream,
                "v": due.version,
                "cause": cause[:500],
                "most": len(BACK_OFF_SECONDS),
            },
        )

    def counts(self) -> tuple[int, int]:
        """(waiting for a retry, parked)."""
        row = self._connection.execute(
            text(
                "SELECT count(*) FILTER (WHERE NOT parked) AS waiting,"
                " count(*) FILTER (WHERE parked) AS parked FROM es.retry WHERE consumer = :c"
            ),
            {"c": self._consumer},
        ).one()
        return row.waiting, row.parked
