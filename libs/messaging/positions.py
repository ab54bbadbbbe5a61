"""A consumer's rows in the store: its positions, and the events that failed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from libs.eventstore.cursor import rows
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
        """The position, locked: messages, sweeps, retries and releases exclude one another.

        So do all transactions of one consumer: a handler that asks whether an event of another
        category was applied gets an answer that holds until its own rows are committed.
        """
        found = rows(
            self._connection,
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0));"
            "SELECT epoch, tx, position FROM es.checkpoint"
            " WHERE consumer = %s AND category = %s FOR UPDATE",
            (self._consumer, self._consumer, category),
        )
        if not found:
            raise NotSubscribed(f"{self._consumer} has no position in {category}")
        ((epoch, tx, position),) = found
        return Position(str(epoch), Place(tx, position))

    def all(self) -> dict[str, Position]:
        """All positions, unlocked."""
        found = self._rows(
            "SELECT category, epoch, tx, position FROM es.checkpoint WHERE consumer = %s"
        )
        return {
            category: Position(str(epoch), Place(tx, position))
            for category, epoch, tx, position in found
        }

    def behind(self, categories: Sequence[str]) -> list[str]:
        """Those categories in which the store has something behind the position: one question."""
        found = self._rows(
            "SELECT c.category FROM es.checkpoint AS c"
            " WHERE c.consumer = %s AND c.category = ANY (CAST(%s AS text[]))"
            "   AND EXISTS (SELECT 1 FROM es.event AS e WHERE e.category = c.category"
            "               AND (e.tx, e.position) > (c.tx, c.position)"
            "               AND e.tx < (SELECT es.horizon()))"
            " ORDER BY c.category",
            list(categories),
        )
        return [category for (category,) in found]

    def behind_counts(self) -> dict[str, int]:
        """How many readable events each category has behind the position, at most 10,000 each."""
        found = rows(
            self._connection,
            "SELECT c.category, (SELECT count(*) FROM (SELECT 1 FROM es.event AS e"
            "   WHERE e.category = c.category AND (e.tx, e.position) > (c.tx, c.position)"
            "     AND e.tx < (SELECT es.horizon()) LIMIT %s) AS waiting) AS behind"
            " FROM es.checkpoint AS c WHERE c.consumer = %s",
            (MOST_COUNTED, self._consumer),
        )
        return dict(found)

    def move(self, category: str, place: Place) -> None:
        """Move the (locked) position."""
        rows(
            self._connection,
            "UPDATE es.checkpoint SET tx = %s, position = %s WHERE consumer = %s AND category = %s",
            (*place, self._consumer, category),
        )

    def pass_over(self, event: Recorded, epoch: str, predecessor: Place) -> bool:
        """Move the position over an event without an effect, in one statement and on no lock held.

        False, and nothing is moved, unless the event follows the position and nothing of its
        stream waits for a retry.
        """
        found = rows(
            self._connection,
            "UPDATE es.checkpoint SET tx = %s, position = %s"
            " WHERE consumer = %s AND category = %s AND epoch = CAST(%s AS uuid)"
            "   AND (tx, position) = (%s, %s) AND NOT EXISTS"
            "     (SELECT 1 FROM es.retry AS r WHERE r.consumer = %s AND r.stream = %s)"
            " RETURNING 1",
            (
                *(*event.place, self._consumer, event.category, epoch, *predecessor),
                *(self._consumer, event.stream),
            ),
        )
        return bool(found)

    def count_start(self, category: str, place: Place) -> int:
        """How many starts in a row have met the event at `place` as the next one, this one too."""
        found = rows(
            self._connection,
            "UPDATE es.checkpoint SET next_position = %s,"
            " starts = CASE WHEN next_position = %s THEN starts + 1 ELSE 1 END"
            " WHERE consumer = %s AND category = %s RETURNING starts",
            (place.position, place.position, self._consumer, category),
        )
        return int(found[0][0])

    def standing_still(self, streams: Iterable[str]) -> set[str]:
        """Those streams of which an earlier event waits for its retry or its release."""
        found = self._rows(
            "SELECT DISTINCT stream FROM es.retry"
            " WHERE consumer = %s AND stream = ANY (CAST(%s AS text[]))",
            list(streams),
        )
        return {stream for (stream,) in found}

    def set_aside(self, event: Recorded, cause: str) -> None:
        """Keep an event for a retry in one second, or behind an earlier one of its stream."""
        self._rows(
            "INSERT INTO es.retry (consumer, stream, version, category, due_at, cause)"
            " VALUES (%s, %s, %s, %s, clock_timestamp() + %s * interval '1 second', %s)"
            " ON CONFLICT DO NOTHING",
            event.stream,
            event.version,
            event.category,
            BACK_OFF_SECONDS[0],
            cause[:500],
        )

    def next_due(self) -> Due | None:
        """The oldest due head of a stream; never an event with an earlier one in front of it."""
        found = self._rows(
            "SELECT stream, version, category, attempts FROM es.retry AS r"
            " WHERE consumer = %s AND NOT parked AND due_at <= clock_timestamp()"
            "   AND NOT EXISTS (SELECT 1 FROM es.retry AS e WHERE e.consumer = r.consumer"
            "                   AND e.stream = r.stream AND e.version < r.version)"
            " ORDER BY due_at LIMIT 1"
        )
        return Due(*found[0]) if found else None

    def count_attempt(self, due: Due) -> bool:
        """Count a try before it runs, so that one that kills the process is counted too.

        False when the row is gone or someone else counted first.
        """
        wait = BACK_OFF_SECONDS[min(due.attempts, len(BACK_OFF_SECONDS) - 1)]
        found = rows(
            self._connection,
            "UPDATE es.retry SET attempts = attempts + 1,"
            " due_at = clock_timestamp() + %s * interval '1 second'"
            " WHERE consumer = %s AND stream = %s AND version = %s AND attempts = %s RETURNING 1",
            (wait, self._consumer, due.stream, due.version, due.attempts),
        )
        return bool(found)

    def uncount_attempt(self, due: Due) -> None:
        """Let the counted try be as if it had not been; it is due again at once."""
        rows(
            self._connection,
            "UPDATE es.retry SET attempts = %s, due_at = clock_timestamp()"
            " WHERE consumer = %s AND stream = %s AND version = %s AND attempts = %s"
            " AND NOT parked",
            (due.attempts, self._consumer, due.stream, due.version, due.attempts + 1),
        )

    def take_back(self, due: Due) -> bool:
        """Delete the row in the transaction of the effect; the one behind it is due at once."""
        found = self._rows(
            "DELETE FROM es.retry WHERE consumer = %s AND stream = %s AND version = %s"
            " AND NOT parked RETURNING 1",
            due.stream,
            due.version,
        )
        self._rows(
            "UPDATE es.retry SET due_at = clock_timestamp()"
            " WHERE consumer = %s AND stream = %s AND attempts = 0",
            due.stream,
        )
        return bool(found)

    def failed_again(self, due: Due, cause: str) -> None:
        """Note the cause of a failed try; park after the last."""
        rows(
            self._connection,
            "UPDATE es.retry SET cause = %s, parked = attempts >= %s"
            " WHERE consumer = %s AND stream = %s AND version = %s",
            (cause[:500], len(BACK_OFF_SECONDS), self._consumer, due.stream, due.version),
        )

    def awaits(self, category: str) -> bool:
        """Whether an event of the category waits for a retry or its release."""
        found = self._rows(
            "SELECT EXISTS (SELECT 1 FROM es.retry WHERE consumer = %s AND category = %s)", category
        )
        return bool(found[0][0])

    def counts(self) -> tuple[int, int]:
        """(waiting for a retry, parked)."""
        ((waiting, parked),) = self._rows(
            "SELECT count(*) FILTER (WHERE NOT parked), count(*) FILTER (WHERE parked)"
            " FROM es.retry WHERE consumer = %s"
        )
        return waiting, parked

    def _rows(self, statement: str, *arguments: Any) -> list[Any]:
        """The rows of a statement whose first parameter is the consumer."""
        return rows(self._connection, statement, (self._consumer, *arguments))
