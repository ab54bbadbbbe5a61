"""Registers: consecutive numbers, and numbers and days as the decree writes them."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.documents.commands import TakeNumber, VoidNumber
from services.documents.domain.register import (
    Register,
    business_day,
    code_text,
    date_text,
    decide,
    evolve,
    number_text,
)
from services.documents.events import NumberTaken, NumberVoided

AGENCY, DOCUMENT = UUID(int=1), UUID(int=2)
NAME = f"{AGENCY}.2026.outgoing"
BOOK = Register(AGENCY, 2026, "outgoing")


def test_the_first_number_of_a_register_is_one() -> None:
    assert decide(BOOK, TakeNumber(DOCUMENT)) == [
        NumberTaken(
            register_id=NAME,
            agency_id=AGENCY,
            year=2026,
            series="outgoing",
            number=1,
            document_id=DOCUMENT,
        )
    ]


def test_a_number_is_voided_and_the_next_one_stays_the_next() -> None:
    book = Register(AGENCY, 2026, "outgoing", last=9)
    (voided,) = decide(book, VoidNumber(DOCUMENT, 4))
    assert voided == NumberVoided(
        register_id=NAME,
        agency_id=AGENCY,
        year=2026,
        series="outgoing",
        number=9,
        voided=4,
        document_id=DOCUMENT,
    )
    assert evolve(book, voided).next_number == 10


@for_all(some.lists(some.booleans(), max_size=30))
def test_numbers_are_consecutive_whatever_is_voided(orders: list[bool]) -> None:
    book = BOOK
    taken: list[int] = []
    for take in orders:
        command = TakeNumber(DOCUMENT) if take or not taken else VoidNumber(DOCUMENT, taken[0])
        (event,) = decide(book, command)
        # From its last event alone: a register is never read as a whole.
        book = evolve(BOOK, event)
        taken += [event.number] if isinstance(event, NumberTaken) else []
    assert taken == list(range(1, len(taken) + 1))


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 12, 31, 17, 30, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_the_day_is_that_of_viet_nam(at: datetime, day: date) -> None:
    assert business_day(at) == day


@pytest.mark.parametrize(("number", "text"), [(1, "01"), (9, "09"), (10, "10"), (123, "123")])
def test_a_number_below_ten_has_a_leading_zero(number: int, text: str) -> None:
    assert number_text(number) == text
    assert code_text(number, "QĐ-UBND") == f"{text}/QĐ-UBND"


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 1, 9), "ngày 09 tháng 01 năm 2026"),
        (date(2026, 2, 10), "ngày 10 tháng 02 năm 2026"),
        (date(2026, 3, 5), "ngày 05 tháng 3 năm 2026"),
        (date(2026, 12, 31), "ngày 31 tháng 12 năm 2026"),
    ],
)
def test_days_below_ten_and_the_first_two_months_have_a_leading_zero(day: date, text: str) -> None:
    assert date_text(day) == text
