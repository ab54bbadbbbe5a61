"""Put a small PDF of ours into a signature field."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.content import AppearanceContent
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import BaseStampStyle


@dataclass(frozen=True)
class Drawing(BaseStampStyle):  # type: ignore[misc]
    """The look of a field: one page of `pdf` at its own size, without border or background.

    `turn` is by how many degrees a reader turns the page: the drawing is upright after that.
    """

    pdf: bytes = b""
    turn: int = 0

    def create_stamp(
        self,
        writer: Any,
        box: BoxConstraints,
        text_params: dict[str, Any],  # noqa: ARG002 - named by pyHanko
    ) -> AppearanceContent:
        return _DrawnStamp(writer, box, self.pdf, self.turn)


class _DrawnStamp(AppearanceContent):  # type: ignore[misc]
    def __init__(self, writer: Any, box: BoxConstraints, pdf: bytes, turn: int) -> None:
        super().__init__(writer=writer, box=box)
        self._pdf, self._turn = pdf, turn

    def render(self) -> bytes:
        page = self._ensure_writer.import_page_as_xobject(PdfFileReader(BytesIO(self._pdf)))
        self.resources.xobject[pdf_name("/Drawing")] = page
        return b"q %s /Drawing Do Q" % _turned(self._turn, self.box.width, self.box.height)


def _turned(turn: int, width: float, height: float) -> bytes:
    """The matrix that turns a drawing against the page, into a field of this size."""
    matrix = {
        90: (0, 1, -1, 0, width, 0),
        180: (-1, 0, 0, -1, width, height),
        270: (0, -1, 1, 0, 0, height),
    }.get(turn, (1, 0, 0, 1, 0, 0))
    return " ".join(f"{number:g}" for number in matrix).encode() + b" cm"
