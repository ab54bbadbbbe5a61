"""Base64 on its way into a blob, piece by piece."""

import binascii

from libs.blobs import Blob, BlobWriter, TooLarge
from libs.edxml.element import WHITE
from libs.edxml.errors import MalformedPacket

_WHITE = WHITE.encode()
_PADDING = ord("=")


class Content:
    """One attachment's content. Nothing is stored before `commit`."""

    def __init__(self, writer: BlobWriter, where: str) -> None:
        self._writer = writer
        self._where = where
        self._rest = b""
        self._ended = False

    def feed(self, text: str) -> None:
        """Decode what is complete. Raises `MalformedPacket` (bad_base64, attachment_too_large)."""
        try:
            data = self._rest + text.encode("ascii").translate(None, _WHITE)
            whole = len(data) - len(data) % 4
            data, self._rest = data[:whole], data[whole:]
            decoded = binascii.a2b_base64(data, strict_mode=True)
        except ValueError:
            raise MalformedPacket("bad_base64", self._where) from None
        if not data:
            return
        if self._ended:
            raise MalformedPacket("bad_base64", self._where)
        self._ended = data[-1] == _PADDING
        try:
            self._writer.write(decoded)
        except TooLarge as error:
            raise MalformedPacket("attachment_too_large", self._where) from error

    def finish(self) -> None:
        """Refuse a last group of fewer than four characters."""
        if self._rest:
            raise MalformedPacket("bad_base64", self._where)

    def commit(self) -> Blob:
        return self._writer.commit()

    def abort(self) -> None:
        self._writer.abort()
