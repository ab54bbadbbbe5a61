"""The directory's rules: what makes an entry fit, and that an entry is made once."""

from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from services.directory.commands import (
    AssignPosition,
    RegisterAgency,
    RegisterClient,
    RegisterPerson,
)
from services.directory.domain.entries import Command, Entry, Event, decide, evolve
from services.directory.errors import AlreadyRegistered, PersonUnknown, RoleUnknown, UnfitAgency
from services.directory.events import (
    AgencyCode,
    AgencyRegistered,
    ClientRegistered,
    PersonRegistered,
    PositionAssigned,
)

AGENCY, PARENT, PERSON, POSITION, OTHER = (UUID(int=n) for n in range(1, 6))
DAY, LAST_DAY = date(2026, 3, 2), date(2031, 3, 2)
CODE = AgencyCode("H40.01", "qd20", DAY)
ROLES = ("leader", "clerk", "officer", "head", "admin", "auditor", "machine")

AGENCY_COMMAND = RegisterAgency(
    AGENCY, 2, "Văn phòng UBND", "Huế", "inside", (CODE,), "UBND", True, PARENT
)
AGENCY_EVENT = AgencyRegistered(
    AGENCY, 2, "Văn phòng UBND", "Huế", "inside", (CODE,), "UBND", True, PARENT
)
POSITION_COMMAND = AssignPosition(
    POSITION, PERSON, AGENCY, "Văn phòng", "Văn thư", "TL.", ("clerk", "officer"), DAY
)
POSITION_EVENT = PositionAssigned(
    POSITION, PERSON, AGENCY, "Văn phòng", "Văn thư", "TL.", ("clerk", "officer"), DAY
)
PERSON_EVENT = PersonRegistered(PERSON, "c" * 64)

ENTRIES: list[tuple[Command, Event]] = [
    (AGENCY_COMMAND, AGENCY_EVENT),
    (RegisterPerson(PERSON, "c" * 64), PERSON_EVENT),
    (
        RegisterClient("axis", AGENCY, ("machine", "clerk")),
        ClientRegistered("axis", AGENCY, ("machine", "clerk")),
    ),
]
OTHERWISE: list[Command] = [
    replace(AGENCY_COMMAND, name="Sở Tài chính"),
    RegisterPerson(PERSON, "d" * 64),
    RegisterClient("axis", AGENCY, ("machine",)),
]


def given(*events: Event) -> Entry:
    return reduce(evolve, events, Entry())


@pytest.mark.parametrize(("command", "event"), ENTRIES)
def test_an_entry_is_made_as_it_was_asked_for(command: Command, event: Event) -> None:
    assert decide(Entry(), command) == [event]


@pytest.mark.parametrize(("command", "event"), ENTRIES)
def test_the_same_entry_again_changes_nothing(command: Command, event: Event) -> None:
    assert decide(given(event), command) == []


@pytest.mark.parametrize(
    ("command", "event"),
    [(command, event) for command, (_, event) in zip(OTHERWISE, ENTRIES, strict=True)],
)
def test_an_entry_with_other_content_under_the_same_id_is_refused(
    command: Command, event: Event
) -> None:
    with pytest.raises(AlreadyRegistered):
        decide(given(event), command)


def test_the_facts_of_an_entry_make_its_state() -> None:
    second = replace(POSITION_EVENT, position_id=OTHER)
    assert given() == Entry(None, ())
    assert given(AGENCY_EVENT) == Entry(AGENCY_EVENT, ())
    assert given(PERSON_EVENT, POSITION_EVENT, second) == Entry(
        PERSON_EVENT, (POSITION_EVENT, second)
    )


@pytest.mark.parametrize("tier", [1, 2, 3, 4])
def test_an_agency_stands_on_one_of_four_tiers(tier: int) -> None:
    command = replace(AGENCY_COMMAND, tier=tier)
    assert decide(Entry(), command) == [replace(AGENCY_EVENT, tier=tier)]


@pytest.mark.parametrize("channel", ["inside", "axis"])
def test_an_agency_is_reached_inside_or_by_the_axis(channel: str) -> None:
    command = replace(AGENCY_COMMAND, channel=channel)
    assert decide(Entry(), command) == [replace(AGENCY_EVENT, channel=channel)]


