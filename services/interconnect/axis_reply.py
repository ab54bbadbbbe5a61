"""Reading the axis' replies within bounds, whatever the other end sends."""

import base64
import binascii
import json
import re
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

import requests
from urllib3.exceptions import HTTPError

CHUNK = 256 * 1024
MAX_REPLY = 32 * 1024 * 1024
# A sender slower than this (bytes a second, over the whole reply) would hold a worker for ever.
SLOWEST = 16 * 1024
_DATA = re.compile(rb'"data"\s*:\s*"')
_ESCAPES = re.compile(rb"\\(?:u00([0-9a-fA-F]{2})|(.))")
_MAX_FRAME = 64 * 1024


class ReplyBroken(ValueError):
    """The reply is not what the interface promises: a proxy's page, a cut connection, nonsense."""


class ReplyTooLarge(ValueError):
    """The reply is longer than the caller accepts."""


def chunks(response: requests.Response, timeout: float, limit: int) -> Iterator[bytes]:
    """Yield the body; raises `ReplyTooLarge` beyond `limit`, `ReplyBroken` when it only drips."""
    started, received = time.monotonic(), 0
    while chunk := _next_chunk(response):
        received += len(chunk)
        if received > limit:
            raise ReplyTooLarge(f"the reply is longer than {limit} bytes")
        if time.monotonic() - started > timeout + received / SLOWEST:
            raise ReplyBroken("the reply is too slow")
        yield chunk


def _next_chunk(response: requests.Response) -> bytes:
    """Return what is there: waiting for a full chunk would give a drip all the time it wants."""
    try:
        return bytes(response.raw.read1(CHUNK, decode_content=True))
    except HTTPError as error:
        raise ReplyBroken(type(error).__name__) from error


def parse(text: bytes) -> dict[str, Any]:
    """Return the reply's fields; raises `ReplyBroken`."""
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReplyBroken("the reply is not JSON") from error
    if not isinstance(reply, dict) or reply.get("status") not in ("OK", "FAIL"):
        raise ReplyBroken("the reply has no status")
    return reply


def decode_data(body: Iterator[bytes], into: BinaryIO, limit: int) -> dict[str, Any]:
    """Write the decoded base64 of the text field `data` to `into`; return the other fields.

    The text is decoded as it comes and never held whole. Raises `ReplyTooLarge` beyond `limit`
    decoded bytes and `ReplyBroken`; what was written until then is to be thrown away.
    """
    head = b""
    for chunk in body:
        head += chunk
        if found := _DATA.search(head):
            break
        if len(head) > _MAX_FRAME:
            raise ReplyBroken("the reply has no data")
    else:
        return parse(head)
    text = chain([head[found.end() :]], body)
    tail = _decode_text(text, into, limit)
    for chunk in text:
        tail += chunk
        if len(tail) > _MAX_FRAME:
            raise ReplyBroken("the reply has no end")
    return parse(head[: found.end()] + b'"' + tail)


def _decode_text(text: Iterator[bytes], into: BinaryIO, limit: int) -> bytes:
    """Decode up to the closing quote and return what follows it in the same chunk."""
    pending, written = b"", 0
    for chunk in text:
        body, quote, tail = (pending + chunk).partition(b'"')
        # An escape (base64 may come with \/, \n or \u003d) can be cut by the chunk's end.
        cut = -1 if quote else body.rfind(b"\\", -5)
        whole = len(body) if cut < 0 else cut
        letters = _ESCAPES.sub(_unescape, body[:whole]).translate(None, b"\r\n")
        usable = len(letters) if quote else len(letters) // 4 * 4
        pending = letters[usable:] + body[whole:]
        try:
            piece = base64.b64decode(letters[:usable], validate=True)
        except binascii.Error as error:
            raise ReplyBroken("data is not base64") from error
        written += into.write(piece)
        if written > limit:
            raise ReplyTooLarge(f"the document is longer than {limit} bytes")
        if quote:
            return tail
    raise ReplyBroken("the reply ends within data")


def _unescape(escape: re.Match[bytes]) -> bytes:
    if escape[1]:
        return bytes.fromhex(escape[1].decode())
    return {b"/": b"/", b"n": b"", b"r": b""}.get(escape[2], escape[0])
