"""An annotated field is all that reader and writer need to know."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from libs.edxml.packets import Group
from libs.edxml.schema import Slot, schema_of


@dataclass(frozen=True, kw_only=True)
class Inner(Group):
    """A group that may be empty."""

    note: Annotated[str, "Note"] = ""


def test_the_schema_of_a_group_follows_its_annotations() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Outer(Group):
        code: Annotated[str, "Code"]
        day: Annotated[date | None, "Day"] = None
        inner: Annotated[Inner, "Inner"] = Inner()
        notes: Annotated[tuple[str, ...], "Notes/Note"] = ()
        others: Annotated[tuple[Inner, ...], "Other"]
        plain: int = 0

    schema = schema_of(Outer)
    assert schema.slots == (
        Slot("code", "Code", "", str, False, True, schema.slots[0].default),
        Slot("day", "Day", "", date, False, False, None),
        Slot("inner", "Inner", "", Inner, False, False, Inner()),
        Slot("notes", "Note", "Notes", str, True, False, ()),
        Slot("others", "Other", "", Inner, True, True, schema.slots[4].default),
    )
    assert [slot.is_group for slot in schema.slots] == [False, False, True, False, True]
    assert schema.wrappers == ("Notes",)
    assert not schema.may_be_empty
    assert schema_of(Outer) is schema


def test_a_group_whose_fields_all_have_defaults_may_be_empty() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Nothing(Group):
        note: Annotated[str, "Note"] = ""

    assert schema_of(Nothing).may_be_empty
