"""What the decree asks of visible signatures, on the pixels that a reader sees (Decree 30/2020)."""

from dataclasses import replace
from io import BytesIO
from typing import NamedTuple

import pytest
from PIL import Image, ImageChops, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from services.documents.layout import Rendered, render
from services.documents.layout.boxes import Box as PageBox
from services.documents.layout.sheet import HEIGHT
from services.signatures.pdf.box import Box
from services.signatures.pdf.sign import (
    sign_attachment,
    sign_copy,
    sign_leader,
    sign_number,
    sign_seal,
)
from services.signatures.pdf.signed import SigningRefused
from tests.support.pki import AGENCY, LEADER, PROVINCE, Pki, now, running
from tests.unit.layout_samples import DECISION, poppler, words_of

DOTS = 150  # per inch
MM = DOTS / 25.4
POINT = DOTS / 72


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def page() -> Rendered:
    return render(DECISION)


class Extent(NamedTuple):
    """Where something is on the picture, in dots from the upper left."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def seen(pdf: bytes) -> Image.Image:
    """The first page as a reader sees it."""
    shown = poppler(pdf, "pdftoppm", "-r", str(DOTS), "-l", "1", "-png", "FILE", "OUT")
    return Image.open(BytesIO(shown)).convert("RGB")


def ink_of(image: Image.Image, colour: str) -> Image.Image:
    """The dots in one of the three inks, white on black."""
    channels = dict(zip(("red", "green", "blue"), image.split(), strict=True))
    if colour == "black":
        high = ImageChops.lighter(
            ImageChops.lighter(*list(channels.values())[:2]), channels["blue"]
        )
        return high.point(lambda value: 255 if value < 90 else 0)
    others = [channel for name, channel in channels.items() if name != colour]
    excess = ImageChops.subtract(channels[colour], ImageChops.lighter(*others))
    return excess.point(lambda value: 255 if value > 40 else 0)


def extent(image: Image.Image, colour: str, within: Box | PageBox | None = None) -> Extent:
    """The outline of what is drawn in one ink; AssertionError when there is nothing."""
    found = ink_of(image, colour)
    left, top = 0, 0
    if within is not None:
        left, top = round(within.x1 * POINT), round((HEIGHT - within.y2) * POINT)
        found = found.crop(
            (left, top, round(within.x2 * POINT), round((HEIGHT - within.y1) * POINT))
        )
    edges = found.getbbox()
    assert edges is not None, f"no {colour}"
    return Extent(edges[0] + left, edges[1] + top, edges[2] + left, edges[3] + top)


def stands_in(found: Extent, place: PageBox) -> bool:
    """Whether an outline is inside a place, but for a dot of the edge's own softness."""
    return (
        found.left >= place.x1 * POINT - 2
        and found.right <= place.x2 * POINT + 2
        and found.top >= (HEIGHT - place.y2) * POINT - 2
        and found.bottom <= (HEIGHT - place.y1) * POINT + 2
    )


def has(image: Image.Image, colour: str) -> bool:
    return ink_of(image, colour).getbbox() is not None


def box(place: PageBox) -> Box:
    return Box(place.page, place.x1, place.y1, place.x2, place.y2)


def by_leader(pki: Pki, page: Rendered, picture: bytes | None = None) -> bytes:
    return sign_leader(
        page.pdf,
        signer=pki.keys.signer(LEADER),
        person_id=LEADER,
        box=box(page.boxes.leader),
        tsa=None,
        at=now(),
        picture=picture,
    ).pdf


def numbered(pki: Pki, page: Rendered, pdf: bytes, number: str = "15") -> bytes:
    return sign_number(
        pdf,
        signer=pki.keys.signer(AGENCY),
        number=number,
        number_box=box(page.boxes.number),
        date="ngày 22 tháng 11 năm 2026",
        date_box=box(page.boxes.date),
        tsa=None,
        at=now(),
    ).pdf


def sealed(pki: Pki, page: Rendered, pdf: bytes, picture: bytes | None = None) -> bytes:
    return sign_seal(
        pdf,
        signer=pki.keys.signer(AGENCY),
        agency=PROVINCE,
        box=box(page.boxes.seal),
        tsa=None,
        at=now(),
        picture=picture,
    ).pdf


