"""A service's own events in the store: dataclasses in, dataclasses out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from libs.contracts.codec import decode, encode
from libs.contracts.topology import topology
from libs.contracts.upcasters import payload_today
from libs.eventstore import Appended, Context, EventStore, NewEvent, Recorded


class Journal:
    """Reads and appends the events of one service. `events` maps wire names to dataclasses."""

    def __init__(self, events: Mapping[str, type]) -> None:
        self._types = dict(events)
        self._names = {kind: name for name, kind in events.items()}

    def event(self, recorded: Recorded) -> Any:
        """The dataclass of a stored event of ours; older versions come raised to today's.

        Raises `UnknownEvent` and `UnreadablePayload`.
        """
        payload = payload_today(recorded)
        return decode(self._types[recorded.type], payload)

    def load(self, store: EventStore, stream: str) -> tuple[list[Any], int]:
        """The stream's events, and its version (0 when there is none)."""
        recorded = store.read(stream)
        return [self.event(item) for item in recorded], len(recorded)

    def append(
        self,
        store: EventStore,
        stream: str,
        expected: int,
        events: Sequence[object],
        context: Context,
        seed: UUID,
    ) -> Appended:
        """Append to one stream; see `append_all`."""
        return self.append_all(store, [(stream, expected, events)], context, seed)[0]

    def append_all(
        self,
        store: EventStore,
        writes: Sequence[tuple[str, int, Sequence[object]]],
        context: Context,
        seed: UUID,
    ) -> list[Appended]:
        """Append to several streams at once. `seed` (a command's or cause's id) makes the ids.

        The same seed for the same stream gives the same ids, so a repeat is recognised.
        """
        return store.append_all(
            [
                (stream, expected, [self._new(seed, stream, n, e) for n, e in enumerate(events)])
                for stream, expected, events in writes
            ],
            context,
        )

    def _new(self, seed: UUID, stream: str, number: int, event: object) -> NewEvent:
        name = self._names[type(event)]
        return NewEvent(
            event_id=event_id(seed, stream, number),
            type=name,
            schema=topology().schema_of(name),
            payload=encode(event),
        )


def event_id(seed: UUID, stream: str, number: int) -> UUID:
    """The id of the event that is `number` (from 0) of those that `seed` appends to `stream`."""
    return uuid5(seed, f"{stream}/{number}")


def caused_by(cause: Recorded, *, agency: str, handler: str, now: datetime) -> Context:
    """The context of an effect: the cause's trace, ordered after it."""
    return Context(
        agency=agency,
        handler=handler,
        occurred_at=now,
        trace=cause.trace,
        correlation=cause.correlation,
        causation=cause.event_id,
        after_tx=cause.tx,
    )


def continuing(cause: Recorded, *, now: datetime) -> Context:
    """The context of an effect that completes what somebody ordered: still his step, later."""
    context = caused_by(cause, agency=cause.agency, handler=cause.handler, now=now)
    return replace(context, behalf=cause.behalf)
