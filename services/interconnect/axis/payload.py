"""A packet's bytes on their way out of a reply: decoded as they come, and bounded."""

import binascii

from services.interconnect.axis.members import ReplyBroken
from services.interconnect.axis.model import Sink
from services.interconnect.axis.reply import ReplyTooLarge

_WHITE = b" \t\r\n"
_PADDING = ord("=")


class Bounded:
    """Passes bytes on to `into`. Raises `ReplyTooLarge` beyond `limit`."""

    def __init__(self, into: Sink, limit: int) -> None:
        self._into = into
        self._limit = limit
        self._size = 0

    def write(self, piece: bytes, /) -> None:
        """Take the next piece."""
        self._size += len(piece)
        if self._size > self._limit:
            raise ReplyTooLarge(f"the packet is longer than {self._limit} bytes")
        self._into.write(piece)

    def finish(self) -> None:
        """Nothing is held back."""


class Base64:
    """Decodes base64; whitespace counts for nothing. Raises `ReplyBroken`."""

    def __init__(self, into: Sink, limit: int) -> None:
        self._into = Bounded(into, limit)
        self._rest = b""
        self._ended = False

    def write(self, piece: bytes, /) -> None:
        """Take the next piece, cut anywhere."""
        letters = self._rest + piece.translate(None, _WHITE)
        whole = len(letters) - len(letters) % 4
        self._rest, letters = letters[whole:], letters[:whole]
        if not letters:
            return
        if self._ended:
            raise ReplyBroken("base64 goes on behind its padding")
        self._ended = letters[-1] == _PADDING
        try:
            decoded = binascii.a2b_base64(letters, strict_mode=True)
        except binascii.Error as error:
            raise ReplyBroken("the packet is not base64") from error
        self._into.write(decoded)

    def finish(self) -> None:
        """Refuse a last group of fewer than four letters."""
        if self._rest:
            raise ReplyBroken("the packet's base64 is cut")


class XmlOrBase64:
    """A packet in either rendering: province axes give the XML itself, or its base64."""

    def __init__(self, into: Sink, limit: int) -> None:
        self._into, self._limit = into, limit
        self._chosen: Bounded | Base64 | None = None

    def write(self, piece: bytes, /) -> None:
        """Take the next piece; the first letter tells."""
        if self._chosen is None:
            piece = piece.lstrip(b"\xef\xbb\xbf" + _WHITE)
            if not piece:
                return
            kind = Bounded if piece.startswith(b"<") else Base64
            self._chosen = kind(self._into, self._limit)
        self._chosen.write(piece)

    def finish(self) -> None:
        """The text has come to its end."""
        if self._chosen:
            self._chosen.finish()
