"""A delivery: a stored event on its way, with the places that let a consumer check the order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.eventstore.model import START, Place, Recorded


class UnreadableDelivery(ValueError):
    """A message without the headers that the relay writes."""


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

    def headers(self) -> dict[str, Any]:
        """The message's headers; the body is the payload as stored."""
        event = self.event
        headers: dict[str, Any] = {
            "epoch": self.epoch,
            "tx": event.tx,
            "position": event.position,
            "predecessor_tx": self.predecessor.tx,
            "predecessor_position": self.predecessor.position,
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
                headers[name] = str(value)
        if self.cause:
            headers["cause_category"] = self.cause.category
            headers["cause_tx"], headers["cause_position"] = self.cause.place
        return headers


def read_delivery(
    message_id: str, event_type: str, headers: Mapping[str, Any], body: bytes
) -> Delivery:
    """The delivery in a message; `UnreadableDelivery` when it is not the relay's."""
    try:
        return _read(message_id, event_type, headers, body)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableDelivery(f"message {message_id!r} has no {error}") from error


def _read(message_id: str, event_type: str, headers: Mapping[str, Any], body: bytes) -> Delivery:
    def uuid(name: str) -> UUID | None:
        return UUID(headers[name]) if name in headers else None

    event = Recorded(
        tx=int(headers["tx"]),
        position=int(headers["position"]),
        stream=headers["stream"],
        version=int(headers["version"]),
        category=headers["category"],
        event_id=UUID(message_id),
        type=event_type,
        schema=int(headers["schema"]),
        agency=headers["agency"],
        handler=headers["handler"],
        behalf=headers.get("behalf"),
        occurred_at=datetime.fromisoformat(headers["occurred_at"]),
        recorded_at=datetime.fromisoformat(headers["recorded_at"]),
        trace=UUID(headers["trace"]),
        correlation=uuid("correlation"),
        causation=uuid("causation"),
        payload=bytes(body),
    )
    cause = None
    if "cause_category" in headers:
        place = Place(int(headers["cause_tx"]), int(headers["cause_position"]))
        cause = Cause(headers["cause_category"], place)
    predecessor = Place(int(headers["predecessor_tx"]), int(headers["predecessor_position"]))
    return Delivery(headers["epoch"], event, predecessor, cause)
