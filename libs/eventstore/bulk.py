"""Reading very many events: replays, rebuilds, verification. For processes without eventlet."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import psycopg

from libs.eventstore.model import START, Place, Recorded
from libs.eventstore.store import COLUMNS

# A page is one statement, with its own horizon; a chunk is decoded while the server makes the
# next. Small chunks keep few objects alive, and the garbage collector out of the way.
PAGE = 10_000
CHUNK = 200


class BulkReader:
    """A connection of its own that streams events in order. See docs/adr/0007 for its figures."""

    def __init__(self, url: str) -> None:
        """Enter the database at `url` as its role, which must have been granted what is read."""
        scheme, rest = url.split("://", 1)
        self._connection = psycopg.connect(
            f"{scheme.partition('+')[0]}://{rest}",
            autocommit=True,
            options="-c timezone=UTC",
            connect_timeout=5,
        )

    def category(self, category: str, after: Place = START) -> Iterator[Recorded]:
        """The category's events behind `after` and below the horizon, in order, none missing.

        Ends where the horizon stood at the last page. No transaction is open between pages, and
        the one of a page writes nothing, so a slow reader holds nobody's horizon.
        """
        return self._pages("category = %s AND ", (category,), after)

    def everything(self, after: Place = START) -> Iterator[Recorded]:
        """All events that the role may read, otherwise as `category`."""
        return self._pages("", (), after)

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

    def _pages(self, where: str, values: tuple[Any, ...], after: Place) -> Iterator[Recorded]:
        statement = (
            f"SELECT {COLUMNS} FROM es.event WHERE {where}(tx, position) > (%s, %s)"  # noqa: S608
            " AND tx < (SELECT es.horizon()) ORDER BY tx, position LIMIT %s"
        )
        cursor = self._connection.cursor(binary=True, row_factory=_recorded)
        full = True
        while full:
            count = 0
            arguments = (*values, *after, PAGE)
            for event in cursor.stream(statement, arguments, binary=True, size=CHUNK):
                count += 1
                yield event
            full = count == PAGE
            after = event.place if full else after


def _recorded(_cursor: Any) -> Callable[[Any], Recorded]:
    return Recorded._make
