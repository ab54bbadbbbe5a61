"""The append-only store over one database connection; the caller owns the transaction."""

from collections.abc import Sequence
from typing import Any, NoReturn

import psycopg2
from psycopg2.extras import register_uuid
from sqlalchemy import Connection

from libs.eventstore.model import (
    Appended,
    BadEvent,
    CauseInFuture,
    Context,
    EventIdReused,
    NewEvent,
    NotYourCategory,
    Place,
    Recorded,
    SecondAppend,
    StoreError,
    WrongVersion,
)

register_uuid()  # type: ignore[no-untyped-call]

COLUMNS = (
    "tx, position, stream, version, category, event_id, type, schema, agency, handler, behalf,"
    " occurred_at, recorded_at, trace, correlation, causation, payload"
)
APPEND = (
    "SELECT * FROM es.append(%s, %s, %s, %s::uuid[], %s, %s, %s::bytea[],"
    " %s, %s, %s, %s, %s, %s, %s, %s)"
)

Write = tuple[str, int, Sequence[NewEvent]]

_REFUSALS: dict[str, type[StoreError]] = {
    "ES003": EventIdReused,
    "ES005": CauseInFuture,
    "ES006": SecondAppend,
    "ES007": NotYourCategory,
    "23505": EventIdReused,
    "23514": BadEvent,
    "23502": BadEvent,
}


class EventStore:
    """Append and read. Every method is one round trip inside the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(
        self, stream: str, expected: int, events: Sequence[NewEvent], context: Context
    ) -> Appended:
        """Append to one stream. `expected` is a version, `NO_STREAM` or `ANY`."""
        return self.append_all([(stream, expected, events)], context)[0]

    def append_all(self, writes: Sequence[Write], context: Context) -> list[Appended]:
        """Append to several streams, all or nothing, once in a transaction.

        A repeat with the same ids and content answers as the first time. Raises `WrongVersion`,
        `EventIdReused`, `CauseInFuture`, `SecondAppend`, `NotYourCategory`, `BadEvent`.
        """
        events = [event for _, _, part in writes for event in part]
        if not events or any(not part for _, _, part in writes):
            raise BadEvent("an append needs at least one event for each stream")
        if len({stream for stream, _, _ in writes}) != len(writes):
            raise BadEvent("a stream stands twice in one append")
        arguments = (
            [stream for stream, _, _ in writes],
            [expected for _, expected, _ in writes],
            [len(part) for _, _, part in writes],
            [event.event_id for event in events],
            [event.type for event in events],
            [event.schema for event in events],
            [psycopg2.Binary(event.payload) for event in events],
            context.agency,
            context.handler,
            context.behalf,
            context.occurred_at,
            context.trace,
            context.correlation,
            context.causation,
            context.after_tx,
        )
        try:
            rows = self._rows(APPEND, arguments)
        except psycopg2.Error as error:
            _refuse(error)
        return [Appended(row[0], row[1], Place(row[2], row[3])) for row in rows]

    def read(self, stream: str, after: int = 0, limit: int = 100_000) -> list[Recorded]:
        """The stream's events behind version `after`, in order."""
        return self._read(
            "WHERE stream = %s AND version > %s ORDER BY version LIMIT %s", (stream, after, limit)
        )

    def read_last(self, stream: str) -> Recorded | None:
        """The stream's newest event, or None."""
        events = self._read("WHERE stream = %s ORDER BY version DESC LIMIT 1", (stream,))
        return events[0] if events else None

    def read_category(self, category: str, after: Place, limit: int = 1000) -> list[Recorded]:
        """The category's events behind `after` and below the horizon, in order, none missing."""
        return self._read(
            "WHERE category = %s AND (tx, position) > (%s, %s) AND tx < (SELECT es.horizon())"
            " ORDER BY tx, position LIMIT %s",
            (category, *after, limit),
        )

    def read_all(self, after: Place, limit: int = 1000) -> list[Recorded]:
        """Everything that the role may read behind `after` and below the horizon, in order."""
        return self._read(
            "WHERE (tx, position) > (%s, %s) AND tx < (SELECT es.horizon())"
            " ORDER BY tx, position LIMIT %s",
            (*after, limit),
        )

    def category_end(self, category: str) -> Place:
        """The place of the category's newest event below the horizon."""
        rows = self._rows(
            "SELECT tx, position FROM es.event WHERE category = %s AND tx < (SELECT es.horizon())"
            " ORDER BY tx DESC, position DESC LIMIT 1",
            (category,),
        )
        return Place(*rows[0]) if rows else Place(0, 0)

    def epoch(self) -> str:
        """The store's epoch: changed by every restore, so that old positions are not believed."""
        return str(self._rows("SELECT epoch FROM es.meta", ())[0][0])

    def _read(self, where: str, arguments: tuple[Any, ...]) -> list[Recorded]:
        rows = self._rows(f"SELECT {COLUMNS} FROM es.event {where}", arguments)  # noqa: S608
        return [Recorded(*(*row[:-1], bytes(row[-1]))) for row in rows]

    def _rows(self, statement: str, arguments: tuple[Any, ...]) -> list[Any]:
        # A raw cursor of the transaction's connection: SQLAlchemy's result layer costs more than
        # the statement.
        self._connection.get_transaction() or self._connection.begin()
        raw: Any = self._connection.connection.driver_connection
        with raw.cursor() as cursor:
            cursor.execute(statement, arguments)
            rows: list[Any] = cursor.fetchall()
            return rows


def _refuse(error: psycopg2.Error) -> NoReturn:
    if error.pgcode == "ES001":
        stream, expected, actual = (error.diag.message_detail or "?|0|0").rsplit("|", 2)
        raise WrongVersion(stream, int(expected), int(actual)) from error
    kind = _REFUSALS.get(error.pgcode or "")
    if kind is None:
        raise error
    raise kind(str(error.diag.message_primary)) from error
