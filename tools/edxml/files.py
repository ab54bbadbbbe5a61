"""Rules over the attachments: what they say they are, and what their first bytes say."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from libs.blobs import BlobStore
from libs.edxml import Attachment, DocumentPacket, StatusPacket
from tools.edxml.rules import Finding, finding

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {
    "pdf": {"application/pdf"},
    "doc": {"application/msword"},
    "docx": {_WORD},
    "xls": {"application/vnd.ms-excel"},
    "xlsx": {_SHEET},
    "odt": {"application/vnd.oasis.opendocument.text"},
    "ods": {"application/vnd.oasis.opendocument.spreadsheet"},
    "rtf": {"application/rtf", "text/rtf"},
    "txt": {"text/plain"},
    "csv": {"text/csv", "text/plain", "application/vnd.ms-excel"},
    "png": {"image/png"},
    "jpg": {"image/jpeg"},
    "jpeg": {"image/jpeg"},
    "tif": {"image/tiff"},
    "tiff": {"image/tiff"},
    "gif": {"image/gif"},
    "zip": {"application/zip", "application/x-zip-compressed"},
}
"""The types of each ending that axes accept (Ninh Binh's regulation 161/2025, and archives)."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
_BEGINNINGS = {
    "pdf": (b"%PDF-",),
    "doc": _OLE,
    "xls": _OLE,
    "docx": _ZIP,
    "xlsx": _ZIP,
    "odt": _ZIP,
    "ods": _ZIP,
    "zip": _ZIP,
    "rtf": (b"{\\rtf",),
    "png": (b"\x89PNG",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "tif": (b"II*\0", b"MM\0*"),
    "tiff": (b"II*\0", b"MM\0*"),
    "gif": (b"GIF8",),
}
_HEAD = 1024
LARGEST = 50_000_000
"""Bytes of one file (Ninh Binh's regulation 161/2025)."""
_LONGEST_NAME = 500
_GOOD_NAME = re.compile(r"[A-Za-z0-9._ ()-]{1,50}")


def judge(packet: DocumentPacket | StatusPacket, blobs: BlobStore) -> Iterator[Finding]:
    """Judge the attachments, whose bytes are in `blobs`."""
    listed = isinstance(packet, DocumentPacket)
    place = "edXML/edXMLEnvelope/edXMLBody/edXMLManifest/Reference"
    for number, file in enumerate(packet.attachments, start=1):
        where = f"{place if listed else 'edXML/AttachmentEncoded/Attachment'}[{number}]"
        yield from _name(file, where)
        yield from _type(file, where)
        yield from _content(file, where, blobs)


def _name(file: Attachment, where: str) -> Iterator[Finding]:
    where += "/AttachmentName"
    if not file.name:
        yield finding("expected_missing", where)
    elif len(file.name) > _LONGEST_NAME:
        yield finding("value_too_long", where, f"{len(file.name)} > {_LONGEST_NAME}")
    elif not _GOOD_NAME.fullmatch(file.name):
        yield finding("file_name_form", where)


def _type(file: Attachment, where: str) -> Iterator[Finding]:
    where += "/ContentType"
    kind = file.content_type.partition(";")[0].strip().lower()
    if not kind:
        yield finding("expected_missing", where)
    elif not any(kind in types for types in TYPES.values()):
        yield finding("type_not_allowed", where, kind)
    elif kind not in TYPES.get(_ending(file), ()):
        yield finding("type_mismatch", where, f".{_ending(file)}: {kind}")


def _content(file: Attachment, where: str, blobs: BlobStore) -> Iterator[Finding]:
    if file.size > LARGEST:
        yield finding("file_large", where, f"{file.size} > {LARGEST}")
    with blobs.open(file.digest) as content:
        head = content.read(_HEAD)
    beginnings = _BEGINNINGS.get(_ending(file), (b"",))
    if not head.startswith(beginnings):
        yield finding("content_mismatch", where, f".{_ending(file)}")


def _ending(file: Attachment) -> str:
    return PurePosixPath(file.name).suffix[1:].lower()
