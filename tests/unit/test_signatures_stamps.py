"""The pictures: always the same for the same data, refused when they cannot be drawn."""

import unicodedata
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.documents.layout.text import text_width
from services.signatures.pdf.box import (
    MM,
    SEAL_DIAMETER,
    Box,
    BoxRefused,
    centred,
    over_left_third,
    touch,
    union,
    widened,
)
from services.signatures.pdf.corner import broken, of_attachment, of_copy, signing_time
from services.signatures.pdf.handwriting import stroke
from services.signatures.pdf.pictures import StampRefused, ink
from services.signatures.pdf.stamps import (
    BLUE,
    Text,
    corner_picture,
    leader_picture,
    printable,
    seal_picture,
    texts_picture,
)
from tests.unit.layout_samples import poppler, words_of

BOX = Box(0, 100, 100, 250, 165)


def test_one_person_has_one_signature_and_two_people_have_two() -> None:
    one = leader_picture("person-1", BOX.width, BOX.height)
    assert leader_picture("person-1", BOX.width, BOX.height) == one
    assert leader_picture("person-2", BOX.width, BOX.height) != one


@given(st.text(max_size=20), st.floats(20, 400), st.floats(20, 300))
def test_a_signature_fits_its_place_in_one_direction_and_has_no_margin(
    person: str, width: float, height: float
) -> None:
    drawn = leader_picture(person, width, height)
    assert drawn.width <= width + 0.1
    assert drawn.height <= height + 0.1
    assert drawn.width > 0.9 * width or drawn.height > 0.9 * height


@given(st.text(max_size=40), st.floats(20, 400), st.floats(20, 300))
def test_the_stroke_never_leaves_its_box(person: str, width: float, height: float) -> None:
    for piece in stroke(person, width, height):
        for x, y in (piece.start, piece.end):
            assert piece.width / 2 <= x <= width - piece.width / 2
            assert piece.width / 2 <= y <= height - piece.width / 2


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=190))
def test_any_agency_name_gets_a_seal(name: str) -> None:
    assert seal_picture(name).pdf.startswith(b"%PDF-")


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


def test_a_drawn_seal_has_its_real_size() -> None:
    seal = seal_picture("Sở Tài chính")
    assert seal.width == seal.height == SEAL_DIAMETER
    assert seal.width / 72 * 25.4 == pytest.approx(36)  # millimetres


def scan(
    size: tuple[int, int], mark: tuple[int, int, int, int], dpi: int = 0, paper: int = 255
) -> bytes:
    """A dark rectangle on paper, which is transparent where `paper` is 0."""
    picture = Image.new("RGBA", size, (255, 255, 255, paper))
    picture.paste((30, 30, 30, 255), mark)
    output = BytesIO()
    picture.save(output, "PNG", **({"dpi": (dpi, dpi)} if dpi else {}))
    return output.getvalue()


@pytest.mark.parametrize("paper", [0, 255])
def test_of_a_scan_the_ink_alone_is_left_in_its_colour(paper: int) -> None:
    found = ink(scan((400, 200), (100, 50, 300, 150), paper=paper), BLUE)
    image = found.image._image
    assert image.size == (200, 100)
    assert found.ratio == 2
    assert image.getpixel((100, 50))[:3] == tuple(round(255 * part) for part in BLUE)
    assert image.getpixel((100, 50))[3] > 200


@pytest.mark.parametrize(("dpi", "millimetres"), [(300, 38), (0, 36), (30, 36), (3000, 36)])
def test_a_seal_s_picture_tells_its_size_within_reason(dpi: int, millimetres: int) -> None:
    pixels = round(38 / 25.4 * 300)
    picture = scan((pixels + 60, pixels + 60), (30, 30, pixels + 30, pixels + 30), dpi)
    seal = seal_picture("Sở Tài chính", picture)
    assert seal.width == seal.height == pytest.approx(millimetres * MM, rel=0.01)


@pytest.mark.parametrize("picture", [b"", b"GIF89a", scan((50, 50), (0, 0, 0, 0))])
def test_a_picture_without_ink_is_refused(picture: bytes) -> None:
    with pytest.raises(StampRefused):
        ink(picture, BLUE)


def test_a_place_is_filled_from_its_middle() -> None:
    assert centred(Box(2, 0, 10, 30, 20), 20, 20) == Box(2, 5, 5, 25, 25)


def test_the_seal_covers_a_third_of_the_signature_on_its_left() -> None:
    seal = over_left_third(Box(0, 300, 100, 390, 160), 100, 100)
    assert (seal.x2 - 300) / 90 == pytest.approx(1 / 3)
    assert (seal.y1 + seal.y2) / 2 == 130


def test_places_touch_on_one_page_alone() -> None:
    box = Box(0, 0, 0, 10, 10)
    assert touch(box, Box(0, 9, 9, 20, 20))
    assert not touch(box, Box(1, 9, 9, 20, 20))
    assert not touch(box, Box(0, 10, 0, 20, 10))
    assert touch(box, widened(Box(0, 12, 0, 20, 10), 3))


AT = datetime(2026, 11, 22, 17, 30, 9, tzinfo=UTC)


def test_the_time_of_signing_is_that_of_vietnam_with_its_zone() -> None:
    assert signing_time(AT) == "2026-11-23T00:30:09+07:00"


def test_an_attachment_names_the_main_document_and_the_time() -> None:
    assert of_attachment("15/QĐ-UBND", AT) == ("15/QĐ-UBND", "2026-11-23T00:30:09+07:00")


@pytest.mark.parametrize("form", ["SAO Y", "SAO LỤC", "TRÍCH SAO"])
def test_a_copy_names_its_form_its_maker_and_the_time(form: str) -> None:
    text = of_copy(form, "Sở Tài chính", AT)
    assert text == (form, "Sở Tài chính", "2026-11-23T00:30:09+07:00")


def test_another_form_of_copy_is_refused() -> None:
    with pytest.raises(ValueError, match="form of copy"):
        of_copy("BẢN SAO", "Sở Tài chính", AT)


@given(st.lists(st.text("abcđ", min_size=1, max_size=9), min_size=1, max_size=30))
def test_a_long_line_is_broken_between_words_and_loses_none(words: list[str]) -> None:
    pieces = broken(" ".join(words), lambda line: 6.0 * len(line))
    assert " ".join(pieces).split() == words
    assert all(len(piece) * 6.0 <= 80 * MM for piece in pieces)


def test_the_corner_s_text_is_upright_and_of_ten_points() -> None:
    drawn = corner_picture(["15/QĐ-UBND", "2026-11-23T00:30:09+07:00"])
    seen = words_of(drawn.pdf)
    assert [word.text for word in seen] == ["15/QĐ-UBND", "2026-11-23T00:30:09+07:00"]
    for word in seen:
        assert word.x2 - word.x1 == pytest.approx(text_width(word.text, "regular", 10), rel=0.01)
    fonts = poppler(drawn.pdf, "pdffonts", "FILE").decode()
    assert "+LiberationSerif " in fonts
    assert "LiberationSerif-" not in fonts  # neither bold nor italic


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
