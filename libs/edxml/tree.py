"""XML from strangers, read with expat callbacks.

lxml would hold an attachment's text whole; here it flows into a blob, and everything else, which
is small or refused, becomes a tree.
"""

from typing import BinaryIO
from xml.parsers import expat  # the handlers below refuse what makes it dangerous

from libs.blobs import BlobStore
from libs.edxml.content import Content
from libs.edxml.element import NAMESPACE, WHITE, Element
from libs.edxml.errors import MalformedPacket
from libs.edxml.limits import Limits

_CHUNK = 64 * 1024
_CONTENT = ("edXML", "AttachmentEncoded", "Attachment", "ContentTransferEncoded")


class _Open:
    """An element whose end has not come yet."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.namespace, _, self.name = tag.rpartition(" ")
        self.attributes = tuple((_clark(name), value) for name, value in attributes.items())
        self.pieces: list[str] = []
        self.chars = 0
        self.children: list[Element] = []

    def end(self) -> Element:
        text = "".join(self.pieces).strip(WHITE)
        children = tuple(self.children)
        return Element(self.name, self.namespace, self.attributes, text, children)


class TreeReader:
    """Reads one packet. Afterwards the n-th `ContentTransferEncoded` has n as its text, and
    `contents[n]` has its bytes; whoever made the reader commits or aborts them."""

    def __init__(self, blobs: BlobStore, limits: Limits) -> None:
        self.contents: list[Content] = []
        self._blobs = blobs
        self._limits = limits
        self._open: list[_Open] = []
        self._root: Element | None = None
        self._content: Content | None = None
        self._elements = 0
        self._chars = 0
        # The format is UTF-8; the declaration could only name another encoding by mistake.
        self._parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.buffer_size = _CHUNK
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, stream: BinaryIO) -> Element:
        """Return the root element. Raises `MalformedPacket`."""
        size = 0
        try:
            while data := stream.read(_CHUNK):
                size += len(data)
                if size > self._limits.packet_bytes:
                    raise MalformedPacket("packet_too_large", "edXML")
                self._parser.Parse(data, False)
                # What expat has not reported yet is one unfinished tag, comment or instruction.
                if size - self._parser.CurrentByteIndex > self._limits.token_bytes:
                    raise MalformedPacket("token_too_long", self._where())
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            where = f"line {error.lineno}, column {error.offset}"
            raise MalformedPacket("xml_invalid", where) from error
        assert self._root is not None  # expat refuses an empty document
        return self._root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = _Open(tag, attributes)
        self._open.append(element)
        self._elements += 1
        if len(self._open) > self._limits.depth:
            raise MalformedPacket("too_deep", self._where())
        if self._elements > self._limits.elements:
            raise MalformedPacket("too_many_elements", self._where())
        if self._content:
            raise MalformedPacket("unexpected_element", self._where())
        self._count(len(element.name) + sum(len(n) + len(v) for n, v in element.attributes))
        if self._is_at(_CONTENT):
            self._begin_content()

    def _begin_content(self) -> None:
        if len(self.contents) >= self._limits.attachments:
            raise MalformedPacket("too_many_attachments", self._where())
        self._open[-1].pieces.append(str(len(self.contents)))
        writer = self._blobs.writer(limit=self._limits.attachment_bytes)
        self._content = Content(writer, self._where())
        self.contents.append(self._content)

    def _text(self, text: str) -> None:
        if self._content:
            self._content.feed(text)
            return
        element = self._open[-1]
        if not element.pieces:
            # Indentation between elements is not kept, so it does not count.
            text = text.lstrip(WHITE)
        if not text:
            return
        element.chars += len(text)
        if element.chars > self._limits.text_chars:
            raise MalformedPacket("text_too_long", self._where())
        self._count(len(text))
        element.pieces.append(text)

    def _end(self, _tag: str) -> None:
        if self._content:
            self._content.finish()
            self._content = None
        element = self._open.pop().end()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element

    def _doctype(self, *_declaration: object) -> None:
        raise MalformedPacket("doctype_forbidden", "edXML")

    def _count(self, chars: int) -> None:
        self._chars += chars
        if self._chars > self._limits.header_chars:
            raise MalformedPacket("header_too_large", self._where())

    def _is_at(self, path: tuple[str, ...]) -> bool:
        return len(self._open) == len(path) and all(
            (element.namespace, element.name) == (NAMESPACE, name)
            for element, name in zip(self._open, path, strict=True)
        )

    def _where(self) -> str:
        return "/".join(element.name for element in self._open)


def _clark(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    return f"{{{namespace}}}{local}" if namespace else local
