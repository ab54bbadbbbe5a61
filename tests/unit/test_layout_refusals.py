"""Hostile and mistaken input: a named error, never a strange page."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.documents.layout import (
    CharactersNotPrintable,
    FieldInvalid,
    FieldTooLong,
    LayoutError,
    TextTooWide,
    render,
)
from services.documents.layout.flow import Line, paginate
from services.documents.layout.sheet import LEADING
from services.documents.layout.text import Word, break_rows, row_width, words
from services.documents.types import UnknownDocumentType
from tests.unit.layout_samples import DECISION, LETTER, text_of


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("漢字", "U+5B57, U+6F22"),
        ("tiền \U0001f4b0", "U+1F4B0"),
        ("số \u202e0001", "U+202E"),
        ("rỗng \x00", "U+0000"),
        ("dấu e\u0334\u0335", "U+0334, U+0335"),
        ("nửa \ud800", "U+D800"),
        ("ẩn\u200bgiấu", "U+200B"),
    ],
)
@pytest.mark.parametrize("field", ["subject", "signer_name", "paragraphs", "addressees"])
def test_characters_that_cannot_be_printed_are_named(field: str, text: str, named: str) -> None:
    value: Any = (text,) if field in ("paragraphs", "addressees") else text
    with pytest.raises(CharactersNotPrintable) as refusal:
        render(replace(LETTER, **{field: value}))
    assert named in str(refusal.value)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "a " * 251),
        ("paragraphs", ("a " * 100_001,)),
        ("paragraphs", ("a " * 1_000,) * 101),
        ("paragraphs", ("\n" * 100 + "a\n" * 9_000,) * 2),
        ("paragraphs", ("",) * 10_001),
        ("addressees", ("Bộ Nội vụ",) * 201),
        ("addressees", ("a " * 251,)),
        ("recipients_list", ("VT",) * 201),
        ("position", "A\nB\nC\nD\nE"),
        ("signer_name", "A" * 51),
    ],
)
def test_what_is_too_long_is_refused(field: str, value: Any) -> None:
    with pytest.raises(FieldTooLong) as refusal:
        render(replace(LETTER, **{field: value}))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("agency", " \n "),
        ("subject", None),
        ("signer_name", b"A"),
        ("paragraphs", "a text"),
        ("paragraphs", ()),
        ("paragraphs", (" ", "\n")),
        ("paragraphs", (1,)),
        ("addressees", {"a": 1}),
        ("urgency", 4),
        ("urgency", -1),
        ("urgency", True),
        ("year", 10_000),
        ("year", 2026.0),
        ("type_code", ["CV"]),
    ],
)
def test_what_is_missing_or_of_another_type_is_refused(field: str, value: Any) -> None:
    with pytest.raises(FieldInvalid) as refusal:
        render(replace(LETTER, **{field: value}))
    assert refusal.value.field == field


def test_a_named_type_needs_its_name() -> None:
    with pytest.raises(FieldInvalid):
        render(replace(DECISION, type_name=""))


def test_a_type_outside_the_decree_is_refused() -> None:
    with pytest.raises(UnknownDocumentType):
        render(replace(DECISION, type_code="XX"))


@pytest.mark.parametrize("field", ["paragraphs", "recipients_list", "notation", "agency"])
def test_a_word_wider_than_its_line_is_refused_and_not_cut(field: str) -> None:
    word = "Đ" * 30 if field == "notation" else "Đ" * 150
    value: Any = (word,) if field in ("paragraphs", "recipients_list") else word
    with pytest.raises(TextTooWide):
        render(replace(DECISION, **{field: value}))


def test_a_head_that_fills_the_page_is_refused() -> None:
    wide = "MWMWMWM " * 25
    with pytest.raises(FieldTooLong):
        render(replace(LETTER, agency=wide, superior=wide, subject="MWMWMWM " * 62))


def test_the_largest_body_is_laid_out_in_seconds() -> None:
    page = render(replace(LETTER, paragraphs=("Ủy ban nhân dân tỉnh " * 95,) * 100))
    assert page.pages > 50


def test_markup_is_text() -> None:
    line = "Điểm a < b & c > d (chi tiết \\n) <b>không đậm</b> /JS"
    assert line in text_of(render(replace(LETTER, paragraphs=(line,))).pdf)


def test_an_address_may_go_on_after_its_signs_and_loses_none() -> None:
    address = "https://" + "van-ban." * 20 + "vn/tai-lieu"
    rows = break_rows(words(f"Xem {address} nhé"), 14, 400)
    assert len(rows) > 2
    assert "".join(word.text for row in rows for word in row) == f"Xem{address}nhé"


short_words = st.lists(st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyỨỞ", min_size=1, max_size=12))


@given(short_words, st.floats(140, 460), st.floats(0, 30))
def test_breaking_keeps_every_word_whole_and_every_row_within_its_room(
    texts: list[str], room: float, indent: float
) -> None:
    line = [Word(text, "regular") for text in texts]
    if any(row_width([word], 14) > room - indent for word in line):
        return
    rows = break_rows(line, 14, room, indent)
    assert [word for row in rows for word in row] == line
    assert all(
        row_width(row, 14) <= room - (0 if place else indent) + 1e-6
        for place, row in enumerate(rows)
    )


lines_of_flow = st.lists(
    st.builds(Line, row=st.just([]), x=st.just(0.0), before=st.just(6.0), keep=st.booleans()),
    min_size=1,
    max_size=120,
)


@given(lines_of_flow, st.floats(72, 700), st.floats(100, 600))
def test_pages_hold_every_line_once_and_room_for_the_block_under_the_last(
    lines: list[Line], first: float, block: float
) -> None:
    for place in range(1, min(3, len(lines) + 1)):
        lines[-place] = Line([], 0.0, keep=True)
    pages = paginate(lines, first, 720.0, block)
    assert [line for page in pages for line in page] == lines
    for number, page in enumerate(pages):
        used = sum(LEADING + (line.before if place else 0) for place, line in enumerate(page))
        under = block if number == len(pages) - 1 else 0
        assert used + under <= (720.0 if number else first)
    assert pages[-1]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.text(max_size=80), max_size=4))
def test_any_text_is_laid_out_or_refused_by_name(
    subject: str, agency: str, paragraphs: list[str]
) -> None:
    with suppress(LayoutError):
        page = render(replace(LETTER, subject=subject, agency=agency, paragraphs=paragraphs))
        assert page.pages == 1