def handwriting(size: tuple[int, int], paper: int = 255) -> bytes:
    """A scan of black ink that touches all four sides of a rectangle inside its margins."""
    picture = Image.new("RGBA", size, (255, 255, 255, paper))
    pen = ImageDraw.Draw(picture)
    edge = 40
    corners = [(edge, edge), (size[0] - edge, size[1] - edge)]
    pen.line(corners, fill=(20, 20, 20, 255), width=9)
    pen.line([(edge, size[1] - edge), (size[0] - edge, edge)], fill=(20, 20, 20, 255), width=9)
    output = BytesIO()
    picture.save(output, "PNG")
    return output.getvalue()


SCANS = {
    "drawn": None,
    "wide": handwriting((700, 260)),
    "narrow": handwriting((260, 500)),
    "square": handwriting((400, 400)),
    "transparent": handwriting((600, 300), paper=0),
}


@pytest.fixture(params=list(SCANS))
def scan(request: pytest.FixtureRequest) -> bytes | None:
    return SCANS[request.param]


def test_the_leaders_signature_is_blue_and_nothing_else_is(
    pki: Pki, page: Rendered, scan: bytes | None
) -> None:
    image = seen(by_leader(pki, page, scan))
    assert not has(image, "red")
    assert stands_in(extent(image, "blue"), page.boxes.leader)
    assert not has(seen(page.pdf), "blue")


def test_it_is_centred_between_position_and_name(
    pki: Pki, page: Rendered, scan: bytes | None
) -> None:
    ink = extent(seen(by_leader(pki, page, scan)), "blue")
    words = words_of(page.pdf)
    title = [word for word in words if word.text in ("PHÓ", "CHỦ", "TỊCH") and word.y1 < 600]
    name = [word for word in words if word.text in ("Nguyễn", "Tuyết")]
    column = (min(word.x1 for word in name) + max(word.x2 for word in name)) / 2
    assert ink.middle == pytest.approx(column * POINT, abs=1 * MM)
    assert ink.top >= (HEIGHT - min(word.y1 for word in title)) * POINT - 1
    assert ink.bottom <= (HEIGHT - max(word.y2 for word in name)) * POINT + 2 * MM


def test_the_seal_is_red_of_real_size_and_covers_a_third_of_the_signature_on_its_left(
    pki: Pki, page: Rendered, scan: bytes | None
) -> None:
    signed = by_leader(pki, page, scan)
    signature = extent(seen(signed), "blue")
    seal = extent(seen(sealed(pki, page, signed)), "red")
    assert seal.width == pytest.approx(36 * MM, abs=0.7 * MM)
    assert seal.bottom - seal.top == pytest.approx(36 * MM, abs=0.7 * MM)
    assert seal.left < signature.left
    assert (seal.right - signature.left) / signature.width == pytest.approx(1 / 3, abs=0.06)
    middle = (signature.top + signature.bottom) / 2
    assert (seal.top + seal.bottom) / 2 == pytest.approx(middle, abs=0.7 * MM)


def test_the_seal_hides_neither_the_signature_nor_the_words(pki: Pki, page: Rendered) -> None:
    signed = by_leader(pki, page)
    before, after = seen(signed), seen(sealed(pki, page, signed))
    strokes = ink_of(before, "blue").histogram()[255]
    assert ink_of(after, "blue").histogram()[255] > 0.8 * strokes
    letters = ink_of(before, "black").histogram()[255]
    assert ink_of(after, "black").histogram()[255] > 0.995 * letters


def test_a_seal_of_its_own_picture_has_the_size_that_the_picture_tells(
    pki: Pki, page: Rendered
) -> None:
    dots = round(40 / 25.4 * 300)
    picture = Image.new("RGBA", (dots + 80, dots + 80), (255, 255, 255, 255))
    ImageDraw.Draw(picture).ellipse((40, 40, dots + 40, dots + 40), outline=(120, 20, 20), width=20)
    output = BytesIO()
    picture.save(output, "PNG", dpi=(300, 300))
    seal = extent(seen(sealed(pki, page, by_leader(pki, page), output.getvalue())), "red")
    assert seal.width == pytest.approx(40 * MM, abs=0.7 * MM)


def test_without_a_leaders_signature_the_seal_stands_where_it_was_asked_for(
    pki: Pki, page: Rendered
) -> None:
    assert stands_in(extent(seen(sealed(pki, page, page.pdf)), "red"), page.boxes.seal)


