"""PDF files from raw objects, and changes appended to files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

Change = Callable[[IncrementalPdfFileWriter], None]
TEXT = b"BT /F1 12 Tf 85 500 Td (The text of the decision.) Tj ET"


def page(
    content: bytes = TEXT,
    *,
    catalog: bytes = b"",
    on_page: bytes = b"",
    resources: bytes = b"",
    more: Mapping[int, bytes] = MappingProxyType({}),
) -> bytes:
    """One page with a text; objects 1 catalog, 2 pages, 3 page, 4 content, 5 font."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> " + resources + b" >> " + on_page + b" >>",
        4: stream(content),
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }
    return whole({**objects, **more})


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object's text."""
    length = b"<< /Length %d " % len(content)
    return length + entries + b" >>\nstream\n" + content + b"\nendstream"


def whole(objects: Mapping[int, bytes], trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A file of numbered objects with a plain cross-reference table."""
    return _section(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", objects, max(objects) + 1, trailer, free=True)


def appended(pdf: bytes, objects: Mapping[int, bytes], trailer: bytes = b"") -> bytes:
    """An incremental update of raw objects; the file's last trailer must be a plain one."""
    last = pdf[pdf.rindex(b"trailer") :]
    root = re.search(rb"/Root (\d+ \d+ R)", last)
    size = re.search(rb"/Size (\d+)", last)
    previous = re.search(rb"startxref\s+(\d+)", last)
    if not (root and size and previous):
        raise ValueError("the file's last trailer is not a plain one")
    entries = b"/Root %s /Prev %s " % (root[1], previous[1]) + trailer
    return _section(pdf, objects, max([int(size[1]), *(one + 1 for one in objects)]), entries)


def updated(pdf: bytes, change: Change) -> bytes:
    """An incremental update by structure."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def first_page(writer: IncrementalPdfFileWriter) -> Any:
    """The first page's dictionary."""
    return writer.root["/Pages"]["/Kids"][0]


def names(**entries: Any) -> Any:
    """A dictionary object with the entries' names."""
    return DictionaryObject({pdf_name(f"/{name}"): value for name, value in entries.items()})


def _section(
    before: bytes, objects: Mapping[int, bytes], size: int, trailer: bytes, free: bool = False
) -> bytes:
    output, offsets = bytearray(before), {}
    for number, content in sorted(objects.items()):
        offsets[number] = len(output)
        output += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(output)
    output += b"xref\n"
    if free:
        output += b"0 1\n0000000000 65535 f \n"
    elif not offsets:
        output += b"0 0\n"
    for number, offset in offsets.items():
        output += b"%d 1\n%010d 00000 n \n" % (number, offset)
    output += b"trailer\n<< /Size %d " % size + trailer + b" >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(output)
