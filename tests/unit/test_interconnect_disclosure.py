"""Disclosure: what was laid down, and what senders are told by it."""

from uuid import UUID

import pytest

from libs.envelope import EnvelopeError
from services.interconnect.commands import SetDisclosure
from services.interconnect.domain import LABELS
from services.interconnect.domain.disclosure import (
    ALL,
    LEVELS,
    RECEIPT,
    UNIT,
    Disclosure,
    decide,
    evolve,
)
from services.interconnect.domain.envelope import GOOD, VERDICTS
from services.interconnect.errors import DisclosureUnknown
from services.interconnect.events import DisclosureSet

AGENCY = UUID(int=1)


def given(*levels: str) -> Disclosure:
    disclosure = Disclosure(AGENCY)
    for level in levels:
        disclosure = evolve(disclosure, DisclosureSet(agency_id=AGENCY, level=level))
    return disclosure


def test_who_has_laid_down_nothing_discloses_all() -> None:
    assert given() == Disclosure(AGENCY, ALL)


@pytest.mark.parametrize("level", [UNIT, RECEIPT])
def test_another_level_is_laid_down(level: str) -> None:
    assert decide(given(), SetDisclosure(level=level)) == [
        DisclosureSet(agency_id=AGENCY, level=level)
    ]


def test_the_same_level_again_changes_nothing() -> None:
    assert decide(given(), SetDisclosure(level=ALL)) == []
    assert decide(given(UNIT), SetDisclosure(level=UNIT)) == []
    assert decide(given(UNIT, ALL), SetDisclosure(level=UNIT)) != []


def test_a_level_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DisclosureUnknown):
        decide(given(), SetDisclosure(level="none"))


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (ALL, set(LABELS)),
        (UNIT, set(LABELS)),
        (RECEIPT, {"01", "02", "03", "06", "13", "15", "16"}),
    ],
)
def test_which_steps_are_told(level: str, told: set[str]) -> None:
    assert {code for code in LABELS if given(level).tells(code)} == told


def test_who_and_where_is_told_by_the_widest_levels_alone() -> None:
    shown = {level: (given(level).tells_unit, given(level).tells_handler) for level in LEVELS}
    assert shown == {ALL: (True, True), UNIT: (True, False), RECEIPT: (False, False)}


def test_every_reason_not_to_believe_an_envelope_has_words() -> None:
    codes = {EnvelopeError.code, *(kind.code for kind in EnvelopeError.__subclasses__())}
    assert set(VERDICTS) == codes | {GOOD}
