"""What lies at a service's desk: one list of all kinds, counted and grouped by cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from libs.db import Unit
from libs.desk.model import Kind, Letter

_OPEN = """
LEFT JOIN LATERAL (
    SELECT q.request_id FROM es.desk_request AS q
    WHERE q.state = 'asked' AND l.item = ANY (q.items) LIMIT 1
) AS asked ON true
"""
_WANTED = """
WHERE (CAST(:kind AS text) IS NULL OR l.kind = :kind)
    AND (CAST(:cause AS text) IS NULL OR split_part(l.cause, ':', 1) = :cause)
    AND (CAST(:items AS text[]) IS NULL OR l.item = ANY (CAST(:items AS text[])))
"""
_PAGE = """
SELECT l.item, l.kind, l.what, l.since, l.attempts, l.cause, l.behind, l.trace, asked.request_id
FROM letter AS l {open} {wanted} {more} ORDER BY l.since, l.item LIMIT :limit
"""
_AFTER = "AND (l.since, l.item) > (:since, :item)"
_NOT_ASKED = "AND asked.request_id IS NULL"
_GROUPS = """
SELECT l.kind, split_part(l.cause, ':', 1) AS cause, count(*) AS count, min(l.since) AS since,
    sum(l.behind) AS behind
FROM letter AS l {wanted} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


@dataclass(frozen=True)
class Wanted:
    """Which letters; what is None does not matter. `cause` is its beginning, before the colon."""

    kind: str | None = None
    cause: str | None = None
    items: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Group:
    """Letters of one kind with one cause: how many, since when, and what waits behind them."""

    kind: str
    cause: str
    count: int
    since: datetime
    behind: int


class Letters:
    """The dead letters of one service."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        parts = " UNION ALL ".join(f"({kind.letters()})" for kind in kinds)
        self._letters = f"WITH letter AS ({parts})"

    def page(
        self, unit: Unit, wanted: Wanted, after: tuple[datetime, str] | None, limit: int
    ) -> list[Letter]:
        """Those wanted, the oldest first, behind `after`."""
        behind = {} if after is None else {"since": after[0], "item": after[1]}
        return self._page(unit, wanted, _AFTER if behind else "", limit, behind)

    def free(self, unit: Unit, wanted: Wanted, limit: int) -> list[Letter]:
        """Those wanted about which nobody has asked yet."""
        return self._page(unit, wanted, _NOT_ASKED, limit, {})

    def groups(self, unit: Unit, wanted: Wanted) -> list[Group]:
        """Those wanted by kind and cause, the most frequent first."""
        query = f"{self._letters} {_GROUPS.format(wanted=_WANTED)}"
        rows = unit.connection.execute(text(query), _values(wanted))
        return [Group(**{**row, "behind": int(row["behind"])}) for row in rows.mappings()]

    def _page(
        self, unit: Unit, wanted: Wanted, more: str, limit: int, values: dict[str, Any]
    ) -> list[Letter]:
        query = f"{self._letters} {_PAGE.format(open=_OPEN, wanted=_WANTED, more=more)}"
        rows = unit.connection.execute(text(query), {**_values(wanted), **values, "limit": limit})
        return [Letter(**row) for row in rows.mappings()]


def _values(wanted: Wanted) -> dict[str, Any]:
    items = None if wanted.items is None else list(wanted.items)
    return {"kind": wanted.kind, "cause": wanted.cause, "items": items}
