"""From elements to the groups of a packet, by their schema."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from libs.edxml.element import Element
from libs.edxml.errors import MalformedPacket, Refuse, at_once
from libs.edxml.packets import Group
from libs.edxml.schema import Schema, Slot, schema_of
from libs.edxml.times import parse_date, parse_timestamp

G = TypeVar("G", bound=Group)


def bind(cls: type[G], element: Element, where: str, refuse: Refuse = at_once) -> G:
    """Read `element`, whose children may come in any order, as a `cls`.

    Refuses with missing_element, duplicate_element, unexpected_element, unexpected_text, bad_date,
    bad_timestamp. Where `refuse` returns, the first of several counts and what must be there is
    empty.
    """
    schema = schema_of(cls)
    found, unknown = _sorted(schema, element, where, refuse)
    values = {
        slot.field: _value(slot, found[slot.wrapper, slot.name], where, refuse)
        for slot in schema.slots
    }
    return cls(**values, attributes=element.attributes, extensions=unknown)


def children_of(element: Element, where: str, refuse: Refuse = at_once) -> tuple[Element, ...]:
    """Return the children of an element that may have no text of its own."""
    if element.text:
        refuse(MalformedPacket("unexpected_text", where))
    return element.children


def _sorted(
    schema: Schema, element: Element, where: str, refuse: Refuse
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
    for child in children_of(element, where, refuse):
        name = child.own_name
        if ("", name) in known:
            found["", name].append(child)
        elif name not in wrappers:
            unknown.append(child)
        else:
            for item in children_of(child, f"{where}/{name}", refuse):
                path = (name, item.own_name)
                (found[path] if path in known else stray[name]).append(item)
    kept = [Element(name, children=tuple(stray[name])) for name in wrappers if name in stray]
    return found, (*kept, *unknown)


def _value(slot: Slot, elements: list[Element], where: str, refuse: Refuse) -> Any:
    path = f"{where}/{slot.wrapper}/{slot.name}" if slot.wrapper else f"{where}/{slot.name}"
    if slot.is_group and not schema_of(slot.kind).may_be_empty:
        # Some producers send every group they know, filled or not.
        elements = [element for element in elements if not element.blank]
    if len(elements) > 1 and not slot.many:
        refuse(MalformedPacket("duplicate_element", path))
    values = tuple(
        _one(slot, element, f"{path}[{number}]" if slot.many else path, refuse)
        for number, element in enumerate(elements, start=1)
    )
    if slot.many and (values or not slot.required):
        return values
    if values and values[0] not in ("", None):
        return values[0]
    if not slot.required:
        return slot.default
    refuse(MalformedPacket("missing_element", path))
    return _nothing(slot)


def _nothing(slot: Slot) -> Any:
    """Return what stands for something that must be there and is not."""
    if slot.many:
        return ()
    if slot.is_group:
        return bind(slot.kind, Element(slot.name), "", lambda _error: None)
    return "" if slot.kind is str else slot.kind.min


def _one(slot: Slot, element: Element, where: str, refuse: Refuse) -> Any:
    if element.own_name == "Code":
        element = _code(element, joined=not slot.is_group)
    if slot.is_group:
        return bind(slot.kind, element, where, refuse)
    if element.children:
        refuse(MalformedPacket("unexpected_element", where))
    if slot.kind is str:
        return element.text
    try:
        return _MOMENTS[slot.kind](element.text, where) if element.text else None
    except MalformedPacket as error:
        refuse(error)
        return None


def _code(element: Element, *, joined: bool) -> Element:
    """Return a number and notation in the form that the place asks for; some write the other."""
    if not joined and element.text and not element.children:
        number, _, notation = element.text.partition("/")
        parts = (Element("CodeNumber", text=number), Element("CodeNotation", text=notation))
        return replace(element, text="", children=parts)
    texts = {child.own_name: child.text for child in element.children}
    if joined and not element.text and texts.keys() == {"CodeNumber", "CodeNotation"}:
        text = f"{texts['CodeNumber']}/{texts['CodeNotation']}"
        return replace(element, text=text, children=())
    return element


_MOMENTS = {date: parse_date, datetime: parse_timestamp}
