"""The contract's messages: how a service reads the events of another, or of its own past."""

import importlib
from functools import cache
from typing import Any

from google.protobuf import json_format

from libs.contracts.topology import topology
from libs.contracts.upcasters import Stored, UnknownEvent, payload_today


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
    """The event as the contract's message of today, strictly: no unknown field, no wrong type.

    Older versions come raised. Raises `UnknownEvent`.
    """
    payload = payload_today(event)
    try:
        return json_format.Parse(payload, message_classes()[event.type]())
    except json_format.ParseError as error:
        raise UnknownEvent(f"{event.type} does not fit its contract") from error
