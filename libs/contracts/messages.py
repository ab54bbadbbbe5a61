"""The contract's messages: how a service reads the events of another, or of its own past."""

import importlib
from functools import cache
from typing import Any, Protocol

from google.protobuf import json_format

from libs.contracts.topology import topology


class UnknownEvent(ValueError):
    """A type, version or payload that the contract does not know: never applied silently."""


class Stored(Protocol):
    """What a stored event shows of its kind."""

    @property
    def type(self) -> str: ...
    @property
    def schema(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


@cache
def message_classes() -> dict[str, Any]:
    """The generated class of every event type in the topology."""
    classes: dict[str, Any] = {}
    for category in topology().categories.values():
        module = importlib.import_module(
            f"libs.contracts.generated.lienthong.{category.owner}.v1.events_pb2"
        )
        classes.update({name: getattr(module, name) for name in category.events})
    return classes


def known(event_type: str) -> bool:
    """Whether the contract knows this type."""
    return event_type in message_classes()


def message(event: Stored) -> Any:
    """The event's payload as the contract's message, strictly: no unknown field, no wrong type."""
    kind = message_classes().get(event.type)
    if kind is None or event.schema != topology().schema_of(event.type):
        raise UnknownEvent(f"{event.type} version {event.schema} is not in the contract")
    try:
        return json_format.Parse(event.payload, kind())
    except json_format.ParseError as error:
        raise UnknownEvent(f"{event.type} does not fit its contract") from error