@pytest.mark.parametrize(
    "code",
    [
        "A",
        "000.00.13.H40",
        "0123456789",
        "A.B.C.D.E.F.G",
        "ABCDEFGHIJ.KLMNOPQRST.UVWXYZ0123.AB",
        "Z9.H40",
    ],
)
def test_a_well_formed_code_is_taken(code: str) -> None:
    codes = (AgencyCode(code, "other", DAY, LAST_DAY),)
    command = replace(AGENCY_COMMAND, codes=codes)
    assert decide(Entry(), command) == [replace(AGENCY_EVENT, codes=codes)]


@pytest.mark.parametrize(
    "change",
    [
        {"tier": 0},
        {"tier": 5},
        {"tier": -1},
        {"channel": "post"},
        {"channel": "INSIDE"},
        {"channel": ""},
        {"codes": ()},
    ],
)
def test_an_agency_without_tier_channel_or_code_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnfitAgency):
        decide(Entry(), replace(AGENCY_COMMAND, **change))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "h40",
        "H40.",
        ".H40",
        "H40..01",
        "H40-01",
        "H40 01",
        "H40\n",
        "Đ40",
        "01234567890",
        "A.01234567890",
        "A.B.C.D.E.F.G.H",
        "ABCDEFGHIJ.KLMNOPQRST.UVWXYZ0123.ABC",
    ],
)
def test_a_malformed_or_too_long_code_is_refused_even_beside_a_good_one(code: str) -> None:
    codes = (CODE, AgencyCode(code, "other", DAY))
    with pytest.raises(UnfitAgency):
        decide(Entry(), replace(AGENCY_COMMAND, codes=codes))
    with pytest.raises(UnfitAgency):
        decide(Entry(), replace(AGENCY_COMMAND, codes=codes[::-1]))


def test_a_known_person_takes_up_a_position() -> None:
    assert decide(given(PERSON_EVENT), POSITION_COMMAND) == [POSITION_EVENT]


def test_a_position_needs_a_person_who_is_entered() -> None:
    with pytest.raises(PersonUnknown) as refused:
        decide(Entry(), POSITION_COMMAND)
    assert refused.value.data() == {"person_id": str(PERSON)}


def test_the_same_position_again_changes_nothing() -> None:
    entry = given(PERSON_EVENT, replace(POSITION_EVENT, position_id=OTHER), POSITION_EVENT)
    assert decide(entry, POSITION_COMMAND) == []


def test_a_position_with_other_content_under_the_same_id_is_refused() -> None:
    entry = given(PERSON_EVENT, POSITION_EVENT)
    with pytest.raises(AlreadyRegistered):
        decide(entry, replace(POSITION_COMMAND, title="Chánh văn phòng"))


def test_a_person_holds_several_positions() -> None:
    second = replace(POSITION_COMMAND, position_id=OTHER)
    assert decide(given(PERSON_EVENT, POSITION_EVENT), second) == [
        replace(POSITION_EVENT, position_id=OTHER)
    ]


@pytest.mark.parametrize("role", ROLES)
def test_each_known_role_may_be_given(role: str) -> None:
    position = replace(POSITION_COMMAND, roles=(role,))
    assert decide(given(PERSON_EVENT), position) == [replace(POSITION_EVENT, roles=(role,))]
    client = RegisterClient("axis", AGENCY, (role,))
    assert decide(Entry(), client) == [ClientRegistered("axis", AGENCY, (role,))]


@pytest.mark.parametrize(
    ("command", "events"),
    [
        (replace(POSITION_COMMAND, roles=("clerk", "wizard", "king")), (PERSON_EVENT,)),
        (RegisterClient("axis", AGENCY, ("machine", "wizard", "king")), ()),
    ],
)
def test_an_unknown_role_is_refused_and_the_first_of_them_named(
    command: Command, events: tuple[Event, ...]
) -> None:
    with pytest.raises(RoleUnknown) as refused:
        decide(given(*events), command)
    assert refused.value.data() == {"role": "king"}
