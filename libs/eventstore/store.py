"""The append-only store over one database connection; the caller owns the transaction."""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn
from uuid import UUID

import psycopg2
from psycopg2.extras import register_uuid
from sqlalchemy import Connection

from libs.eventstore.cursor import execute, rows
from libs.eventstore.model import (
    NO_STREAM,
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
# Prepared once for each connection: parsed and planned once.
_PREPARED = {
    "es_append_one": (
        "text, bigint, uuid, text, integer, bytea,"
        " text, text, text, timestamptz, uuid, uuid, uuid, bigint",
        "SELECT es.append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    ),
    "es_append": (
        "text[], bigint[], integer[], uuid[], text[], integer[], bytea[],"
        " text, text, text, timestamptz, uuid, uuid, uuid, bigint",
        "SELECT * FROM es.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    ),
}

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
    """Append and read. Every method is at most one round trip in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._fetched: dict[str, list[Recorded]] = {}

    def append(
        self, stream: str, expected: int, events: Sequence[NewEvent], context: Context
    ) -> Appended:
        """Append to one stream. `expected` is a version, `NO_STREAM` or `ANY`."""
        self._fetched.clear()
        if len(events) != 1 or expected < NO_STREAM:
            return self.append_all([(stream, expected, events)], context)[0]
        event = events[0]
        what = (event.event_id, event.type, event.schema, psycopg2.Binary(event.payload))
        answer = self._call("es_append_one", (stream, expected, *what, *_columns(context)))[0][0]
        return Appended(stream, answer[0], Place(answer[1], answer[2]))

    def append_all(self, writes: Sequence[Write], context: Context) -> list[Appended]:
        """Append to several streams, all or nothing, once in a transaction.

        A repeat with the same ids and content answers as the first time. Raises `WrongVersion`,
        `EventIdReused`, `CauseInFuture`, `SecondAppend`, `NotYourCategory`, `BadEvent`.
        """
        self._fetched.clear()
        events = [event for _, _, part in writes for event in part]
        if not events or any(not part for _, _, part in writes):
            raise BadEvent("an append needs at least one event for each stream")
        if len({stream for stream, _, _ in writes}) != len(writes):
            raise BadEvent("a stream stands twice in one append")
        done = self._call(
            "es_append",
            (
                _array(stream for stream, _, _ in writes),
                _array(str(expected) for _, expected, _ in writes),
                _array(str(len(part)) for _, _, part in writes),
                _array(str(event.event_id) for event in events),
                _array(event.type for event in events),
                _array(str(event.schema) for event in events),
                _array(rf"\x{event.payload.hex()}" for event in events),
                *_columns(context),
            ),
        )
        return [Appended(row[0], row[1], Place(row[2], row[3])) for row in done]

    def read(self, stream: str, after: int = 0, limit: int = 100_000) -> list[Recorded]:
        """The stream's events behind version `after`, in order."""
        if stream in self._fetched:
            return self._fetched[stream][after : after + limit]
        return self._read(
            "WHERE stream = %s AND version > %s ORDER BY version LIMIT %s", (stream, after, limit)
        )

    def prefetch(self, streams: Sequence[str]) -> None:
        """Read these streams at once: `read` then answers from memory, until something is appended.

        For transactions that decide about very many streams. Another's append meanwhile is met by
        the expected versions.
        """
        self._fetched.update({stream: [] for stream in streams})
        found = self._read(
            "WHERE stream = ANY (%s::text[]) ORDER BY stream, version", (_array(streams),)
        )
        for event in found:
            self._fetched[event.stream].append(event)

    def read_last(self, stream: str) -> Recorded | None:
        """The stream's newest event, or None."""
        events = self._read("WHERE stream = %s ORDER BY version DESC LIMIT 1", (stream,))
        return events[0] if events else None

    def read_last_each(self, streams: Sequence[str]) -> dict[str, Recorded]:
        """The newest event of each of these streams that has begun."""
        # One look into the index for each stream, however long the streams are.
        found = rows(
            self._connection,
            "SELECT last.* FROM unnest(%s::text[]) AS wanted (name) CROSS JOIN LATERAL"  # noqa: S608
            f" (SELECT {COLUMNS} FROM es.event WHERE stream = wanted.name"
            " ORDER BY version DESC LIMIT 1) AS last",
            (_array(streams),),
        )
        return {event.stream: event for event in _recorded(found)}

    def read_ids(self, event_ids: Sequence[UUID]) -> list[Recorded]:
        """Those of these events that are in the store, in its order."""
        return self._read(
            "WHERE event_id = ANY (%s::uuid[]) ORDER BY tx, position",
            (_array(str(each) for each in event_ids),),
        )

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
        """The place of the category's newest event below the horizon: where a reader gets to."""
        return self._last_place("category = %s AND tx < (SELECT es.horizon())", category)

    def newest(self, category: str) -> Place:
        """The place of the category's newest committed event, though readers may not get it yet.

        A reader behind it may miss something that has happened.
        """
        return self._last_place("category = %s", category)

    def epoch(self) -> str:
        """The store's epoch: changed by every restore, so that old positions are not believed."""
        return str(rows(self._connection, "SELECT epoch FROM es.meta")[0][0])

    def _last_place(self, where: str, category: str) -> Place:
        found = rows(
            self._connection,
            f"SELECT tx, position FROM es.event WHERE {where}"  # noqa: S608
            " ORDER BY tx DESC, position DESC LIMIT 1",
            (category,),
        )
        return Place(*found[0]) if found else Place(0, 0)

    def _read(self, where: str, arguments: tuple[Any, ...]) -> list[Recorded]:
        found = rows(self._connection, f"SELECT {COLUMNS} FROM es.event {where}", arguments)  # noqa: S608
        return _recorded(found)

    def _call(self, name: str, arguments: tuple[Any, ...]) -> list[Any]:
        prepared = self._connection.info.setdefault("prepared", set())
        if name not in prepared:
            types, statement = _PREPARED[name]
            execute(self._connection, f"PREPARE {name} ({types}) AS {statement}").close()
            prepared.add(name)
        try:
            places = ", ".join(["%s"] * len(arguments))
            return rows(self._connection, f"EXECUTE {name} ({places})", arguments)
        except psycopg2.Error as error:
            _refuse(error)


def _recorded(found: Iterable[Any]) -> list[Recorded]:
    return [Recorded._make((*row[:-1], bytes(row[-1]))) for row in found]


def _columns(context: Context) -> tuple[Any, ...]:
    return (
        context.agency,
        context.handler,
        context.behalf,
        context.occurred_at,
        context.trace,
        context.correlation,
        context.causation,
        context.after_tx,
    )


def _array(items: Iterable[str]) -> str:
    """A PostgreSQL array literal: one string is parsed faster than a list of literals."""
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"


def _refuse(error: psycopg2.Error) -> NoReturn:
    if error.pgcode == "ES001":
        stream, expected, actual = (error.diag.message_detail or "?|0|0").rsplit("|", 2)
        raise WrongVersion(stream, int(expected), int(actual)) from error
    kind = _REFUSALS.get(error.pgcode or "")
    if kind is None:
        raise error
    raise kind(str(error.diag.message_primary)) from error
