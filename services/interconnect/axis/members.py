"""A JSON text that is too long to be held, read piece by piece for one of its texts."""

import re
from typing import Protocol

_LONGEST_TEXT = 4 * 1024
_LONGEST_FRAME = 64 * 1024
_HEX = rb"[0-9a-fA-F]"
_HIGH = rb"u[dD][89abAB]" + _HEX * 2
# An escape that the piece's end may have cut; a pair of surrogates; what makes no letter alone;
# a letter by its number; one of the short forms; anything else, which is no escape.
_ESCAPE = re.compile(
    rb"(?P<cut>\\(?:%(high)s\\?(?:u%(hex)s{0,3})?|u%(hex)s{0,3})?\Z)"
    rb"|\\(?P<pair>%(high)s\\u[dD][c-fC-F]%(hex)s{2})"
    rb"|\\(?P<half>u[dD][89a-fA-F]%(hex)s{2})"
    rb"|\\u(?P<number>%(hex)s{4})"
    rb"|\\(?P<short>[\"\\/bfnrt])"
    rb"|\\(?P<none>)" % {b"high": _HIGH, b"hex": _HEX}
)
# Up to the quote that no backslash takes away.
_BODY = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SHORT = dict(zip(b'"\\/bfnrt', b'"\\/\b\f\n\r\t', strict=True))


class ReplyBroken(ValueError):
    """The reply is not what the interface promises: a proxy's page, a cut connection, nonsense."""


class TextSink(Protocol):
    """Where a text goes, as UTF-8, without its escapes."""

    def write(self, piece: bytes, /) -> object:
        """Take the next piece."""

    def finish(self) -> None:
        """The text has come to its end."""


class Members:
    """Lets the first text member called `name`, at any depth, flow to `sink` as it comes.

    What is kept is the same JSON with that member, and every other long text, empty: bounded, and
    small. Raises `ReplyBroken`.
    """

    def __init__(self, name: bytes, sink: TextSink) -> None:
        self._name = name
        self._sink = sink
        self._kept = bytearray()
        self._before = b""  # the last letter outside of texts
        self._key = b""
        self._found = False
        self._inside = False  # of a text
        self._wanted = False  # that text
        self._text = bytearray()  # of another one, while it is short
        self._rest = b""  # the cut escape at the end of the last piece

    def feed(self, chunk: bytes) -> None:
        """Read the next piece."""
        at = 0
        while at < len(chunk):
            at = self._in_text(chunk, at) if self._inside else self._between(chunk, at)

    def end(self) -> bytes:
        """What was kept. Raises `ReplyBroken` within a text."""
        if self._inside:
            raise ReplyBroken("the reply ends within a text")
        return bytes(self._kept)

    def _between(self, chunk: bytes, at: int) -> int:
        quote = chunk.find(b'"', at)
        end = len(chunk) if quote < 0 else quote
        part = chunk[at:end]
        self._keep(part)
        self._before = part.rstrip()[-1:] or self._before
        if quote < 0:
            return end
        self._inside = True
        self._wanted = not self._found and self._before == b":" and self._key == self._name
        self._found = self._found or self._wanted
        return quote + 1

    def _in_text(self, chunk: bytes, at: int) -> int:
        held = len(self._rest)
        data = self._rest + chunk[at:]
        end = _end_of_body(data)
        closed = data[end : end + 1] == b'"'
        # What is left behind the body, if not the quote, is a backslash at the piece's end.
        self._rest = b"" if closed else data[end:]
        if self._wanted:
            piece, self._rest = data[:end] + self._rest, b""
            self._sink.write(self._without_escapes(piece))
        else:
            self._take(data[:end])
        if not closed:
            return len(chunk)
        self._end_text()
        return at + end + 1 - held

    def _take(self, piece: bytes) -> None:
        if len(self._text) <= _LONGEST_TEXT:
            self._text += piece

    def _end_text(self) -> None:
        if self._wanted:
            if self._rest:
                raise ReplyBroken("a text ends within an escape")
            self._sink.finish()
        text = bytes(self._text) if len(self._text) <= _LONGEST_TEXT else b""
        self._keep(b'"' + text + b'"')
        self._key, self._before = text, b'"'
        self._text.clear()
        self._inside = self._wanted = False

    def _keep(self, part: bytes) -> None:
        self._kept += part
        if len(self._kept) > _LONGEST_FRAME:
            raise ReplyBroken("the reply has too much beside its texts")

    def _without_escapes(self, piece: bytes) -> bytes:
        if b"\\\\" not in piece:
            # The one escape that base64 is full of, where a writer likes it.
            piece = piece.replace(b"\\/", b"/")
        return _ESCAPE.sub(self._letter, piece) if b"\\" in piece else piece

    def _letter(self, escape: re.Match[bytes]) -> bytes:
        kind = escape.lastgroup
        match kind:
            case "cut":
                self._rest = escape[0]
                return b""
            case "pair":
                units = bytes.fromhex(escape[0].replace(b"\\u", b"").decode())
                return units.decode("utf-16-be").encode()
            case "number":
                return chr(int(escape["number"], 16)).encode()
            case "short":
                return bytes([_SHORT[escape["short"][0]]])
            case _:
                raise ReplyBroken("a text has a broken escape")


def _end_of_body(data: bytes) -> int:
    quote = data.find(b'"')
    if quote >= 0 and data[quote - 1 : quote] != b"\\":
        return quote
    found = _BODY.match(data) if b"\\" in data else None
    return found.end() if found else len(data)
