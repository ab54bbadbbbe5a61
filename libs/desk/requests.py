"""The list of requests at a service's desk."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from libs.db import Unit

Row = dict[str, Any]
_LIST = """
SELECT request_id, action, items, reason, asked_by, asked_at, state, decided_by, decided_at, answer,
    done, passed_over
FROM es.desk_request WHERE service = :service
"""


def requests(
    unit: Unit,
    service: str,
    state: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """A service's requests in one state, or all; newest first, behind `after`."""
    values: Row = {"service": service, "state": state, "limit": limit}
    more = "AND (CAST(:state AS text) IS NULL OR state = :state)"
    if after is not None:
        more += " AND (asked_at, request_id) < (:at, :id)"
        values |= {"at": after[0], "id": after[1]}
    query = f"{_LIST} {more} ORDER BY asked_at DESC, request_id DESC LIMIT :limit"
    return [dict(row) for row in unit.connection.execute(text(query), values).mappings()]


def one_request(unit: Unit, service: str, request_id: UUID) -> Row | None:
    """One request of the service."""
    values = {"service": service, "id": request_id}
    rows = unit.connection.execute(text(f"{_LIST} AND request_id = :id"), values)
    row = rows.mappings().first()
    return dict(row) if row else None
