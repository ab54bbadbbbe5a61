"""What the annotations of the packet types say, in the form reader and writer need."""

import typing
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any

from libs.edxml.packets import Group


@dataclass(frozen=True)
class Slot:
    """One field of a group: its wire name, the list element around it, and what it holds."""

    field: str
    name: str
    wrapper: str
    kind: type[Any]
    many: bool
    required: bool
    default: Any

    @property
    def is_group(self) -> bool:
        return issubclass(self.kind, Group)


@cache
def slots_of(cls: type[Group]) -> tuple[Slot, ...]:
    """Return the annotated fields of `cls` in their order."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple(
        _slot(each.name, hints[each.name], each.default)
        for each in fields(cls)
        if typing.get_origin(hints[each.name]) is typing.Annotated
    )


@cache
def wrappers_of(cls: type[Group]) -> frozenset[str]:
    """Return the names of the list elements of `cls`."""
    return frozenset(slot.wrapper for slot in slots_of(cls) if slot.wrapper)


@cache
def needs_something(cls: type[Group]) -> bool:
    """Tell whether `cls` cannot be empty."""
    return any(slot.required for slot in slots_of(cls))


def _slot(field: str, hint: Any, default: Any) -> Slot:
    kind, path = typing.get_args(hint)
    wrapper, _, name = path.rpartition("/")
    many = typing.get_origin(kind) is tuple
    if many:
        kind = typing.get_args(kind)[0]
    if isinstance(kind, UnionType):
        (kind,) = (each for each in kind.__args__ if each is not NoneType)
    if kind not in (str, date, datetime) and not issubclass(kind, Group):
        raise TypeError(f"{field} has no wire form")
    return Slot(field, name, wrapper, kind, many, default is MISSING, default)
