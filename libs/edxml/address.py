"""Who a packet is addressed to, read from its beginning: its files, which follow, stay unread."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO
from xml.parsers import expat  # the handlers below refuse what makes it dangerous

from libs.edxml.element import NAMESPACE, WHITE
from libs.edxml.errors import MalformedPacket

_CHUNK = 64 * 1024
_LONGEST_HEADER = 8 * 1024 * 1024
_HEADER = ("edXML", "edXMLEnvelope", "edXMLHeader", "MessageHeader")
_TO = (*_HEADER, "To")
_ORGAN = (*_TO, "OrganId")


@dataclass(frozen=True)
class _To:
    """One recipient's code, and the bytes of its element."""

    code: str
    start: int
    end: int


def addressees(stream: BinaryIO) -> list[str]:
    """The recipients' codes in a packet's own order. Raises `MalformedPacket`."""
    return [each.code for each in _Beginning(stream).recipients]


def narrowed(stream: BinaryIO, codes: Collection[str]) -> bytes:
    """A packet's beginning without the recipients that are not in `codes`.

    What comes behind it is left in the stream, unread and unchanged. Raises `MalformedPacket`, and
    `ValueError` when nobody is left.
    """
    beginning = _Beginning(stream)
    others = [each for each in beginning.recipients if each.code not in codes]
    if len(others) == len(beginning.recipients):
        raise ValueError("none of these is a recipient of the packet")
    data, kept, at = beginning.data, bytearray(), 0
    for each in others:
        kept += data[at : each.start]
        at = each.end
    return bytes(kept + data[at:])


class _Beginning:
    """A packet up to the end of its MessageHeader, and some more."""

    def __init__(self, stream: BinaryIO) -> None:
        self.data = bytearray()
        self.recipients: list[_To] = []
        self._path: list[str] = []
        self._texts: list[str] = []
        self._code, self._start = "", 0
        self._complete = False
        self._parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._read(stream)

    def _read(self, stream: BinaryIO) -> None:
        try:
            while not self._complete:
                chunk = stream.read(_CHUNK)
                self.data += chunk
                if len(self.data) > _LONGEST_HEADER:
                    raise MalformedPacket("header_too_large", "/".join(_HEADER))
                self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            # What follows the header in the same chunk is its reader's to judge.
            if not self._complete:
                where = f"line {error.lineno}, column {error.offset}"
                raise MalformedPacket("xml_invalid", where) from error

    def _open(self, tag: str, _attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        self._path.append(name if namespace == NAMESPACE else tag)
        if tuple(self._path) == _TO:
            self._code, self._start = "", self._parser.CurrentByteIndex
        self._texts.clear()

    def _text(self, text: str) -> None:
        if tuple(self._path) == _ORGAN:
            self._texts.append(text)

    def _close(self, _tag: str) -> None:
        path = tuple(self._path)
        self._path.pop()
        if path == _ORGAN:
            self._code = "".join(self._texts).strip(WHITE)
        elif path == _TO:
            end = self.data.index(b">", self._parser.CurrentByteIndex) + 1
            while self.data[end : end + 1].isspace():
                end += 1
            self.recipients.append(_To(self._code, self._start, end))
        elif path == _HEADER:
            self._complete = True
            self._parser.StartElementHandler = None
            self._parser.EndElementHandler = None
            self._parser.CharacterDataHandler = None

    def _doctype(self, *_declaration: object) -> None:
        raise MalformedPacket("doctype_forbidden", "edXML")
