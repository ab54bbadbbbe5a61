"""Which of the told statuses the sender sees, and which may follow which."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.interconnect.domain import LABELS, Shown, permitted, shown

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)


class Told:
    """A status told some minutes after the first."""

    def __init__(self, status_code: str, minutes: int) -> None:
        self.status_code = status_code
        self.told_at = AT + timedelta(minutes=minutes)


def told(*steps: tuple[str, int]) -> list[Told]:
    return [Told(code, minutes) for code, minutes in steps]


def at(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def test_nothing_told_shows_nothing() -> None:
    assert shown([]) is None


@pytest.mark.parametrize("code", sorted(LABELS))
def test_a_single_status_is_shown_as_it_is(code: str) -> None:
    assert shown(told((code, 7))) == Shown(code, at(7), reopened=False)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("13", "01"),
        ("16", "01"),
        ("01", "02"),
        ("01", "03"),
        ("02", "04"),
        ("03", "04"),
        ("04", "05"),
        ("05", "06"),
        ("06", "15"),
    ],
)
def test_the_higher_rank_is_shown_whatever_came_first(low: str, high: str) -> None:
    assert shown(told((low, 1), (high, 1))) == Shown(high, at(1))
    assert shown(told((high, 1), (low, 1))) == Shown(high, at(1))
    if (low, high) != ("05", "06"):
        assert shown(told((high, 1), (low, 9))) == Shown(high, at(1))


@pytest.mark.parametrize("pair", [("02", "03"), ("03", "02"), ("13", "16"), ("16", "13")])
def test_of_equal_rank_the_later_told_is_shown_and_at_one_instant_the_later_recorded(
    pair: tuple[str, str],
) -> None:
    one, other = pair
    assert shown(told((one, 1), (other, 2))) == Shown(other, at(2))
    assert shown(told((other, 2), (one, 1))) == Shown(other, at(2))
    assert shown(told((one, 1), (other, 1))) == Shown(other, at(1))


def test_work_begun_again_after_the_end_is_shown_as_reopened() -> None:
    assert shown(told(("06", 5), ("05", 6), ("05", 8))) == Shown("05", at(8), reopened=True)
    assert shown(told(("05", 8), ("06", 5))) == Shown("05", at(8), reopened=True)


def test_a_second_end_closes_it_again() -> None:
    assert shown(told(("06", 5), ("05", 6), ("06", 7))) == Shown("06", at(7))


def test_beginning_before_or_at_the_end_reopens_nothing() -> None:
    assert shown(told(("05", 4), ("06", 5))) == Shown("06", at(5))
    assert shown(told(("06", 5), ("05", 5))) == Shown("06", at(5))
    assert shown(told(("06", 5), ("04", 9))) == Shown("06", at(5))


def test_an_agreed_recall_stands_above_all() -> None:
    assert shown(told(("15", 3), ("06", 5), ("05", 6))) == Shown("15", at(3))


@given(st.permutations([("01", 1), ("03", 2), ("04", 3), ("05", 4), ("06", 5), ("05", 9)]))
def test_the_order_of_arrival_does_not_matter_when_times_differ(
    steps: list[tuple[str, int]],
) -> None:
    assert shown(told(*steps)) == Shown("05", at(9), reopened=True)


# Rows of the field's rules: what was told before, and what may follow.
FOLLOWS = [
    ([], {"01", "13"}),
    (["01"], {"02", "03", "13"}),
    (["01", "02"], set()),
    (["01", "03"], {"04", "05", "06", "13"}),
    (["01", "03", "04"], {"04", "05", "06", "13"}),
    (["01", "03", "05"], {"04", "05", "06", "13"}),
    (["01", "03", "06"], {"13"}),
    (["01", "13"], {"02", "03", "15", "16"}),
    (["01", "03", "13", "16"], {"04", "05", "06", "13"}),
    (["01", "03", "13", "16", "13"], {"04", "05", "06", "15", "16"}),
    (["01", "03", "13", "15"], set()),
    (["13"], {"01", "15", "16"}),
    (["01", "02", "13", "16"], set()),
    (["15"], set()),
    (["16"], {"01", "13"}),
]


@pytest.mark.parametrize(("before", "allowed"), FOLLOWS)
def test_exactly_these_may_follow(before: list[str], allowed: set[str]) -> None:
    assert {code for code in LABELS if permitted(before, code)} == allowed


def test_the_nine_codes_are_those_of_the_field() -> None:
    assert LABELS == {
        "01": ("Đã đến", "arrived"),
        "02": ("Từ chối tiếp nhận", "refused"),
        "03": ("Đã tiếp nhận", "accepted"),
        "04": ("Phân công", "assigned"),
        "05": ("Đang xử lý", "in process"),
        "06": ("Hoàn thành", "finished"),
        "13": ("Lấy lại", "take back"),
        "15": ("Đồng ý lấy lại/cập nhật", "take-back or update agreed"),
        "16": ("Từ chối lấy lại/cập nhật", "take-back or update refused"),
    }
