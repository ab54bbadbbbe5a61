"""Raising stored events of older versions to the version written today: the one list of upcasters.

A stored event is never written again. When a type gets a new version, its upcaster from the last
one is entered here, and every reader sees the new shape alone.
"""

import json
from collections.abc import Callable
from functools import reduce
from typing import Any, Protocol

import rfc8785

from libs.contracts.topology import topology

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

# (type, version) to the function that makes version + 1 of it. It is pure: it leaves its argument
# as it is, asks for no time and no id, and never refuses.
UPCASTERS: dict[tuple[str, int], Upcaster] = {}


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


def payload_today(event: Stored) -> bytes:
    """The payload as the version written today would have it, raised step by step.

    Raises `UnknownEvent` for a strange type, a version newer than today's, one from which no chain
    of upcasters leads here, and an old payload that its upcaster cannot read.
    """
    try:
        chain = _chain(event.type, event.schema)
    except LookupError as error:
        raise UnknownEvent(f"{event.type} version {event.schema} is not in the contract") from error
    if not chain:
        return event.payload
    try:
        raised = reduce(lambda content, step: step(content), chain, json.loads(event.payload))
        return bytes(rfc8785.dumps(raised))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise UnknownEvent(
            f"{event.type} version {event.schema} does not fit its upcasters"
        ) from error


def _chain(event_type: str, version: int) -> list[Upcaster]:
    """The steps from a version to today's; LookupError when there is no such way."""
    today = topology().schema_of(event_type)
    if version > today:
        raise LookupError(version)
    return [UPCASTERS[event_type, each] for each in range(version, today)]
