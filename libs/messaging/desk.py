"""The desk: what people decide about events that a consumer could not apply and parked.

Released, the event is tried again; refused, this consumer leaves it out. Both ways the rest of its
stream follows in order. A decision locks the consumer's position first, so it excludes messages,
sweeps and retries. `settle` changes the rows, for `libs.desk` to append what two people decided;
`carry_out` does both, for an operator who decides alone.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from libs.contracts.journal import Journal, caused_by, event_id
from libs.db import Unit
from libs.eventstore import ANY, EventIdReused, Recorded
from libs.messaging.desk_events import EVENTS, ParkedEventRefused, ParkedEventReleased
from libs.messaging.parked import (
    ConsumerUnknown,
    Decided,
    DeskRefusal,
    Held,
    Order,
    Refuse,
    Release,
    decide,
)
from libs.messaging.positions import NotSubscribed, Positions

JOURNAL = Journal(EVENTS)


_HELD = """
SELECT r.consumer, r.stream, r.version, r.attempts, r.parked, r.due_at, r.cause,
    (SELECT count(*) FROM es.retry AS b WHERE b.consumer = r.consumer AND b.stream = r.stream
        AND b.version > r.version) AS behind,
    e.event_id, e.type AS event_type, e.recorded_at, e.trace, e.tx
FROM es.retry AS r LEFT JOIN es.event AS e ON e.stream = r.stream AND e.version = r.version
WHERE NOT EXISTS (SELECT 1 FROM es.retry AS b WHERE b.consumer = r.consumer
                  AND b.stream = r.stream AND b.version < r.version)
"""
_THESE = (
    "unnest(CAST(:consumers AS text[]), CAST(:streams AS text[]), CAST(:versions AS bigint[]))"
    " AS d (consumer, stream, version)"
)
_SAME = "r.consumer = d.consumer AND r.stream = d.stream AND r.version = d.version"
_AGAIN = "parked = false, attempts = 0, due_at = clock_timestamp()"
_CHANGES = {
    Release: f"UPDATE es.retry AS r SET {_AGAIN} FROM {_THESE} WHERE {_SAME}",  # noqa: S608
    Refuse: f"DELETE FROM es.retry AS r USING {_THESE} WHERE {_SAME}",  # noqa: S608
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


def settle(unit: Unit, orders: Sequence[Order]) -> list[tuple[Order, Held, Decided] | DeskRefusal]:
    """Release or refuse what the orders name, each on its own; appends nothing.

    For each order what it settled and how, or why it could not; of a consumer's stream at most one
    order. Positions are locked in one order by everybody.
    """
    unknown = _lock(unit, orders)
    heads = {(each.consumer, each.stream): each for each in _heads(unit, orders)}
    settled: list[tuple[Order, Held, Decided] | DeskRefusal] = []
    for order in orders:
        if refusal := unknown.get(_place(order)):
            settled.append(refusal)
            continue
        held = heads.get((order.consumer, order.stream))
        try:
            decided = decide(held, order)
        except DeskRefusal as error:
            settled.append(error)
            continue
        assert held is not None
        settled.append((order, held, decided))
    for kind, change in _CHANGES.items():
        done = [each[1] for each in settled if isinstance(each, tuple) and type(each[0]) is kind]
        if done:
            unit.connection.execute(
                text(change),
                {
                    "consumers": [each.consumer for each in done],
                    "streams": [each.stream for each in done],
                    "versions": [each.version for each in done],
                },
            )
    return settled


def _lock(unit: Unit, orders: Sequence[Order]) -> dict[tuple[str, str], ConsumerUnknown]:
    """Lock the positions of the orders; which of them nobody has."""
    unknown: dict[tuple[str, str], ConsumerUnknown] = {}
    for consumer, category in sorted({_place(order) for order in orders}):
        try:
            Positions(unit.connection, consumer).lock(category)
        except NotSubscribed:
            refusal = ConsumerUnknown(f"{consumer} does not follow {category}")
            unknown[consumer, category] = refusal
    return unknown


def _place(order: Order) -> tuple[str, str]:
    return order.consumer, order.stream.partition("-")[0]


def _heads(unit: Unit, orders: Sequence[Order]) -> list[Held]:
    these = "unnest(CAST(:consumers AS text[]), CAST(:streams AS text[]))"
    rows = unit.connection.execute(
        text(f"{_HELD} AND (r.consumer, r.stream) IN (SELECT * FROM {these})"),  # noqa: S608
        {
            "consumers": [order.consumer for order in orders],
            "streams": [order.stream for order in orders],
        },
    )
    return [Held(**row) for row in rows.mappings()]


def carry_out(unit: Unit, order: Order, by: str, decision_id: UUID) -> Decided:
    """Release or refuse as one who decides alone, and append it. Raises `DeskRefusal`.

    `by` is the handler who decided (`person:<id>/<position>`, `machine:<client>`). The same
    `decision_id` again changes nothing and answers as the first time.
    """
    if unknown := _lock(unit, [order]):
        raise next(iter(unknown.values()))
    if decided := _decided_before(unit, order, decision_id):
        return decided
    (settled,) = settle(unit, [order])
    if isinstance(settled, DeskRefusal):
        raise settled
    event = settled[2]
    cause = unit.store.read(event.stream, event.version - 1, 1)[0]
    context = caused_by(cause, agency=cause.agency, handler=by, now=unit.now)
    JOURNAL.append(unit.store, desk_of(order.consumer), ANY, [event], context, decision_id)
    return event


def _decided_before(unit: Unit, order: Order, decision_id: UUID) -> Decided | None:
    """The event that this decision has appended already, if it has."""
    desk = desk_of(order.consumer)
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


def desk_of(consumer: str) -> str:
    """The stream of what was decided about a consumer's parked events."""
    return f"desk-{consumer}"
