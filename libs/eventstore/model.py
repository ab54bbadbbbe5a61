"""The store's vocabulary: what is appended, what comes back, what is refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

NO_STREAM = 0
ANY = -1


class Place(NamedTuple):
    """A place in the store's order: below the horizon nothing is ever added before it."""

    tx: int
    position: int


START = Place(0, 0)


@dataclass(frozen=True)
class NewEvent:
    """An event to append: chosen id, wire name, schema version, canonical payload."""

    event_id: UUID
    type: str
    schema: int
    payload: bytes


@dataclass(frozen=True)
class Context:
    """Who did it, for which agency, when, in which trace, and because of what.

    `handler`, `behalf` and `agency` are ids, never names. `after_tx` is the cause's tx: the effect
    is ordered after it.
    """

    agency: str
    handler: str
    occurred_at: datetime
    trace: UUID
    behalf: str | None = None
    correlation: UUID | None = None
    causation: UUID | None = None
    after_tx: int = 0


class Recorded(NamedTuple):
    """An event as the store keeps it. A tuple, for replays make millions of them."""

    tx: int
    position: int
    stream: str
    version: int
    category: str
    event_id: UUID
    type: str
    schema: int
    agency: str
    handler: str
    behalf: str | None
    occurred_at: datetime
    recorded_at: datetime
    trace: UUID
    correlation: UUID | None
    causation: UUID | None
    payload: bytes

    @property
    def place(self) -> Place:
        """Where it stands in the store's order."""
        return Place(self.tx, self.position)


@dataclass(frozen=True)
class Appended:
    """One stream's part of an append: its new version and its last event's place."""

    stream: str
    version: int
    place: Place


class StoreError(Exception):
    """The store refused; nothing was written."""


class WrongVersion(StoreError):
    """Someone was faster: the stream is not at the expected version."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"stream {stream} is at version {actual}, not {expected}")
        self.stream, self.expected, self.actual = stream, expected, actual


class EventIdReused(StoreError):
    """An event id is already known with other content."""


class CauseInFuture(StoreError):
    """`after_tx` names a transaction that the store has not begun."""


class SecondAppend(StoreError):
    """A transaction appends once: two appends that cross could deadlock or lie about order."""


class NotYourCategory(StoreError):
    """The role may not write this category."""


class BadEvent(StoreError):
    """A name, id or payload breaks the store's limits."""


class StoreUnreachable(StoreError):
    """The database went away, or cannot be entered now."""
