"""Attachments (văn bản kèm theo): which files may go along with an outgoing document.

Names, formats and the size of one file are those of Ninh Bình's regulation (QĐ 161/2025).
"""

import re
from collections.abc import Sequence

from services.documents.errors import AttachmentsFull, FileNameUnfit, FileUnlikeItsName
from services.documents.events import AttachedFile

MOST = 20
LARGEST = 50 * 1024 * 1024
# In base64 and with the document itself they stay below the 100 MiB that a receiver takes.
MOST_BYTES = 64 * 1024 * 1024
LONGEST_NAME = 50
OPENING = 4096
"""So many first bytes of a file are enough to tell its type."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]*\.([A-Za-z]+)")
_ZIP = (b"PK\x03\x04",)
_OLE = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
_JPEG = ("image/jpeg", (b"\xff\xd8\xff",))
_TIFF = ("image/tiff", (b"II*\0", b"MM\0*"))
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
# By extension: the type, and how such a file begins; a text begins anyhow.
_FORMATS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "txt": ("text/plain", ()),
    "rtf": ("application/rtf", (b"{\\rtf",)),
    "doc": ("application/msword", _OLE),
    "docx": (f"{_OFFICE}.wordprocessingml.document", _ZIP),
    "odt": (f"{_OPEN}.text", _ZIP),
    "pdf": ("application/pdf", (b"%PDF-",)),
    "csv": ("text/csv", ()),
    "xls": ("application/vnd.ms-excel", _OLE),
    "xlsx": (f"{_OFFICE}.spreadsheetml.sheet", _ZIP),
    "ods": (f"{_OPEN}.spreadsheet", _ZIP),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "tif": _TIFF,
    "tiff": _TIFF,
    "bmp": ("image/bmp", (b"BM",)),
}


def check_name(name: str) -> str:
    """The extension, in small letters, of a name that may be sent. Raises `FileNameUnfit`."""
    match = _NAME.fullmatch(name)
    extension = match[1].lower() if match else ""
    if len(name) > LONGEST_NAME or extension not in _FORMATS:
        raise FileNameUnfit(LONGEST_NAME, _FORMATS)
    return extension


def content_type(name: str, opening: bytes) -> str:
    """The type of a file, from its name and its first `OPENING` bytes (all, if it is shorter).

    Raises `FileNameUnfit`, and `FileUnlikeItsName` where the two do not agree.
    """
    kind, beginnings = _FORMATS[check_name(name)]
    agrees = opening.startswith(beginnings) if beginnings else _is_text(opening)
    if not opening or not agrees:
        raise FileUnlikeItsName
    return kind


def is_new(file: AttachedFile, attached: Sequence[AttachedFile]) -> bool:
    """Whether the file is to be attached; no, when its bytes are attached already.

    Raises `FileNameUnfit`, `AttachmentsFull`.
    """
    check_name(file.name)
    if any(each.digest == file.digest for each in attached):
        return False
    together = file.size + sum(each.size for each in attached)
    if len(attached) >= MOST or together > MOST_BYTES:
        raise AttachmentsFull(MOST, MOST_BYTES)
    return True


def _is_text(opening: bytes) -> bool:
    return b"\0" not in opening or opening.startswith(_UTF_16)
