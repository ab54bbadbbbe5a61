"""An agency ends once, on a day, with another agency as its successor or none."""

from dataclasses import replace
from datetime import date
from functools import reduce
from uuid import UUID

import pytest

from services.directory.commands import CloseAgency
from services.directory.domain.entries import Entry, Event, decide, evolve
from services.directory.errors import AgencyUnknown, ClosedOtherwise, SuccessorUnfit
from services.directory.events import AgencyClosed, AgencyCode, AgencyRegistered

AGENCY, SUCCESSOR, LAST_DAY = UUID(int=1), UUID(int=2), date(2026, 6, 30)
CODE = AgencyCode("H40.01", "qd20", date(2026, 3, 2))
REGISTERED = AgencyRegistered(AGENCY, 4, "UBND xã", "Huế", "inside", (CODE,), "UBND")
CLOSE = CloseAgency(AGENCY, LAST_DAY, SUCCESSOR)
CLOSED = AgencyClosed(AGENCY, LAST_DAY, SUCCESSOR)


def given(*events: Event) -> Entry:
    return reduce(evolve, events, Entry())


def test_an_agency_ends_on_its_last_day_with_its_successor() -> None:
    assert decide(given(REGISTERED), CLOSE) == [CLOSED]
    assert given(REGISTERED, CLOSED) == Entry(REGISTERED, (), CLOSED)


def test_an_agency_may_end_without_a_successor() -> None:
    alone = replace(CLOSE, successor_id=None)
    assert decide(given(REGISTERED), alone) == [replace(CLOSED, successor_id=None)]


def test_the_same_closing_again_changes_nothing() -> None:
    assert decide(given(REGISTERED, CLOSED), CLOSE) == []


@pytest.mark.parametrize(
    "otherwise",
    [replace(CLOSE, closed_on=date(2026, 7, 1)), replace(CLOSE, successor_id=None)],
)
def test_a_closed_agency_is_not_closed_otherwise(otherwise: CloseAgency) -> None:
    with pytest.raises(ClosedOtherwise) as refused:
        decide(given(REGISTERED, CLOSED), otherwise)
    assert refused.value.data() == {"closed_on": "2026-06-30"}


def test_who_is_not_there_cannot_end() -> None:
    with pytest.raises(AgencyUnknown):
        decide(given(), CLOSE)


def test_nobody_succeeds_himself() -> None:
    with pytest.raises(SuccessorUnfit):
        decide(given(REGISTERED), replace(CLOSE, successor_id=AGENCY))
