"""Between event dataclasses and their stored form: canonical JSON with the contract's field names.

One generic mapping by field name; the dataclasses know nothing of it. Payloads are RFC 8785 JSON,
stored as bytes and never written again.
"""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import rfc8785

T = TypeVar("T")


class UnreadablePayload(ValueError):
    """A stored payload does not fit the type that its name promises."""


def encode(event: object) -> bytes:
    """Canonical JSON of a dataclass: UUID, date and instant as text, None left out."""
    return bytes(rfc8785.dumps(_plain(event)))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _plain(item) for name, item in pairs if item is not None}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, UUID | date):
        return str(value)
    if isinstance(value, bool | int | str):
        return value
    raise TypeError(f"an event cannot carry a {type(value).__name__}")


def instant_text(at: datetime) -> str:
    """RFC 3339 UTC with six digits, as in the store's entries."""
    if at.tzinfo is None:
        raise TypeError("an instant needs a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def decode(kind: type[T], payload: bytes) -> T:
    """The dataclass of `kind` from its stored payload; `UnreadablePayload` otherwise."""
    try:
        return _typed(kind, json.loads(payload))  # type: ignore[no-any-return]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadablePayload(f"payload is no {kind.__name__}: {type(error).__name__}") from error


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(hint: Any, value: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        inner = next(item for item in get_args(hint) if item is not type(None))
        return None if value is None else _typed(inner, value)
    if origin is tuple:
        return tuple(_typed(get_args(hint)[0], item) for item in value)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = _hints(hint)
        return hint(**{name: _typed(hints[name], item) for name, item in value.items()})
    return _scalar(hint, value)


def _scalar(hint: Any, value: Any) -> Any:
    if hint is UUID:
        return UUID(value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is date:
        return date.fromisoformat(value)
    if type(value) is not hint:
        raise TypeError(f"{hint} expected")
    return value
