"""The desk: what people decide about events that a consumer could not apply and parked.

Released, the event is tried again; refused, this consumer leaves it out. Both ways the rest of its
stream follows in order. A decision locks the consumer's position first, so it excludes messages,
sweeps and retries; it changes the rows and appends its event to `desk-<consumer>` in the caller's
transaction, which appends nothing else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from libs.contracts.journal import Journal, caused_by, event_id
from libs.db import Unit
from libs.eventstore import ANY, EventIdReused, Recorded
from libs.messaging.desk_events import EVENTS, ParkedEventRefused, ParkedEventReleased
from libs.messaging.positions import NotSubscribed, Positions

JOURNAL = Journal(EVENTS)


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


_HELD = """
SELECT r.consumer, r.stream, r.version, r.attempts, r.parked, r.due_at, r.cause,
    (SELECT count(*) FROM es.retry AS b WHERE b.consumer = r.consumer AND b.stream = r.stream
        AND b.version > r.version) AS behind,
    e.event_id, e.type AS event_type, e.recorded_at
FROM es.retry AS r LEFT JOIN es.event AS e ON e.stream = r.stream AND e.version = r.version
WHERE NOT EXISTS (SELECT 1 FROM es.retry AS b WHERE b.consumer = r.consumer
                  AND b.stream = r.stream AND b.version < r.version)
"""
_CHANGES = {
    Release: "UPDATE es.retry SET parked = false, attempts = 0, due_at = clock_timestamp()"
    " WHERE consumer = :consumer AND stream = :stream AND version = :version",
    Refuse: "DELETE FROM es.retry"
    " WHERE consumer = :consumer AND stream = :stream AND version = :version",
}
_EVENT_OF = {Release: ParkedEventReleased, Refuse: ParkedEventRefused}


def list_parked(unit: Unit, *, waiting: bool = False) -> list[Held]:
    """The heads of all streams that stand still for the role's consumers, oldest event first.

    Parked ones alone, or with `waiting` also those that are still tried again by themselves.
    """
    chosen = _HELD + ("" if waiting else " AND r.parked")
    rows = unit.connection.execute(text(f"{chosen} ORDER BY e.tx, e.position, r.consumer"))
    return [Held(**row) for row in rows.mappings()]


def head(unit: Unit, consumer: str, stream: str) -> Held | None:
    """The event in front of one stream, parked or not; None when it does not stand still."""
    row = unit.connection.execute(
        text(f"{_HELD} AND r.consumer = :consumer AND r.stream = :stream"),
        {"consumer": consumer, "stream": stream},
    )
    found = row.mappings().first()
    return Held(**found) if found else None


def held_events(unit: Unit, consumer: str, stream: str) -> list[Recorded]:
    """The events of a stream that stands still, in order: the head, and what waits behind it."""
    found = unit.connection.execute(
        text("SELECT version FROM es.retry WHERE consumer = :consumer AND stream = :stream"),
        {"consumer": consumer, "stream": stream},
    )
    versions = set(found.scalars())
    if not versions:
        return []
    return [e for e in unit.store.read(stream, min(versions) - 1) if e.version in versions]


def carry_out(unit: Unit, order: Order, by: str, decision_id: UUID) -> Decided:
    """Release or refuse, and append what was decided. Raises `DeskRefusal`.

    `by` is the handler who decided (`person:<id>/<position>`, `machine:<client>`). The same
    `decision_id` again changes nothing and answers as the first time.
    """
    try:
        Positions(unit.connection, order.consumer).lock(order.stream.partition("-")[0])
    except NotSubscribed as error:
        raise ConsumerUnknown(f"{order.consumer} does not follow {order.stream}") from error
    if decided := _decided_before(unit, order, decision_id):
        return decided
    event = decide(head(unit, order.consumer, order.stream), order)
    cause = unit.store.read(event.stream, event.version - 1, 1)[0]
    context = caused_by(cause, agency=cause.agency, handler=by, now=unit.now)
    JOURNAL.append(unit.store, _desk_of(order), ANY, [event], context, decision_id)
    place = {"consumer": event.consumer, "stream": event.stream, "version": event.version}
    unit.connection.execute(text(_CHANGES[type(order)]), place)
    return event


def _decided_before(unit: Unit, order: Order, decision_id: UUID) -> Decided | None:
    """The event that this decision has appended already, if it has."""
    desk = _desk_of(order)
    version = unit.connection.execute(
        text("SELECT version FROM es.event WHERE event_id = :id"),
        {"id": event_id(decision_id, desk, 0)},
    ).scalar()
    if version is None:
        return None
    decided: Decided = JOURNAL.event(unit.store.read(desk, version - 1, 1)[0])
    if (type(decided), decided.stream) != (_EVENT_OF[type(order)], order.stream):
        raise EventIdReused(f"decision {decision_id} was another one")
    return decided


def _desk_of(order: Order) -> str:
    return f"desk-{order.consumer}"
