"""What the annotations of the packet types say, in the form reader and writer need."""

import typing
from dataclasses import MISSING, dataclass, fields
from types import NoneType, UnionType
from typing import Any

from libs.edxml.packets import Group

_known: dict[type[Group], "Schema"] = {}


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


@dataclass(frozen=True)
class Schema:
    """The annotated fields of a group, in their order."""

    slots: tuple[Slot, ...]

    @property
    def wrappers(self) -> tuple[str, ...]:
        """The names of its list elements."""
        return tuple(slot.wrapper for slot in self.slots if slot.wrapper)

    @property
    def may_be_empty(self) -> bool:
        return not any(slot.required for slot in self.slots)


def schema_of(cls: type[Group]) -> Schema:
    """Return the schema of `cls`, worked out once."""
    if cls not in _known:
        hints = typing.get_type_hints(cls, include_extras=True)
        slots = (
            _slot(each.name, hints[each.name], each.default)
            for each in fields(cls)
            if typing.get_origin(hints[each.name]) is typing.Annotated
        )
        _known[cls] = Schema(tuple(slots))
    return _known[cls]


def _slot(field: str, hint: Any, default: Any) -> Slot:
    kind, path = typing.get_args(hint)
    wrapper, _, name = path.rpartition("/")
    many = typing.get_origin(kind) is tuple
    if many:
        kind = typing.get_args(kind)[0]
    if isinstance(kind, UnionType):
        (kind,) = (each for each in kind.__args__ if each is not NoneType)
    return Slot(field, name, wrapper, kind, many, default is MISSING, default)
