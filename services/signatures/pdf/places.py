"""Where on a page a signature belongs: over the leader's, or in the upper right corner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from .box import MM, Box, centred, over_left_third, touch, widened
from .reading import open_pdf

SIDE_MARGIN = 10 * MM
TOP_MARGIN = 5 * MM  # three lines end above the 20 mm at which a document's own head begins
NEAR = 20 * MM
"""How far a narrow signature may stand from the place that was meant for a wide one's seal."""
_A4 = (0.0, 0.0, 210 * MM, 297 * MM)


@dataclass(frozen=True)
class Corner:
    """A place on a page that a reader sees upright after turning the page by `turn` degrees."""

    box: Box
    turn: int


def seal_place(pdf: bytes, given: Box, width: float, height: float) -> Box:
    """The seal's rectangle: over a third of the leader's signature that stands there, on its left.

    Where no leader's signature is near `given`, the seal stands around its centre.
    """
    try:
        leaders = list(_leaders(open_pdf(pdf), given.page))
    except (PdfReadError, ValueError, TypeError, KeyError, IndexError):
        leaders = []  # what is wrong with the file, whoever signs it will say
    signatures = [box for box in leaders if touch(box, widened(given, NEAR))]
    if not signatures:
        return centred(given, width, height)
    middle = (given.x1 + given.x2) / 2
    nearest = min(signatures, key=lambda box: abs(box.x1 - middle))
    return over_left_third(nearest, width, height)


def _leaders(reader: PdfFileReader, page: int) -> Iterator[Box]:
    here = reader.find_page_for_modification(page)[0].reference
    for name, _, field in enumerate_sig_fields(reader, filled_status=True):
        widget = field.get_object()
        if name.rpartition(".")[2].startswith("leader") and "/Rect" in widget:
            standing = widget.get_value_as_reference("/P", optional=True)
            if standing is None or standing == here:
                yield _rectangle(page, widget["/Rect"])


def _rectangle(page: int, rect: Any) -> Box:
    x1, y1, x2, y2 = (float(value) for value in rect)
    return Box(page, min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def corner_of_first_page(pdf: bytes, width: float, height: float, left: bool = False) -> Corner:
    """The upper right (or `left`) corner as a reader sees it: cropped and turned as the page says.

    `width` and `height` are those of the text, upright. Raises any class of error for a file that
    is no PDF, and `BoxRefused` for a page without room.
    """
    reader = open_pdf(pdf)
    page = reader.find_page_for_modification(0)[0].get_object()
    turn = int(_inherited(page, "/Rotate") or 0) % 360
    west, south, east, north = _visible(page)
    # How far the text goes along the page as it is stored, and which of its corners is the one.
    across, up = (height, width) if turn in (90, 270) else (width, height)
    at_west = turn in (90, 180) if not left else turn in (0, 90)
    at_south = turn in (180, 270) if not left else turn in (90, 180)
    aside, above = (TOP_MARGIN, SIDE_MARGIN) if turn in (90, 270) else (SIDE_MARGIN, TOP_MARGIN)
    x1 = west + aside if at_west else east - aside - across
    y1 = south + above if at_south else north - above - up
    return Corner(Box(0, x1, y1, x1 + across, y1 + up), turn)


def _visible(page: Any) -> tuple[float, float, float, float]:
    """The part of the page that is shown: the crop within the sheet (ISO 32000-1, 14.11.2)."""
    sheet = _rectangle(0, _inherited(page, "/MediaBox") or _A4)
    told = _inherited(page, "/CropBox")
    crop = _rectangle(0, told) if told else sheet
    return (
        max(sheet.x1, crop.x1),
        max(sheet.y1, crop.y1),
        min(sheet.x2, crop.x2),
        min(sheet.y2, crop.y2),
    )


def _inherited(page: Any, key: str) -> Any:
    for _ in range(50):  # levels of a page tree; a hostile one may be a ring
        if key in page:
            return page[key]
        if "/Parent" not in page:
            return None
        page = page["/Parent"]
    return None
