"""Words, their widths, and where lines break."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from libs.fonts import Style, serif
from services.documents.layout.errors import TextTooWide

NO_BREAK = "\N{NO-BREAK SPACE}"
_BALANCE_STEP = 6.0
# A web address may go on after these signs; nothing else in a word may be cut.
_PIECES = re.compile(r"[^/?&=_.-]*[/?&=_.-]+|[^/?&=_.-]+")


@dataclass(frozen=True, slots=True)
class Word:
    """What is never cut, its style, and whether it follows without a blank."""

    text: str
    style: Style
    glued: bool = False


Row = list[Word]


@cache
def font(style: Style) -> Any:
    """Return reportlab's font for `style`; PDFs embed only the letters they use."""
    made = TTFont(f"Serif-{style}", str(serif(style)), shapable=False)
    pdfmetrics.registerFont(made)
    return made


def words(text: str, style: Style = "regular") -> Row:
    """Split at blanks, but not at no-break spaces."""
    return [Word(part, style) for part in re.split(r"[ \t\r\n]+", text) if part]


def text_width(text: str, style: Style, size: float) -> float:
    return float(font(style).stringWidth(text, size))


def row_width(row: Row, size: float) -> float:
    return sum(text_width(text, style, size) for style, text in runs(row))


def runs(row: Row) -> Iterable[tuple[Style, str]]:
    """Join neighbours of one style; the blank between two words belongs to the second."""
    spaced = (
        (word.style, " " + word.text if place and not word.glued else word.text)
        for place, word in enumerate(row)
    )
    for style, group in groupby(spaced, key=lambda pair: pair[0]):
        yield style, "".join(text for _, text in group)


def break_rows(line: Row, size: float, room: float, indent: float = 0.0) -> list[Row]:
    """Fill rows of width `room`, the first shorter by `indent`. Raises `TextTooWide`."""
    rows: list[Row] = [[]]
    left = room - indent
    for word in (piece for whole in line for piece in _pieces(whole, size, room / 2)):
        width = text_width(word.text, word.style, size)
        blank = text_width(" ", word.style, size) if rows[-1] and not word.glued else 0.0
        if rows[-1] and blank + width > left:
            rows.append([])
            left, blank = room, 0.0
        if width > left:
            raise TextTooWide(word.text)
        rows[-1].append(word)
        left -= blank + width
    return rows


def balanced(text: str, style: Style, size: float, room: float) -> list[Row]:
    """Break centred text into few rows of like width; line feeds in it are kept as breaks."""
    lines = [words(part, style) for part in text.split("\n") if part]
    return [row for line in lines for row in _balance(line, size, room)]


def _balance(line: Row, size: float, room: float) -> list[Row]:
    best = break_rows(line, size, room)
    while len(best) > 1:
        room -= _BALANCE_STEP
        try:
            narrower = break_rows(line, size, room)
        except TextTooWide:
            break
        if len(narrower) > len(best):
            break
        best = narrower
    return best


def _pieces(word: Word, size: float, room: float) -> Row:
    """Cut what is wider than `room` after the signs of an address."""
    if text_width(word.text, word.style, size) <= room:
        return [word]
    return [
        Word(piece, word.style, glued=place > 0)
        for place, piece in enumerate(_PIECES.findall(word.text))
    ]


def put(canvas: Any, row: Row, x: float, y: float, size: float, stretch: float = 0.0) -> None:
    """Write `row` with its baseline from (x, y), each blank wider by `stretch`."""
    text = canvas.beginText(x, y)
    text.setWordSpace(stretch)
    for style, run in runs(row):
        text.setFont(font(style).fontName, size)
        text.textOut(run)
    canvas.drawText(text)


def put_centred(canvas: Any, row: Row, centre: float, y: float, size: float) -> float:
    """Write `row` around `centre` and return its width."""
    width = row_width(row, size)
    put(canvas, row, centre - width / 2, y, size)
    return width
