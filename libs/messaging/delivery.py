"""A delivery: a stored event on its way, with the places that let a consumer check the order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.eventstore.model import START, Place, Recorded

HEADER = "event"
_as_json = json.JSONEncoder(separators=(",", ":")).encode


class UnreadableDelivery(ValueError):
    """A message without the header that the relay writes."""


@dataclass(frozen=True)
class Cause:
    """Where the event stands that brought this one about."""

    category: str
    place: Place


@dataclass(frozen=True)
class Delivery:
    """An event, the event before it in its category, and its cause if the store has it."""

    epoch: str
    event: Recorded
    predecessor: Place = START
    cause: Cause | None = None

    def headers(self) -> dict[str, str]:
        """The message's one header, as JSON; the body is the payload as stored.

        One text, for every AMQP header is encoded and decoded apart, in Python on both sides.
        """
        event = self.event
        facts: dict[str, Any] = {
            "epoch": self.epoch,
            "place": event.place,
            "predecessor": self.predecessor,
            "stream": event.stream,
            "version": event.version,
            "category": event.category,
            "schema": event.schema,
            "agency": event.agency,
            "handler": event.handler,
            "occurred_at": event.occurred_at.isoformat(),
            "recorded_at": event.recorded_at.isoformat(),
            "trace": str(event.trace),
        }
        for name in ("behalf", "correlation", "causation"):
            if (value := getattr(event, name)) is not None:
                facts[name] = str(value)
        if self.cause:
            facts["cause"] = {"category": self.cause.category, "place": self.cause.place}
        return {HEADER: _as_json(facts)}


def read_delivery(
    message_id: str, event_type: str, headers: Mapping[str, Any], body: bytes
) -> Delivery:
    """The delivery in a message; `UnreadableDelivery` when it is not the relay's."""
    try:
        return _read(message_id, event_type, json.loads(headers[HEADER]), body)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableDelivery(f"message {message_id!r} has no {error}") from error


def _read(message_id: str, event_type: str, facts: Mapping[str, Any], body: bytes) -> Delivery:
    def uuid(name: str) -> UUID | None:
        return UUID(facts[name]) if name in facts else None

    tx, position = _place(facts["place"])
    event = Recorded(
        tx=tx,
        position=position,
        stream=facts["stream"],
        version=int(facts["version"]),
        category=facts["category"],
        event_id=UUID(message_id),
        type=event_type,
        schema=int(facts["schema"]),
        agency=facts["agency"],
        handler=facts["handler"],
        behalf=facts.get("behalf"),
        occurred_at=datetime.fromisoformat(facts["occurred_at"]),
        recorded_at=datetime.fromisoformat(facts["recorded_at"]),
        trace=UUID(facts["trace"]),
        correlation=uuid("correlation"),
        causation=uuid("causation"),
        payload=bytes(body),
    )
    cause = None
    if "cause" in facts:
        cause = Cause(facts["cause"]["category"], _place(facts["cause"]["place"]))
    return Delivery(facts["epoch"], event, _place(facts["predecessor"]), cause)


def _place(pair: Any) -> Place:
    tx, position = pair
    return Place(int(tx), int(position))
