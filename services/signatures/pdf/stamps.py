"""The pictures of the signatures, each a small PDF of ours with an embedded font.

Decree 30/2020, Annex I: the leader's signature is blue, the agency's seal red and of real
size; number and date stand in the serif of the document, the date in italics.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from libs.fonts import Style, serif

from . import corner
from .box import SEAL_DIAMETER, Box, union
from .handwriting import Piece, stroke
from .pictures import Colour, StampRefused, ink

BLUE: Colour = (0.04, 0.14, 0.60)
RED: Colour = (0.86, 0.08, 0.10)
TEXT_SIZE = 13.0  # points: number and date (Decree 30/2020, Annex I, II.3 and II.4)
TEXT_BASELINE = 4.0  # above the lower edge, where the printed text beside the place stands
LONGEST_TEXT = 200
_DESCENT = 0.25  # of a line's letters below their baseline, in sizes


@dataclass(frozen=True)
class Drawn:
    """A drawing, as a PDF of its own size, in points."""

    pdf: bytes
    width: float
    height: float


@dataclass(frozen=True)
class Text:
    """Words and their place; `to_right` ends them at its right edge, as before a printed "/"."""

    words: str
    box: Box
    style: Style = "regular"
    to_right: bool = False


@lru_cache(maxsize=64)
def leader_picture(
    person_id: str, width: float, height: float, picture: bytes | None = None
) -> Drawn:
    """The leader's handwritten signature (chữ ký tay), blue, as large as fits, without margins.

    `picture` is his PNG; without one, a stroke that belongs to his id is drawn.
    Raises `StampRefused` for anything but a PNG of modest size.
    """
    if picture is not None:
        return _scanned(picture, BLUE, width, height)
    pieces = stroke(person_id, width, height)
    left, low = (_edge(pieces, axis, -1) for axis in (0, 1))
    right, top = (_edge(pieces, axis, 1) for axis in (0, 1))
    canvas, output = _canvas(right - left, top - low)
    canvas.translate(-left, -low)
    canvas.setStrokeColorRGB(*BLUE)
    canvas.setLineCap(1)
    for piece in pieces:
        canvas.setLineWidth(round(piece.width, 2))
        canvas.line(*(round(value, 2) for value in (*piece.start, *piece.end)))
    return Drawn(_finish(canvas, output), right - left, top - low)


def _edge(pieces: Sequence[Piece], axis: int, side: int) -> float:
    """The outermost ink of a stroke on one side."""
    reach = (
        side * point[axis] + piece.width / 2
        for piece in pieces
        for point in (piece.start, piece.end)
    )
    return side * max(reach)


def _scanned(picture: bytes, colour: Colour, width: float, height: float) -> Drawn:
    scan = ink(picture, colour)
    width = min(width, height * scan.ratio)
    height = width / scan.ratio
    canvas, output = _canvas(width, height)
    canvas.drawImage(scan.image, 0, 0, width, height, mask="auto")
    return Drawn(_finish(canvas, output), width, height)


def texts_picture(texts: Sequence[Text]) -> bytes:
    """Number and date (số, ngày) at their places inside the box around both."""
    whole = union([text.box for text in texts])
    canvas, output = _canvas(whole.width, whole.height)
    for text in texts:
        words = printable(text.words)
        name = _font(text.style)
        width = pdfmetrics.stringWidth(words, name, TEXT_SIZE)
        # A number longer than its place is made narrower: it must never touch printed words.
        squeeze = min(1.0, text.box.width / width)
        left = text.box.x1 - whole.x1
        if text.to_right:
            left += text.box.width - width * squeeze
        line = canvas.beginText(left, text.box.y1 - whole.y1 + TEXT_BASELINE)
        line.setFont(name, TEXT_SIZE)
        line.setHorizScale(100 * squeeze)
        line.textOut(words)
        canvas.drawText(line)
    return _finish(canvas, output)


def corner_picture(lines: Sequence[str]) -> Drawn:
    """The text of a signature on an attachment or a copy, upright and black, without a picture."""
    name = _font("regular")

    def width_of(line: str) -> float:
        width: float = pdfmetrics.stringWidth(line, name, corner.SIZE)
        return width

    rows = [row for line in lines for row in corner.broken(printable(line), width_of)]
    width = max(map(width_of, rows))
    height = corner.LEADING * len(rows)
    canvas, output = _canvas(width, height)
    for index, row in enumerate(rows, start=1):
        canvas.setFont(name, corner.SIZE)
        canvas.drawString(0, height - index * corner.LEADING + _DESCENT * corner.SIZE, row)
    return Drawn(_finish(canvas, output), width, height)


@lru_cache(maxsize=64)
def seal_picture(agency: str, picture: bytes | None = None) -> Drawn:
    """The agency's round red seal (con dấu) at real size.

    `picture` is its PNG, whose resolution tells the size, else it is 36 mm wide; without one a
    ring with the agency's name is drawn, with a star where the emblem would be. Raises
    `StampRefused`.
    """
    if picture is not None:
        width = ink(picture, RED).width or SEAL_DIAMETER
        return _scanned(picture, RED, width, 2 * width)
    canvas, output = _canvas(SEAL_DIAMETER, SEAL_DIAMETER)
    canvas.translate(SEAL_DIAMETER / 2, SEAL_DIAMETER / 2)
    canvas.setStrokeColorRGB(*RED)
    canvas.setFillColorRGB(*RED)
    radius = SEAL_DIAMETER / 2
    for distance, line in ((1.0, 2.0), (3.4, 0.6), (17.0, 0.8)):
        canvas.setLineWidth(line)
        canvas.circle(0, 0, radius - distance)
    _words_on_ring(canvas, printable(agency).upper(), baseline=radius - 13.6)
    _star(canvas, 0, -(radius - 10.2), 4.0)
    _emblem(canvas, radius - 17.0)
    return Drawn(_finish(canvas, output), SEAL_DIAMETER, SEAL_DIAMETER)


def printable(words: str) -> str:
    """Composed text of 1 to 200 characters without controls. Raises `StampRefused`."""
    composed = unicodedata.normalize("NFC", words).strip()
    if not 1 <= len(composed) <= LONGEST_TEXT:
        raise StampRefused(f"a text of {len(composed)} characters cannot be drawn")
    if any(unicodedata.category(letter).startswith("C") for letter in composed):
        raise StampRefused("a text with control characters cannot be drawn")
    return composed


def _words_on_ring(canvas: Any, words: str, baseline: float) -> None:
    """Letters around the top, upright seen from outside; a long name gets smaller, then narrow."""
    name, longest = _font("bold"), math.radians(292) * baseline
    size = 9.0
    while size > 6.0 and _spaced_width(words, name, size) > longest:
        size -= 0.25
    squeeze = min(1.0, longest / _spaced_width(words, name, size))
    middle = baseline + (9.0 - size) * 0.33
    angle = _spaced_width(words, name, size) * squeeze / middle / 2
    for letter in words:
        advance = (pdfmetrics.stringWidth(letter, name, size) + _gap(size)) * squeeze
        angle -= advance / middle / 2
        canvas.saveState()
        canvas.rotate(math.degrees(angle))
        canvas.translate(0, middle)
        canvas.scale(squeeze, 1)
        canvas.setFont(name, size)
        canvas.drawCentredString(0, 0, letter)
        canvas.restoreState()
        angle -= advance / middle / 2


def _gap(size: float) -> float:
    return size * 0.05


def _spaced_width(words: str, name: str, size: float) -> float:
    width: float = pdfmetrics.stringWidth(words, name, size)
    return width + len(words) * _gap(size)


def _emblem(canvas: Any, radius: float) -> None:
    """A star between two ears of rice: a placeholder, not the national emblem."""
    _star(canvas, 0, radius * 0.08, radius * 0.50)
    for side in (-1, 1):
        for index in range(9):
            around = math.radians(-82 + index * 15)
            canvas.saveState()
            canvas.translate(
                side * math.cos(around) * radius * 0.78, math.sin(around) * radius * 0.78
            )
            lean = math.degrees(around) + 62
            canvas.rotate(lean if side > 0 else 180 - lean)
            canvas.ellipse(-3.1, -1.15, 3.1, 1.15, stroke=0, fill=1)
            canvas.restoreState()
    canvas.setLineWidth(0.7)
    canvas.arc(*[part * radius * 0.70 for part in (-1, -1, 1, 1)], startAng=200, extent=140)


def _star(canvas: Any, x: float, y: float, radius: float) -> None:
    path = canvas.beginPath()
    for point in range(10):
        angle = math.pi / 2 + point * math.pi / 5
        reach = radius if point % 2 == 0 else radius * 0.382
        corner = (x + reach * math.cos(angle), y + reach * math.sin(angle))
        if point == 0:
            path.moveTo(*corner)
        else:
            path.lineTo(*corner)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)


@cache
def _font(style: Style) -> str:
    name = f"Stamp-{style}"
    pdfmetrics.registerFont(TTFont(name, str(serif(style))))
    return name


def _canvas(width: float, height: float) -> tuple[Any, BytesIO]:
    output = BytesIO()
    # invariant: no clock and no chance in the file, the same stamp has the same bytes.
    return Canvas(output, pagesize=(width, height), invariant=1, pageCompression=1), output


def _finish(canvas: Any, output: BytesIO) -> bytes:
    canvas.showPage()
    canvas.save()
    return output.getvalue()
