"""Reading very many events: replays, rebuilds, sealing, verification. Without eventlet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, LiteralString, Protocol, Self, TypeVar

import psycopg

from libs.eventstore.entries import ROW_COLUMNS, Row
from libs.eventstore.model import START, Place, Recorded, StoreUnreachable
from libs.eventstore.store import COLUMNS

# A page is one statement, with its own horizon; a chunk is decoded while the server makes the
# next. Small chunks keep few objects alive, and the garbage collector out of the way.
PAGE = 10_000
CHUNK = 200

# The leaf of the stream's event before: where rows were altered by hand it can be missing. LIMIT
# keeps it one look into the index for each row: joined, the whole table is hashed for each page.
TO_SEAL = f"""
SELECT {ROW_COLUMNS}, leaf_before FROM (
    SELECT * FROM es.event
    WHERE (tx, position) > (%s, %s) AND tx < (SELECT es.horizon())
    ORDER BY tx, position LIMIT %s
) AS e LEFT JOIN LATERAL (
    SELECT p.leaf AS leaf_before FROM es.event AS p
    WHERE p.stream = e.stream AND p.version = e.version - 1 LIMIT 1
) AS before ON true ORDER BY tx, position
"""  # noqa: S608
_ONE = f"SELECT {ROW_COLUMNS} FROM es.event WHERE event_id = %s"  # noqa: S608


class _Placed(Protocol):
    @property
    def place(self) -> Place: ...


T = TypeVar("T", bound=_Placed)


class BulkReader:
    """A connection of its own that streams events in order. See docs/adr/0007 for its figures."""

    def __init__(self, url: str) -> None:
        """Enter the database at `url` as its role, which must have been granted what is read.

        This and all that reads raises `StoreUnreachable` when the database goes away.
        """
        scheme, rest = url.split("://", 1)
        with _reaching():
            self._connection = psycopg.connect(
                f"{scheme.partition('+')[0]}://{rest}",
                autocommit=True,
                options="-c timezone=UTC -c datestyle=ISO",
                connect_timeout=5,
            )

    def category(self, category: str, after: Place = START) -> Iterator[Recorded]:
        """The category's events behind `after` and below the horizon, in order, none missing.

        Ends where the horizon stood at the last page. No transaction is open between pages, and
        the one of a page writes nothing, so a slow reader holds nobody's horizon.
        """
        return self._pages(COLUMNS, _recorded, "category = %s AND ", (category,), after)

    def everything(self, after: Place = START) -> Iterator[Recorded]:
        """All events that the role may read, otherwise as `category`."""
        return self._pages(COLUMNS, _recorded, "", (), after)

    def rows(self, after: Place = START, until: Place | None = None) -> Iterator[Row]:
        """All rows as their entries are made from them, up to and with the place `until`."""
        if until is None:
            return self._pages(ROW_COLUMNS, _row, "", (), after)
        return self._pages(ROW_COLUMNS, _row, "(tx, position) <= (%s, %s) AND ", until, after)

    def to_seal(self, after: Place, limit: int) -> Iterator[tuple[Row, bytes | None]]:
        """The next rows behind `after` and below the horizon, each with its stream's leaf before.

        None where the stream has no event of the version before.
        """
        cursor = self._connection.cursor(binary=True)
        arguments = (*after, limit)
        with _reaching():
            for row in cursor.stream(TO_SEAL, arguments, binary=True, size=CHUNK):
                yield Row._make(row[:-1]), row[-1]

    def row(self, event_id: str) -> Row | None:
        """The row of an event. Not while this reader streams others."""
        rows = self.ask(_ONE, event_id)
        return Row._make(rows[0]) if rows else None

    def leaf(self, stream: str, version: int) -> bytes | None:
        """The leaf of a stream's version. Not while this reader streams others."""
        statement = "SELECT leaf FROM es.event WHERE stream = %s AND version = %s"
        rows = self.ask(statement, stream, version)
        return rows[0][0] if rows else None

    def ask(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement that reads."""
        with _reaching():
            return self._connection.execute(statement, values, binary=True).fetchall()

    def close(self) -> None:
        """Close the connection, in the midst of a page too."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _pages(
        self,
        columns: str,
        make: Callable[[Any], Callable[[Any], T]],
        where: str,
        values: tuple[Any, ...],
        after: Place,
    ) -> Iterator[T]:
        statement = (
            f"SELECT {columns} FROM es.event WHERE {where}(tx, position) > (%s, %s)"  # noqa: S608
            " AND tx < (SELECT es.horizon()) ORDER BY tx, position LIMIT %s"
        )
        cursor = self._connection.cursor(binary=True, row_factory=make)
        full = True
        while full:
            count = 0
            arguments = (*values, *after, PAGE)
            with _reaching():
                for event in cursor.stream(statement, arguments, binary=True, size=CHUNK):
                    count += 1
                    yield event
            full = count == PAGE
            after = event.place if full else after


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise StoreUnreachable(type(error).__name__) from error


def _recorded(_cursor: Any) -> Callable[[Any], Recorded]:
    return Recorded._make


def _row(_cursor: Any) -> Callable[[Any], Row]:
    return Row._make
