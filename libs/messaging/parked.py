"""A parked event in front of its stream, and what may be decided about it: pure rules."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.messaging.desk_events import ParkedEventRefused, ParkedEventReleased


class DeskRefusal(Exception):
    """Nothing was changed; `code` says why to programs, the text to people."""

    code = "desk_refused"


class ConsumerUnknown(DeskRefusal):
    """No such consumer follows the stream's category, or this role may not see it."""

    code = "consumer_unknown"


class NothingParked(DeskRefusal):
    """The consumer has no parked event in front of the stream: released, or never parked."""

    code = "nothing_parked"


class NotTheHead(DeskRefusal):
    """Another event stands in front of the stream than the one that was decided about."""

    code = "not_the_head"


class EventUnreadable(DeskRefusal):
    """The service may not read the event any more: its consumer no longer follows the category."""

    code = "event_unreadable"


@dataclass(frozen=True)
class Held:
    """The event in front of a stream that stands still for a consumer.

    `due_at` is the next try of one that is not parked; `cause` is what `describe` of the applier
    kept of the last failure; `behind` counts the later events that wait for this one. What the role
    may not read of the event itself is None.
    """

    consumer: str
    stream: str
    version: int
    attempts: int
    parked: bool
    due_at: datetime
    cause: str
    behind: int
    event_id: UUID | None
    event_type: str | None
    recorded_at: datetime | None
    trace: UUID | None = None
    tx: int | None = None


@dataclass(frozen=True)
class Release:
    """Try the parked event again. `version` is the one seen, if another must not be meant."""

    consumer: str
    stream: str
    version: int | None = None


@dataclass(frozen=True)
class Refuse:
    """Leave the parked event out. `reason` is the digest of the reason's blob."""

    consumer: str
    stream: str
    reason: str
    version: int | None = None


Order = Release | Refuse
Decided = ParkedEventReleased | ParkedEventRefused


def decide(held: Held | None, order: Order) -> Decided:
    """What happens to the event in front; raises a `DeskRefusal` otherwise."""
    if held is None or not held.parked:
        raise NothingParked(f"{order.consumer} has nothing parked in {order.stream}")
    if order.version not in (None, held.version):
        raise NotTheHead(f"version {held.version} stands in front, not {order.version}")
    if held.event_id is None or held.event_type is None:
        raise EventUnreadable(f"{order.consumer} no longer follows the category of {order.stream}")
    facts: dict[str, Any] = {
        "consumer": held.consumer,
        "event_id": held.event_id,
        "stream": held.stream,
        "version": held.version,
        "event_type": held.event_type,
        "attempts": held.attempts,
    }
    if isinstance(order, Refuse):
        return ParkedEventRefused(**facts, reason=order.reason)
    return ParkedEventReleased(**facts)
