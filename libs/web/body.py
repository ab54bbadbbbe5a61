"""Request bodies: bounded in size, in time and in shape."""

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from libs.web.problems import Problem, malformed

_PIECE = 16 * 1024
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
# These, C0 controls other than tab and line ends, and what is no character.
_UNFIT = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

TimeLimit = Callable[[float], AbstractContextManager[Any]]
"""Ends the block after so many seconds with a `TimeoutError`; the server provides it."""


@dataclass(frozen=True)
class Limits:
    """What one request may cost. Sizes in bytes, times in seconds."""

    body: int = 1024 * 1024
    depth: int = 32
    uploads: int = 8
    """Uploads at once; the server's pool must be larger."""
    upload_wait: float = 2.0
    grace: float = 10.0
    """A body may pause this long in all; beyond it, it must have come at the minimum rate."""
    minimum_rate: int = 16 * 1024


class BodyReader:
    """Reads a body piece by piece, and fails rather than ending early or never.

    `length` is the announced one, None for a chunked body. Every method raises `Problem`: 413
    beyond `limit`, 408 when the body comes too slowly, 400 when it breaks off; once it has failed
    it always fails, so a part is never taken for the whole.
    """

    def __init__(
        self,
        stream: Any,
        length: int | None,
        limit: int,
        limits: Limits,
        time_limit: TimeLimit = lambda _seconds: nullcontext(),
    ) -> None:
        self._stream = stream
        self._length = length
        self._limit = limit
        self._limits = limits
        self._time_limit = time_limit
        self._started = time.monotonic()
        self._failure: Problem | None = None
        self.received = 0
        self.finished = length == 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, fewer than `size` only at the end; all that is left by default."""
        pieces: list[bytes] = []
        while size != 0 and (piece := self._next(_PIECE if size < 0 else min(size, _PIECE))):
            pieces.append(piece)
            size -= len(piece) if size > 0 else 0
        return b"".join(pieces)

    def __iter__(self) -> Iterator[bytes]:
        """The body in pieces of at most 16 KiB."""
        while piece := self._next(_PIECE):
            yield piece

    def _next(self, size: int) -> bytes:
        if self._failure is not None:
            raise self._failure
        if self.finished:
            return b""
        try:
            return self._receive(size)
        except Problem as problem:
            self._failure = problem
            raise

    def _receive(self, size: int) -> bytes:
        if self._length is not None and self._length > self._limit:
            raise _too_large(self._limit)
        due = self._started + self._limits.grace + self.received / self._limits.minimum_rate
        left = due - time.monotonic()
        if left <= 0:
            raise _too_slow(self.received)
        if self._length is not None:
            size = min(size, self._length - self.received)
        try:
            with self._time_limit(left):
                piece: bytes = self._stream.read(size)
        except TimeoutError as error:
            raise _too_slow(self.received) from error
        except (OSError, ValueError) as error:
            raise _broken_off(self.received) from error
        self.received += len(piece)
        if self.received > self._limit:
            raise _too_large(self._limit)
        if not piece and self._length is not None:
            raise _broken_off(self.received)
        self.finished = not piece if self._length is None else self.received == self._length
        return piece


def parse_json(content: bytes, depth: int) -> dict[str, Any]:
    """The JSON object in `content`; raises `Problem` for anything else.

    Also refused: members that come twice, numbers without a finite value, nesting beyond
    `depth`, and text that no database or packet keeps: control characters, halves of pairs.
    """
    try:
        document = json.loads(
            content.decode(),
            object_pairs_hook=_members,
            parse_constant=_no_number,
            parse_float=_finite,
        )
        _check(document, depth)
    except RecursionError as error:
        raise _unreadable("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise _unreadable("not JSON", line=error.lineno, column=error.colno) from error
    except UnicodeDecodeError as error:
        raise _unreadable("not UTF-8", offset=error.start) from error
    except ValueError as error:
        raise _unreadable(str(error)) from error
    if not isinstance(document, dict):
        raise _unreadable("not a JSON object")
    return document


def storable(text: str) -> bool:
    """Whether PostgreSQL and UTF-8 can keep `text`."""
    return _UNSTORABLE.search(text) is None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


def _no_number(_constant: str) -> float:
    raise ValueError("a number without a finite value")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _check(document: Any, depth: int) -> None:
    level = [document]
    for _ in range(depth + 1):
        texts = [value for value in level if isinstance(value, str)]
        lists = [value for value in level if isinstance(value, list)]
        objects = [value for value in level if isinstance(value, dict)]
        texts += [name for members in objects for name in members]
        if any(_UNFIT.search(text) for text in texts):
            raise ValueError("text with control characters or half of a surrogate pair")
        level = [value for members in objects for value in members.values()]
        level += [value for values in lists for value in values]
        if not level:
            return
    raise ValueError("nested too deeply")


def _unreadable(reason: str, **where: int) -> Problem:
    return malformed(
        "body_unreadable",
        "Nội dung yêu cầu không đọc được.",
        "The body cannot be read.",
        reason=reason,
        **where,
    )


def _too_large(limit: int) -> Problem:
    return Problem(
        413, "body_too_large", "Nội dung quá lớn.", "The body is too large.", {"limit": limit}
    )


def _too_slow(received: int) -> Problem:
    return Problem(
        408,
        "body_too_slow",
        "Nội dung gửi đến quá chậm.",
        "The body comes too slowly.",
        {"received": received},
    )


def _broken_off(received: int) -> Problem:
    return malformed(
        "body_broken_off",
        "Nội dung bị ngắt giữa chừng.",
        "The body broke off before its end.",
        received=received,
    )
