"""What was decided at the desk: the events that every service writes about its own consumers.

Fields are named as in `proto/lienthong/desk/v1`, which says what each of them means.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ParkedEventReleased:
    """A parked event is tried again."""

    consumer: str
    event_id: UUID
    stream: str
    version: int
    event_type: str
    attempts: int


@dataclass(frozen=True)
class ParkedEventRefused:
    """A parked event is left out by its consumer."""

    consumer: str
    event_id: UUID
    stream: str
    version: int
    event_type: str
    attempts: int
    reason: str


EVENTS: dict[str, type] = {
    "ParkedEventReleased": ParkedEventReleased,
    "ParkedEventRefused": ParkedEventRefused,
}
