"""Reading an axis' replies within bounds, whatever the other end sends."""

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from services.interconnect.axis.members import Members, ReplyBroken, TextSink

CHUNK = 256 * 1024
MAX_REPLY = 32 * 1024 * 1024
# A sender slower than this (bytes a second, over the whole reply) would hold a worker for ever.
SLOWEST = 16 * 1024


class ReplyTooLarge(ValueError):
    """The reply is longer than the caller accepts."""


def chunks(response: requests.Response, timeout: float, limit: int) -> Iterator[bytes]:
    """Yield the body; raises `ReplyTooLarge` beyond `limit`, `ReplyBroken` when it only drips."""
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise ReplyTooLarge(f"the reply is longer than {limit} bytes")
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
    if not isinstance(reply, dict):
        raise ReplyBroken("the reply is no JSON object")
    return reply


def parse_around(body: Iterable[bytes], name: bytes, sink: TextSink) -> dict[str, Any]:
    """Return the reply's fields without its long texts; the one called `name` flows to `sink`.

    No text is ever held whole. Raises `ReplyBroken`, and what the sink raises.
    """
    members = Members(name, sink)
    for chunk in body:
        members.feed(chunk)
    return parse(members.end())