@pytest.mark.parametrize("number", ["01", "15", "1234"])
def test_number_and_date_are_black_on_the_row_of_the_printed_words(
    pki: Pki, page: Rendered, number: str
) -> None:
    signed = by_leader(pki, page)
    before, after = seen(signed), seen(numbered(pki, page, signed, number))
    new = ImageChops.difference(before, after).convert("L").point(lambda v: 255 if v > 120 else 0)
    assert new.getbbox() is not None
    words = {word.text: word for word in words_of(page.pdf)}
    slash, place = words["/QĐ-UBND"], words["Bình,"]
    digits = extent(after, "black", page.boxes.number)
    assert 0 <= slash.x1 * POINT - digits.right <= 1.2 * MM
    day = extent(after, "black", page.boxes.date)
    assert 0 < day.left - place.x2 * POINT < 2.5 * MM
    # Digits stand on the baseline; of the date's letters "g" and "y" reach below it.
    baseline = (HEIGHT - slash.y1 - 13 * 0.216) * POINT
    assert digits.bottom == pytest.approx(baseline, abs=0.4 * MM)
    assert digits.bottom - digits.top == pytest.approx(13 * 0.676 * POINT, abs=0.4 * MM)
    assert not has(after, "red")


def scanned_page(turn: int, crop: bool = False) -> bytes:
    """A sheet of 140 by 200 mm as a scanner may have written it."""
    output = BytesIO()
    canvas = Canvas(output, pagesize=(397, 567), invariant=1)
    canvas.setPageRotation(turn)
    if crop:
        # reportlab turns the sheet itself, the crop not.
        canvas.setCropBox((30, 40, 370, 540) if turn % 180 == 0 else (30, 40, 540, 370))
    canvas.showPage()
    canvas.save()
    return output.getvalue()


@pytest.mark.parametrize("crop", [False, True], ids=["whole", "cropped"])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_an_attachments_signature_is_text_in_the_upper_right_corner_as_it_is_read(
    pki: Pki, turn: int, crop: bool
) -> None:
    signed = sign_attachment(
        scanned_page(turn, crop),
        signer=pki.keys.signer(AGENCY),
        code="15/QĐ-UBND",
        tsa=None,
        at=now(),
    ).pdf
    shown = poppler(signed, "pdftoppm", "-cropbox", "-r", str(DOTS), "-png", "FILE", "OUT")
    image = Image.open(BytesIO(shown)).convert("RGB")
    text = extent(image, "black")
    assert image.width - text.right == pytest.approx(10 * MM, abs=1.2 * MM)
    assert text.top == pytest.approx(5 * MM, abs=1.5 * MM)  # above the sheet's own head
    # Two upright lines of ten points: wider than high, the second one the longer.
    assert text.bottom - text.top == pytest.approx(19 * POINT, abs=2 * POINT)
    assert text.width == pytest.approx(116 * POINT, abs=6 * POINT)
    assert not has(image, "red")
    assert not has(image, "blue")


def test_a_copys_signature_names_form_agency_and_time_and_passes(pki: Pki) -> None:
    long_name = "Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân tỉnh Ninh Bình"
    signed = sign_copy(
        scanned_page(0),
        signer=pki.keys.signer(AGENCY),
        form="SAO Y",
        agency=long_name,
        tsa=pki.tsa(),
        at=now(),
    )
    text = extent(seen(signed.pdf), "black")
    assert text.width <= 81 * MM
    assert text.bottom - text.top == pytest.approx(44 * POINT, abs=3 * POINT)  # four lines
    report = pki.judge(signed.pdf)
    assert (report.verdict, report.signatures[0].role) == ("TOTAL_PASSED", "copy")


def test_a_page_of_a_stranger_that_is_none_is_refused(pki: Pki) -> None:
    with pytest.raises(SigningRefused) as refusal:
        sign_attachment(
            b"%PDF-1.7 rubbish", signer=pki.keys.signer(AGENCY), code="1", tsa=None, at=now()
        )
    assert refusal.value.code == "pdf_not_signable"


def test_all_signatures_of_a_page_with_scans_pass(pki: Pki, page: Rendered) -> None:
    signed = by_leader(pki, page, SCANS["narrow"])
    whole = sealed(pki, page, numbered(pki, page, signed))
    assert pki.judge(whole, pki.expected()).verdict == "TOTAL_PASSED"


def test_the_second_page_is_not_the_first(pki: Pki) -> None:
    long = render(replace(DECISION, paragraphs=(*DECISION.paragraphs, *["Báo cáo để biết."] * 40)))
    assert long.pages == 2
    signed = by_leader(pki, long)
    whole = sealed(pki, long, signed)
    assert not has(seen(whole), "red")
