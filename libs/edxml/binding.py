"""From elements to the groups of a packet, by their schema."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any, TypeVar

from libs.edxml.element import Element
from libs.edxml.errors import MalformedPacket
from libs.edxml.packets import Group
from libs.edxml.schema import Schema, Slot, schema_of
from libs.edxml.times import parse_date, parse_timestamp

G = TypeVar("G", bound=Group)


def bind(cls: type[G], element: Element, where: str) -> G:
    """Read `element`, whose children may come in any order, as a `cls`.

    Raises `MalformedPacket` (missing_element, duplicate_element, unexpected_element,
    unexpected_text, bad_date, bad_timestamp).
    """
    schema = schema_of(cls)
    found, unknown = _sorted(schema, element, where)
    values = {
        slot.field: _value(slot, found[slot.wrapper, slot.name], where) for slot in schema.slots
    }
    return cls(**values, extensions=unknown)


def children_of(element: Element, where: str) -> tuple[Element, ...]:
    """Return the children of an element that may have no text of its own."""
    if element.text:
        raise MalformedPacket("unexpected_text", where)
    return element.children


def _sorted(
    schema: Schema, element: Element, where: str
) -> tuple[dict[tuple[str, str], list[Element]], tuple[Element, ...]]:
    """Part the children into those of each slot and the unknown.

    Unknown ones in a list element stay in an element of its name; these come first, as
    the writer joins them with their list again.
    """
    known = {(slot.wrapper, slot.name) for slot in schema.slots}
    wrappers = schema.wrappers
    found: dict[tuple[str, str], list[Element]] = defaultdict(list)
    stray: dict[str, list[Element]] = defaultdict(list)
    unknown: list[Element] = []
    for child in children_of(element, where):
        name = child.own_name
        if ("", name) in known:
            found["", name].append(child)
        elif name not in wrappers:
            unknown.append(child)
        else:
            for item in children_of(child, f"{where}/{name}"):
                path = (name, item.own_name)
                (found[path] if path in known else stray[name]).append(item)
    kept = [Element(name, children=tuple(stray[name])) for name in wrappers if name in stray]
    return found, (*kept, *unknown)


def _value(slot: Slot, elements: list[Element], where: str) -> Any:
    path = f"{where}/{slot.wrapper}/{slot.name}" if slot.wrapper else f"{where}/{slot.name}"
    if slot.is_group and not schema_of(slot.kind).may_be_empty:
        # Some producers send every group they know, filled or not.
        elements = [element for element in elements if not element.blank]
    if len(elements) > 1 and not slot.many:
        raise MalformedPacket("duplicate_element", path)
    values = tuple(
        _one(slot, element, f"{path}[{number}]" if slot.many else path)
        for number, element in enumerate(elements, start=1)
    )
    if slot.many and (values or not slot.required):
        return values
    if values and values[0] not in ("", None):
        return values[0]
    if slot.required:
        raise MalformedPacket("missing_element", path)
    return slot.default


def _one(slot: Slot, element: Element, where: str) -> Any:
    if slot.is_group:
        return bind(slot.kind, element, where)
    if element.children:
        raise MalformedPacket("unexpected_element", where)
    if slot.kind is str:
        return element.text
    return _MOMENTS[slot.kind](element.text, where) if element.text else None


_MOMENTS = {date: parse_date, datetime: parse_timestamp}
