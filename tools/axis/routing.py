"""Reading from a packet's header (edXMLHeader) where it comes from and where it goes."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import BinaryIO
from xml.parsers import expat

from tools.axis.refusal import NOT_CONFORMANT, Refusal

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
# The largest header that makes sense: some thousand recipients with all their address lines.
MAX_HEADER = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_VALUE = 4096
_CHUNK = 64 * 1024
_HEADER = ("edXML", "edXMLEnvelope", "edXMLHeader", "MessageHeader")


@dataclass(frozen=True)
class Routing:
    """The address on the packet, and what the sender's list shows of it."""

    sender: str
    recipients: tuple[str, ...]
    title: str
    notation: str

    @property
    def shown(self) -> tuple[str, str, str]:
        """Sender, title and notation, as the sender's list shows them."""
        return (self.sender, self.title, self.notation)

    def to(self, recipients: tuple[str, ...]) -> "Routing":
        """Return the same with other recipients."""
        return replace(self, recipients=recipients)


def read_routing(packet: BinaryIO, message_type: str) -> Routing:
    """Read the address of an `edoc` or `status` packet; the rest of the file is not looked at.

    A status packet goes to the sender of the document that it is about (ResponseFor). Raises
    `Refusal` (22) for what is not edXML, has a DOCTYPE, lacks an address, or whose header
    (MessageHeader) does not end within `MAX_HEADER` bytes.
    """
    header = _Header()
    read = 0
    while not header.complete:
        chunk = packet.read(_CHUNK)
        read += len(chunk)
        if read > MAX_HEADER:
            raise Refusal(NOT_CONFORMANT, f"MessageHeader is longer than {MAX_HEADER} bytes")
        header.feed(chunk)
    return _status_routing(header) if message_type == "status" else _document_routing(header)


def _document_routing(header: "_Header") -> Routing:
    recipients = header.values("To/OrganId")
    if not recipients:
        raise Refusal(NOT_CONFORMANT, "To/OrganId is missing")
    notation = "/".join(header.values("Code/CodeNumber") + header.values("Code/CodeNotation"))
    title = " ".join(header.values("Subject"))
    return Routing(header.one("From/OrganId"), tuple(dict.fromkeys(recipients)), title, notation)


def _status_routing(header: "_Header") -> Routing:
    recipient = header.one("ResponseFor/OrganId")
    title = header.one("StatusCode")
    notation = " ".join(header.values("ResponseFor/Code"))
    return Routing(header.one("From/OrganId"), (recipient,), title, notation)


class _Header:
    """The texts under MessageHeader, by path, filled as the file is fed in."""

    def __init__(self) -> None:
        self.complete = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._values: dict[str, list[str]] = defaultdict(list)
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes) -> None:
        """Parse on; an empty chunk is the end of the file."""
        try:
            self._parser.Parse(chunk, not chunk)
        except (expat.ExpatError, ValueError, LookupError) as error:
            # What follows the header in the same chunk is the receiver's to judge.
            if not self.complete:
                raise Refusal(NOT_CONFORMANT, "the packet is not well-formed XML") from error
        if not chunk and not self.complete:
            raise Refusal(NOT_CONFORMANT, "the packet has no edXML MessageHeader")

    def values(self, path: str) -> list[str]:
        return self._values[path]

    def one(self, path: str) -> str:
        """Return the only value at `path`; refuse none and several."""
        values = self._values[path]
        if len(values) != 1:
            raise Refusal(NOT_CONFORMANT, f"{path} must occur once")
        return values[0]

    def _doctype(self, *_declaration: object) -> None:
        raise Refusal(NOT_CONFORMANT, "a DOCTYPE is not allowed")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        self._path.append(local if namespace == NAMESPACE else name)
        self._text = []
        if len(self._path) > MAX_DEPTH:
            raise Refusal(NOT_CONFORMANT, f"elements are nested deeper than {MAX_DEPTH}")
        if self._path[0] != "edXML":
            raise Refusal(NOT_CONFORMANT, "the root element is not edXML")

    def _characters(self, text: str) -> None:
        self._text.append(text)

    def _end(self, _name: str) -> None:
        path = tuple(self._path)
        self._path.pop()
        text, self._text = "".join(self._text).strip(), []
        if path[: len(_HEADER)] != _HEADER:
            return
        if len(text) > MAX_VALUE:
            raise Refusal(NOT_CONFORMANT, f"{path[-1]} is longer than {MAX_VALUE} characters")
        if text:
            self._values["/".join(path[len(_HEADER) :])].append(text)
        if path == _HEADER:
            self.complete = True
            self._parser.StartElementHandler = None
            self._parser.EndElementHandler = None
            self._parser.CharacterDataHandler = None
