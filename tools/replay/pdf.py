"""A report as a PDF to be printed: A4 across, in the letters of official documents."""

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import grey, lightgrey
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    CondPageBreak,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from libs.fonts import serif
from tools.replay.report import Report, Section

_REGULAR, _BOLD = "Replay-Regular", "Replay-Bold"
_MARGIN = 15 * mm
_PAGE = landscape(A4)
_PADDING = 6  # of the frame that a page's text stands in
_WIDTH = _PAGE[0] - 2 * _MARGIN - 2 * _PADDING
# A title never stands alone at the foot of a page.
_ROOM = 30 * mm
_TITLE = ParagraphStyle("title", fontName=_BOLD, fontSize=15, leading=20)
_HEAD = ParagraphStyle("head", fontName=_BOLD, fontSize=11, leading=15)
_FACT = ParagraphStyle("fact", fontName=_REGULAR, fontSize=10, leading=13)
_CELL = ParagraphStyle("cell", fontName=_REGULAR, fontSize=8, leading=10, splitLongWords=1)
_COLUMN = ParagraphStyle("column", parent=_CELL, fontName=_BOLD)
_GRID = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, lightgrey),
        ("LINEBELOW", (0, 0), (-1, 0), 0.75, grey),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
)


def write(report: Report, file: Path) -> None:
    """Write the PDF; raises `OSError`, and `FontNotInstalled` with the package to install."""
    for name, font in ((_REGULAR, serif("regular")), (_BOLD, serif("bold"))):
        pdfmetrics.registerFont(TTFont(name, str(font)))
    page = SimpleDocTemplate(
        str(file),
        pagesize=_PAGE,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=report.title,
        author="Liên Thông",
        lang="vi",
    )
    parts: list[Any] = [_text(report.title, _TITLE)]
    parts += [_text(f"{name}: {told}", _FACT) for name, told in report.facts]
    for section in report.sections:
        parts += _section(section)
    page.build(parts, onFirstPage=_number, onLaterPages=_number)


def _section(section: Section) -> list[Any]:
    head = [CondPageBreak(_ROOM), Spacer(0, 3 * mm), _text(section.title, _HEAD)]
    if not section.rows:
        return [*head, _text("(không có)", _FACT)]
    total = sum(section.weights)
    table = LongTable(
        [
            [_text(title, _COLUMN) for title in section.columns],
            *([_text(cell, _CELL) for cell in row] for row in section.rows),
        ],
        colWidths=[_WIDTH * weight / total for weight in section.weights],
        repeatRows=1,
        splitInRow=1,
        style=_GRID,
    )
    return [*head, table]


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text).replace("\n", "<br/>"), style)


def _number(canvas: Any, page: Any) -> None:
    canvas.setFont(_REGULAR, 9)
    canvas.drawRightString(_PAGE[0] - _MARGIN, 8 * mm, f"Trang {page.page}")
