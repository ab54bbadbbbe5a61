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
    """The look of a field: one page of `pdf` at its own size, without border or background."""

    pdf: bytes = b""

    def create_stamp(
        self,
        writer: Any,
        box: BoxConstraints,
        text_params: dict[str, Any],  # noqa: ARG002 - named by pyHanko
    ) -> AppearanceContent:
        return _DrawnStamp(writer, box, self.pdf)


class _DrawnStamp(AppearanceContent):  # type: ignore[misc]
    def __init__(self, writer: Any, box: BoxConstraints, pdf: bytes) -> None:
        super().__init__(writer=writer, box=box)
        self._pdf = pdf

    def render(self) -> bytes:
        page = self._ensure_writer.import_page_as_xobject(PdfFileReader(BytesIO(self._pdf)))
        self.resources.xobject[pdf_name("/Drawing")] = page
        return b"q /Drawing Do Q"
