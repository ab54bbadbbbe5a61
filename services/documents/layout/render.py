"""From an official document to its PDF, the same bytes every time."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFInfo, PDFString
from reportlab.pdfgen.canvas import Canvas

from services.documents.layout.boxes import Boxes
from services.documents.layout.document import OfficialDocument, checked
from services.documents.layout.flow import Line, flow, paginate
from services.documents.layout.foot import draw_foot, measure
from services.documents.layout.head import draw_head
from services.documents.layout.sheet import (
    BODY,
    BOTTOM,
    HEIGHT,
    LEADING,
    MM,
    TEXT_HEIGHT,
    TOP,
    WIDTH,
)
from services.documents.layout.text import font, put, put_centred, words
from services.documents.types import document_type

_PAGE_NUMBER_SIZE = 13.0  # 13-14, in the upper margin (Annex I, I.7)
_PAGE_NUMBER_Y = HEIGHT - 14 * MM
_ASCENT = 14.0  # baseline below the upper edge of a line


@dataclass(frozen=True)
class Rendered:
    """The PDF, the places left for the signatures, and the number of pages."""

    pdf: bytes
    boxes: Boxes
    pages: int


class _Information(PDFInfo):  # type: ignore[misc]
    """Document information without dates: a clock would change the digest."""

    def format(self, document: Any) -> Any:
        entries = {
            "Title": self.title,
            "Author": self.author,
            "Creator": self.creator,
            "Producer": self.producer,
        }
        return PDFDictionary({key: PDFString(text) for key, text in entries.items()}).format(
            document
        )


def render(page: OfficialDocument) -> Rendered:
    """Lay out `page` by Annex I of Decree 30/2020/NĐ-CP: PDF 1.7, A4, fonts embedded as subsets.

    Number and date stay empty, for the agency's own signature field to show. The same
    input gives the same bytes. Raises `LayoutError`, `UnknownDocumentType`,
    `FontNotInstalled`; the input may be hostile, and nothing is cut or left out silently.
    """
    page = checked(page)
    file = BytesIO()
    canvas = _open(file, page)
    head = draw_head(canvas, page)
    foot = measure(page)
    y = head.bottom
    for number, lines in enumerate(paginate(flow(page), y - BOTTOM, TEXT_HEIGHT, foot.height)):
        if number:
            y = _next_page(canvas)
        y = _draw_lines(canvas, lines, y)
    first, *more = draw_foot(canvas, foot, y, number, lambda: _next_page(canvas))
    pages = canvas.getPageNumber()
    canvas.save()
    boxes = Boxes(first.leader, head.number, head.date, first.seal, tuple(more))
    return Rendered(file.getvalue(), boxes, pages)


def _open(file: BytesIO, page: OfficialDocument) -> Any:
    canvas = Canvas(
        file,
        pagesize=(WIDTH, HEIGHT),
        pdfVersion=(1, 7),
        invariant=1,
        pageCompression=1,
        initialFontName=font("regular").fontName,
        lang="vi-VN",
    )
    canvas._doc.info = _Information()
    title = page.type_name or document_type(page.type_code).name
    canvas.setTitle(f"{title.capitalize()}: {page.subject}".replace("\n", " "))
    canvas.setAuthor(page.agency.replace("\n", " "))
    canvas.setCreator("Liên Thông")
    canvas.setProducer("Liên Thông")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    return canvas


def _next_page(canvas: Any) -> float:
    """Begin a page with its number and return where its text starts."""
    canvas.showPage()
    number = words(str(canvas.getPageNumber()))
    put_centred(canvas, number, WIDTH / 2, _PAGE_NUMBER_Y, _PAGE_NUMBER_SIZE)
    return TOP


def _draw_lines(canvas: Any, lines: list[Line], y: float) -> float:
    for place, line in enumerate(lines):
        y -= line.before if place else 0.0
        put(canvas, line.row, line.x, y - _ASCENT, BODY, line.stretch)
        y -= LEADING
    return y
