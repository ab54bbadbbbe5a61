"""Instants and days as the auditor writes them."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.schemas import moment


def test_an_instant_counts_with_its_zone() -> None:
    assert moment("2026-11-22T09:00:00+07:00", end=False) == datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert moment("2026-11-22T02:00Z", end=True) == datetime(2026, 11, 22, 2, tzinfo=UTC)


def test_a_day_is_a_day_in_viet_nam() -> None:
    assert moment("2026-12-31", end=False) == datetime(2026, 12, 30, 17, tzinfo=UTC)
    assert moment("2026-12-31", end=True) == datetime(2026, 12, 31, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-22T09:00:00",
        "2026-13-01",
        "2026-02-30T00:00Z",
        "2026-11-22T09:00:00+99:00",
        "0001-01-01T00:00+07:00",
        "9999-12-31",
        "2026-W01-1",
        "٢٠٢٦-11-22",
        "2026-11-22T09:00:00.1234567Z",
        "2026-11-22\n",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        moment(text, end=True)


@given(
    st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5,8}(Z|\+0[0-9]:00)")
)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with suppress(ValueError):
        assert moment(text, end=True).tzinfo is UTC
