"""What a clerk would check on the page (Decree 30/2020, Annex I)."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import pytest

from libs import fonts
from libs.fonts import Style
from services.documents.layout import FIELD_SIZE, Box, Rendered, render
from services.documents.layout.sheet import BOTTOM, HEIGHT, LEFT, MM, RIGHT, TOP, WIDTH
from services.documents.layout.text import font, text_width
from tests.unit.layout_samples import (
    DECISION,
    LETTER,
    PARAGRAPH,
    is_white,
    picture,
    pixels,
    poppler,
    text_of,
    words_of,
)

VIETNAMESE = normalize(
    "NFC",
    "".join(
        base + mark + tone
        for base, marks in {
            "a": ("", "\u0306", "\u0302"),
            "e": ("", "\u0302"),
            "i": ("",),
            "o": ("", "\u0302", "\u031b"),
            "u": ("", "\u031b"),
            "y": ("",),
        }.items()
        for mark in marks
        for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    )
    + "đ",
)


@pytest.fixture(scope="module")
def decision() -> Rendered:
    return render(DECISION)


@pytest.fixture(scope="module")
def letter() -> Rendered:
    return render(LETTER)


@pytest.fixture(scope="module")
def long() -> Rendered:
    return render(replace(DECISION, paragraphs=(PARAGRAPH,) * 60))


def test_the_same_document_gives_the_same_bytes_in_any_process(decision: Rendered) -> None:
    program = (
        "import hashlib; from services.documents.layout import render; "
        "from tests.unit.layout_samples import DECISION, LETTER; render(LETTER); "
        "print(hashlib.sha256(render(DECISION).pdf).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert other.stdout.decode().strip() == hashlib.sha256(decision.pdf).hexdigest()


def test_composed_and_decomposed_letters_give_the_same_bytes(decision: Rendered) -> None:
    decomposed = replace(
        DECISION,
        subject=normalize("NFD", DECISION.subject),
        paragraphs=[normalize("NFD", text) for text in DECISION.paragraphs],
    )
    assert render(decomposed).pdf == decision.pdf


def test_the_file_is_pdf_1_7_on_a4_in_vietnamese_without_dates(decision: Rendered) -> None:
    about = poppler(decision.pdf, "pdfinfo", "FILE").decode()
    assert decision.pdf.startswith(b"%PDF-1.7")
    assert "(A4)" in about
    assert "Quyết định: Ban hành Quy chế gửi, nhận văn bản điện tử" in about
    assert "ỦY BAN NHÂN DÂN TỈNH NINH BÌNH" in about
    assert "Date:" not in about
    assert b"/Lang (vi-VN)" in decision.pdf


def test_every_font_is_embedded_as_a_subset(long: Rendered) -> None:
    table = poppler(long.pdf, "pdffonts", "FILE").decode().splitlines()[2:]
    assert len(table) == 4
    assert all("LiberationSerif" in row and " yes yes yes " in row for row in table)


@pytest.mark.parametrize("style", ["regular", "bold", "italic", "bold-italic"])
def test_each_style_has_every_vietnamese_letter(style: Style) -> None:
    known = font(style).face.charToGlyph
    assert len(VIETNAMESE) == 73
    assert [letter for letter in VIETNAMESE + VIETNAMESE.upper() if ord(letter) not in known] == []


def test_a_machine_without_the_font_is_told_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fonts, "FOLDERS", (tmp_path,))
    with pytest.raises(fonts.FontNotInstalled, match="apt-get install fonts-liberation2"):
        fonts.serif("bold")


def test_the_reader_gets_back_the_vietnamese_text() -> None:
    letters = " ".join(f"m{letter}n" for letter in VIETNAMESE)
    page = render(replace(LETTER, paragraphs=("Ở ĐÂY ỨNG", letters, letters.upper())))
    text = " ".join(text_of(page.pdf).split())
    assert "Ở ĐÂY ỨNG" in text
    assert letters in text
    assert letters.upper() in text


def test_marks_above_capitals_are_drawn() -> None:
    def ink_above_capitals(words: str) -> int:
        page = render(replace(LETTER, paragraphs=(words,)))
        seen = next(word for word in words_of(page.pdf) if word.text == words.split()[0])
        baseline = seen.y1 + 14 * 0.216  # the descent of Liberation Serif
        capitals = baseline + 14 * 0.68
        strip = Box(0, round(LEFT), round(capitals), round(RIGHT), round(capitals + 5))
        return sum(max(dot) < 128 for dot in pixels(picture(page.pdf, strip)))

    assert ink_above_capitals("O DAY UNG") == 0
    assert ink_above_capitals("Ở ĐÂY ỨNG") > 20


def test_the_place_of_the_number_is_empty_between_its_neighbours(
    decision: Rendered, letter: Rendered
) -> None:
    for page, sign in ((decision, "/QĐ-UBND"), (letter, "/UBND-VX")):
        box = page.boxes.number
        seen = {word.text: word for word in words_of(page.pdf)}
        assert is_white(picture(page.pdf, box))
        assert 0 < box.x1 - seen["Số:"].x2 < 4
        assert 0 <= seen[sign].x1 - box.x2 + 1 < 3
        assert box.y1 < seen["Số:"].y1 + 4 < box.y2  # the same row


def test_the_place_of_the_date_is_empty_after_the_place_name(decision: Rendered) -> None:
    box = decision.boxes.date
    comma = next(word for word in words_of(decision.pdf) if word.text == "Bình,")
    assert is_white(picture(decision.pdf, box))
    assert 0 < box.x1 - comma.x2 < 6
    assert box.x2 - box.x1 > text_width("ngày 30 tháng 12 năm 2026", "italic", FIELD_SIZE)
    assert box.x2 <= RIGHT
    assert "2026" not in text_of(decision.pdf)


def test_the_seal_is_36_mm_and_covers_the_left_third_of_the_signature(decision: Rendered) -> None:
    leader, seal = decision.boxes.leader, decision.boxes.seal
    assert seal.x2 - seal.x1 == seal.y2 - seal.y1 == round(36 * MM)
    assert seal.x1 < leader.x1
    assert (seal.x2 - leader.x1) / (leader.x2 - leader.x1) == pytest.approx(1 / 3, abs=0.01)
    assert is_white(picture(decision.pdf, leader))
    assert is_white(picture(decision.pdf, seal))


def test_the_signature_stands_between_position_and_name(decision: Rendered) -> None:
    seen = words_of(decision.pdf)
    position = next(word for word in seen if word.text == "PHÓ")
    name = next(word for word in seen if word.text == "Nguyễn")
    leader = decision.boxes.leader
    assert position.y1 > leader.y2
    assert leader.y1 > name.y2 - 4


def test_a_long_body_makes_numbered_pages_and_the_signature_comes_last(long: Rendered) -> None:
    boxes = long.boxes
    assert long.pages > 3
    assert (boxes.number.page, boxes.date.page) == (0, 0)
    assert (boxes.leader.page, boxes.seal.page) == (long.pages - 1, long.pages - 1)
    numbers = [word for word in words_of(long.pdf) if word.y1 > TOP]
    assert [(word.text, word.page) for word in numbers] == [
        (str(page + 1), page) for page in range(1, long.pages)
    ]
    assert all(abs((word.x1 + word.x2) / 2 - WIDTH / 2) < 1 for word in numbers)


def test_the_signing_block_is_never_alone_on_a_page() -> None:
    pages = set()
    for count in range(6, 26):
        page = render(replace(DECISION, paragraphs=("Báo cáo để biết.",) * count))
        last = text_of(page.pdf, page.pages - 1)
        pages.add(page.pages)
        assert last[: last.index("PHÓ CHỦ TỊCH")].count("Báo cáo để biết.") >= 2, count
    assert pages == {1, 2}


def test_nothing_is_printed_outside_the_margins(long: Rendered, letter: Rendered) -> None:
    for page in (long, letter):
        body = [word for word in words_of(page.pdf) if word.y1 < TOP]
        assert min(word.x1 for word in body) >= LEFT - 0.5
        assert max(word.x2 for word in body) <= RIGHT + 0.5
        assert min(word.y1 for word in body) >= BOTTOM - 1
        assert max(word.y2 for word in body) <= HEIGHT - 19 * MM


def test_full_lines_end_at_the_right_margin(letter: Rendered) -> None:
    first = next(word for word in words_of(letter.pdf) if word.text == "Giao")
    row = [word for word in words_of(letter.pdf) if abs(word.y1 - first.y1) < 2]
    assert first.x1 == pytest.approx(LEFT + 12.7 * MM, abs=0.5)
    assert row[-1].x2 == pytest.approx(RIGHT, abs=0.5)


def test_a_letter_names_its_subject_under_the_number_and_has_no_title(letter: Rendered) -> None:
    text = text_of(letter.pdf)
    assert "V/v gửi, nhận văn bản điện tử" in text
    assert "Về việc" not in text
    assert "CÔNG VĂN" not in text
    assert "- Các sở, ban, ngành;" in text
    assert "- Ủy ban nhân dân các xã, phường." in text


def test_a_named_type_has_its_title_in_capitals_above_the_subject(decision: Rendered) -> None:
    seen = {word.text: word for word in words_of(decision.pdf)}
    assert seen["QUYẾT"].y1 > 0
    lines = [line.strip() for line in text_of(decision.pdf).splitlines() if line.strip()]
    title = lines.index("QUYẾT ĐỊNH")
    assert lines[title + 1] == DECISION.subject


def test_a_single_addressee_stands_on_the_line_of_the_salutation() -> None:
    text = text_of(render(replace(LETTER, addressees=("Bộ Nội vụ",))).pdf)
    assert "Kính gửi: Bộ Nội vụ\n" in text


@pytest.mark.parametrize(
    ("urgency", "words", "width"), [(1, "KHẨN", 20), (2, "THƯỢNG KHẨN", 40), (3, "HỎA TỐC", 30)]
)
def test_urgency_is_a_red_box_of_the_decreed_size(urgency: int, words: str, width: int) -> None:
    page = render(replace(DECISION, urgency=urgency))
    assert words in text_of(page.pdf)
    left_half = picture(page.pdf, Box(0, round(LEFT), 600, round(WIDTH / 2), 780), dots=254)
    is_red = [
        (place % left_half.width, place // left_half.width)
        for place, (red, green, blue) in enumerate(pixels(left_half))
        if red > 150 and green < 100 and blue < 100
    ]
    columns, rows = zip(*is_red, strict=True)
    assert (max(columns) - min(columns)) / 10 == pytest.approx(width, abs=0.6)
    assert (max(rows) - min(rows)) / 10 == pytest.approx(8, abs=0.6)


def test_no_urgency_leaves_the_page_black_and_white(decision: Rendered) -> None:
    page = picture(decision.pdf, Box(0, 0, 0, round(WIDTH), round(HEIGHT)), dots=72)
    assert all(red == green == blue for red, green, blue in pixels(page))


def test_a_circulation_note_is_printed_in_capitals() -> None:
    assert "LƯU HÀNH NỘI BỘ" in text_of(
        render(replace(DECISION, circulation="Lưu hành nội bộ")).pdf
    )


def test_a_list_of_recipients_longer_than_a_page_runs_on() -> None:
    names = tuple(f"Ủy ban nhân dân xã số {number}" for number in range(200))
    page = render(replace(LETTER, addressees=names, recipients_list=names))
    text = text_of(page.pdf)
    assert text.count("xã số 199.") == 2
    assert page.boxes.leader.page < page.pages - 1
