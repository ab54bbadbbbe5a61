"""The timeline as a PDF to print and to file: the page's lines, the same bytes each time."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape, unescape
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, Table

from services.documents.layout.text import font
from tools.bundle.verify_bundle import VIETNAM

Values = Mapping[str, Any]
_GREY, _RULE = HexColor("#555555"), HexColor("#bbbbbb")
_MARGIN = 15 * mm
_COLUMNS = (24, 52, 48, 82, 13, 43)
_HEADS = (
    ("Lúc", "at (UTC+7)"),
    ("Cơ quan", "agency"),
    ("Người xử lý", "handler"),
    ("Bước xử lý", "step"),
    ("Mã", "status"),
    ("Văn bản", "document"),
)
_FACTS = (
    ("Hồ sơ", "trace", "trace"),
    ("Sự kiện", "events", "events"),
    ("Tệp", "files", "files"),
    ("Nhật ký", "log", "log"),
)


def timeline_pdf(template: str, about: Values, lines: Sequence[Values]) -> bytes:
    """Set a trace's lines; closes with the words of the page `template` on completeness."""
    file = BytesIO()
    document = SimpleDocTemplate(
        file, pagesize=landscape(A4), invariant=1, title=about["subject"], lang="vi-VN",
        leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=18 * mm,
        author="Liên Thông", creator="Liên Thông", producer="Liên Thông",
    )  # fmt: skip
    story = [*_head(about), _table(lines), Spacer(0, 5 * mm), *_foot(template)]

    def canvas(*words: Any, **named: Any) -> "_Numbered":
        named["initialFontName"] = font("regular").fontName
        return _Numbered(str(about["trace"]), *words, **named)

    document.build(story, canvasmaker=canvas)
    return file.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]
    """Writes "page / pages" below each page once their number is known."""

    def __init__(self, trace: str, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self._trace = trace
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, state in enumerate(self._kept, start=1):
            self.__dict__.update(state)
            self.setFont(font("regular").fontName, 8)
            self.setFillColor(_GREY)
            self.drawString(_MARGIN, 10 * mm, f"Hồ sơ {self._trace}")
            right = landscape(A4)[0] - _MARGIN
            self.drawRightString(right, 10 * mm, f"Trang {number} / {len(self._kept)}")
            super().showPage()
        super().save()


def _head(about: Values) -> list[Any]:
    rows = [[_cell(vi, en, small=True), _text(str(about[name]), 9)] for vi, en, name in _FACTS]
    facts = Table(rows, colWidths=(30 * mm, 232 * mm), hAlign="LEFT")
    facts.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ]
    )
    title = "Diễn biến xử lý của một hồ sơ qua các cấp hành chính"
    english = "Every step of one matter through all tiers of government"
    return [
        _text(str(about["subject"]), 15, "bold"),
        Spacer(0, 1.5 * mm),
        _text(f"{title} · {english}", 9.5, "italic"),
        Spacer(0, 3 * mm),
        facts,
        Spacer(0, 4 * mm),
    ]


def _table(lines: Sequence[Values]) -> Any:
    rows = [[_cell(vi, en, style="bold") for vi, en in _HEADS], *map(_row, lines)]
    table = LongTable(rows, colWidths=[width * mm for width in _COLUMNS], repeatRows=1)
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("LINEBELOW", (0, 0), (-1, 0), 1, HexColor("#111111")),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, _RULE),
        ]
    )
    return table


def _row(line: Values) -> list[Any]:
    at = datetime.fromisoformat(line["at"]).astimezone(VIETNAM)
    more = [line[name] for name in ("unit", "assignee", "counterpart") if line[name]]
    return [
        _cell(f"{at:%H:%M:%S}", f"{at:%d/%m/%Y}"),
        _cell(line["agency_name"], line["agency_code"]),
        _cell(line["handler"], line["position"]),
        _cell(line["action"], line["action_en"], *(f"· {each}" for each in more)),
        _text(line["status_code"], 10),
        _cell(line["document_code"], line["event_type"]),
    ]


def _foot(template: str) -> list[Any]:
    """The page's own words, without its marks."""
    found = re.findall(r"<p>(.*?)</p>", template.split("<!--cut-->")[2], re.S)
    plain = [" ".join(unescape(re.sub(r"<[^>]+>", "", each)).split()) for each in found]
    return [
        _text(each, 9, "regular" if number == 0 else "italic") for number, each in enumerate(plain)
    ]


def _cell(text: str, below: str, *more: str, style: Any = "regular", small: bool = False) -> Any:
    """A text, and in grey italics what stands below it, or behind it when it is small."""
    grey = f'<font name="{font("italic").fontName}" size="8" color="#555555">{escape(below)}</font>'
    parts = [escape(text), *([grey] if below else [])]
    parts += [f'<font size="8.5">{escape(each)}</font>' for each in more]
    return _paragraph((" · " if small else "<br/>").join(parts), 9 if small else 10, style)


def _text(text: str, size: float, style: Any = "regular") -> Any:
    return _paragraph(escape(text), size, style)


def _paragraph(marked: str, size: float, style: Any) -> Any:
    name = font(style).fontName
    look = ParagraphStyle(name, fontName=name, fontSize=size, leading=size * 1.25, splitLongWords=1)
    return Paragraph(marked, look)
