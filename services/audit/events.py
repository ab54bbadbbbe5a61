"""Who looked into the trail: the events of this service.

Fields are named as in `proto/lienthong/audit/v1`, which says what each of them means.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class TrailConsulted:
    """Somebody was shown a part of the trail (tra cứu dấu vết)."""

    consultation_id: UUID
    question: str
    door: str
    lines: int
    trace_id: UUID | None = None
    person_id: UUID | None = None
    handler_id: UUID | None = None
    agency: str | None = None
    status_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = None
    compared_with: datetime | None = None
    target: str | None = None


ASKED = (
    "trace_id",
    "person_id",
    "handler_id",
    "agency",
    "status_code",
    "since",
    "until",
    "as_of",
    "compared_with",
    "target",
)
"""The fields that say what was asked for; what was not named is None."""

EVENTS: dict[str, type] = {"TrailConsulted": TrailConsulted}
