"""The pictures: always the same for the same data, refused when they cannot be drawn."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signatures.pdf.box import SEAL_DIAMETER, Box, BoxRefused, seal_square, union
from services.signatures.pdf.handwriting import stroke
from services.signatures.pdf.stamps import (
    StampRefused,
    Text,
    leader_picture,
    printable,
    seal_picture,
    texts_picture,
)

BOX = Box(0, 100, 100, 250, 165)


def test_one_person_has_one_signature_and_two_people_have_two() -> None:
    assert leader_picture("person-1", BOX) == leader_picture("person-1", BOX)
    assert leader_picture("person-1", BOX) != leader_picture("person-2", BOX)


@given(st.text(max_size=40), st.floats(20, 400), st.floats(20, 300))
def test_the_stroke_never_leaves_its_box(person: str, width: float, height: float) -> None:
    for piece in stroke(person, width, height):
        for x, y in (piece.start, piece.end):
            assert piece.width / 2 <= x <= width - piece.width / 2
            assert piece.width / 2 <= y <= height - piece.width / 2


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=190))
def test_any_agency_name_gets_a_seal(name: str) -> None:
    assert seal_picture(name).startswith(b"%PDF-")


@pytest.mark.parametrize("words", ["", "   ", "x" * 201, "a\nb", "a\x00b", "\u202eabc"])
def test_words_that_cannot_be_drawn_are_refused(words: str) -> None:
    with pytest.raises(StampRefused):
        seal_picture(words)
    with pytest.raises(StampRefused):
        texts_picture([Text(words, BOX)])


def test_decomposed_vietnamese_is_drawn_composed() -> None:
    name = "Ở ĐÂY ỨNG"
    assert printable(unicodedata.normalize("NFD", name)) == name
    assert seal_picture(unicodedata.normalize("NFD", name)) == seal_picture(name)


def test_the_seal_has_its_real_size_wherever_its_place_is() -> None:
    square = seal_square(Box(2, 0, 0, 10, 10))
    assert (square.page, square.width, square.height) == (2, SEAL_DIAMETER, SEAL_DIAMETER)
    assert (square.x1 + square.x2) / 2 == pytest.approx(5)
    assert square.width / 72 * 25.4 == pytest.approx(36)  # millimetres


@pytest.mark.parametrize(
    "sides",
    [(0, 10, 0, 5, 5), (0, 0, 0, 0, 5), (-1, 0, 0, 5, 5), (0, 0, 0, float("nan"), 5)],
)
def test_a_box_that_is_no_rectangle_is_refused(
    sides: tuple[int, float, float, float, float],
) -> None:
    with pytest.raises(BoxRefused):
        Box(*sides)


def test_number_and_date_stand_on_one_page() -> None:
    assert union([Box(0, 1, 2, 3, 4), Box(0, 5, 1, 6, 3)]) == Box(0, 1, 1, 6, 4)
    with pytest.raises(BoxRefused):
        union([Box(0, 1, 2, 3, 4), Box(1, 5, 1, 6, 3)])
