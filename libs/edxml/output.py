"""XML as the sample packets lay it out: two spaces a level, one element a line."""

import re
from typing import Protocol

from libs.edxml.element import NAMESPACE, Attributes, Element
from libs.edxml.errors import MalformedPacket

OWN_PREFIX = "edXML:"
_XML = "http://www.w3.org/XML/1998/namespace"
_XLINK = "http://www.w3.org/1999/xlink"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = _IN_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def legible(text: str) -> str:
    """The text with a space for each character that XML has no place for."""
    return _FORBIDDEN.sub(" ", text)


class Stream(Protocol):
    """Where a packet's bytes go."""

    def write(self, data: bytes, /) -> object: ...


class Output:
    """Writes elements to a stream; knows where it is.

    `prefix` goes before the names of edXML's own elements. Inside the envelope it is `edXML:`:
    some receivers match the prefix as text.
    """

    def __init__(self, stream: Stream) -> None:
        self.prefix = ""
        self._stream = stream
        self._open: list[str] = []
        self._raw('<?xml version="1.0" encoding="UTF-8"?>\n')

    def where(self, name: str = "") -> str:
        """Return the path of the open element, or of `name` in it."""
        path = "/".join([*self._open, name] if name else self._open)
        return path.replace(OWN_PREFIX, "")

    def open(self, name: str, attributes: Attributes = ()) -> None:
        self._start(self.prefix + name, attributes, ">\n")
        self._open.append(self.prefix + name)

    def close(self) -> None:
        name = self._open.pop()
        self._raw(f"{self._indent()}</{name}>\n")

    def leaf(self, name: str, text: str) -> None:
        tag = self.prefix + name
        self._raw(f"{self._indent()}<{tag}>{self._escaped(text, name)}</{tag}>\n")

    def begin_content(self, name: str, attributes: Attributes = ()) -> None:
        """Start an element whose text follows by `content`; end it with `end_content`."""
        self._start(name, attributes, ">")
        self._open.append(name)

    def content(self, base64: bytes) -> None:
        self._stream.write(base64)

    def end_content(self) -> None:
        self._raw(f"</{self._open.pop()}>\n")

    def element(self, element: Element, default: str = NAMESPACE) -> None:
        """Write a foreign element whole; `default` is the namespace in force without prefix."""
        attributes = element.attributes
        tag = element.name
        if self.prefix and element.namespace == NAMESPACE:
            tag = self.prefix + tag
        elif element.namespace != default:
            default = element.namespace
            attributes = (("xmlns", default), *attributes)
        text = self._escaped(element.text, element.name)
        if not element.children:
            self._start(tag, attributes, f">{text}</{tag}>\n" if text else " />\n")
            return
        self._start(tag, attributes, f">{text}\n")
        self._open.append(tag)
        for child in element.children:
            self.element(child, default)
        self.close()

    def _start(self, tag: str, attributes: Attributes, end: str) -> None:
        parts = [self._indent(), "<", tag]
        if any(name.startswith(f"{{{_XLINK}}}") for name, _ in attributes):
            parts.append(f' xmlns:xlink="{_XLINK}"')
        for number, (name, value) in enumerate(attributes):
            parts.append(self._attribute(number, name, value))
        self._raw("".join(parts) + end)

    def _attribute(self, number: int, name: str, value: str) -> str:
        quoted = f'="{self._escaped(value, name, _IN_ATTRIBUTE)}"'
        namespace, brace, local = name.removeprefix("{").rpartition("}")
        if not brace:
            return f" {name}{quoted}"
        if namespace == _XML:
            return f" xml:{local}{quoted}"
        if namespace == _XLINK:
            return f" xlink:{local}{quoted}"
        declared = f' xmlns:n{number}="{self._escaped(namespace, name, _IN_ATTRIBUTE)}"'
        return f"{declared} n{number}:{local}{quoted}"

    def _indent(self) -> str:
        return "  " * len(self._open)

    def _escaped(self, text: str, name: str, table: dict[int, str] = _IN_TEXT) -> str:
        if _FORBIDDEN.search(text):
            raise MalformedPacket("forbidden_character", self.where(name))
        return text.translate(table)

    def _raw(self, text: str) -> None:
        self._stream.write(text.encode())
