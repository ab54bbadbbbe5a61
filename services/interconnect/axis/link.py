"""HTTP with an axis: bounded, throttled, and its errors told apart. Foreign errors end here."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from services.interconnect.axis import reply
from services.interconnect.axis.members import ReplyBroken
from services.interconnect.axis.model import AxisRefused, AxisUnreachable
from services.interconnect.axis.outcomes import Outcome, meaning
from services.interconnect.axis.rate import LONGEST_PAUSE, Throttle

Fields = dict[str, Any]
_TRY_AGAIN = frozenset({408, 425, 429})
_NOT_IMPLEMENTED = 501


@dataclass(frozen=True)
class Request:
    """What is asked; `body` is bytes, or a stream or pieces of known length."""

    verb: str
    path: str
    headers: Mapping[str, str]
    body: Any = None
    parameters: Mapping[str, str] = field(default_factory=dict)


class Link:
    """One connection to an axis, for one thread.

    `timeout` bounds each silence in seconds; a reply that only drips is cut off too. `judge` takes
    a reply's fields and raises `AxisRefused`, by `refusal`, or `ReplyBroken`.
    """

    def __init__(
        self, url: str, judge: Callable[[Fields], None], throttle: Throttle, timeout: float
    ) -> None:
        self._url = url.rstrip("/")
        self._judge = judge
        self._throttle = throttle
        self._timeout = timeout
        self._session = requests.Session()

    def ask(self, request: Request) -> Fields:
        """Return the fields of a reply that is no refusal."""
        with self.open(request, reply.MAX_REPLY) as body:
            return self.judged(b"".join(body))

    def judged(self, text: bytes) -> Fields:
        """The fields of a reply's text, if it is no refusal."""
        fields = reply.parse(text)
        self._judge(fields)
        return fields

    def judged_around(self, body: Iterable[bytes], name: bytes, sink: Any) -> Fields:
        """As `judged`, of a body whose text called `name` flows to `sink`."""
        fields = reply.parse_around(body, name, sink)
        self._judge(fields)
        return fields

    @contextmanager
    def open(self, request: Request, limit: int) -> Iterator[Iterator[bytes]]:
        """Send a request and give its reply's body, of at most `limit` bytes."""
        self._throttle.wait()
        try:
            with self._session.request(
                request.verb,
                self._url + request.path,
                params=dict(request.parameters),
                data=request.body,
                headers=dict(request.headers),
                timeout=self._timeout,
                allow_redirects=False,  # a redirect would carry the proof elsewhere
                stream=True,
            ) as response:
                self._check(response)
                yield reply.chunks(response, self._timeout, limit)
        except reply.ReplyTooLarge as error:
            raise AxisRefused("too-large", str(error)) from error
        except ReplyBroken as error:
            raise AxisUnreachable(str(error)) from error
        except requests.RequestException as error:
            raise AxisUnreachable(type(error).__name__) from error

    def _check(self, response: requests.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        if (400 <= status < 500 and status not in _TRY_AGAIN) or status == _NOT_IMPLEMENTED:
            code, description = f"http-{status}", ""
            try:
                with suppress(ReplyBroken):
                    self.judged(b"".join(reply.chunks(response, self._timeout, reply.MAX_REPLY)))
            except AxisRefused as refused:
                code, description = refused.code, refused.description
            raise AxisRefused(code, description, status)
        told = response.headers.get("Retry-After", "")
        seconds = min(seconds_until(told, datetime.now(UTC)), LONGEST_PAUSE)
        if seconds:
            self._throttle.close(seconds)
        raise AxisUnreachable(f"HTTP {status}", seconds)


def refusal(code: object, description: object) -> AxisRefused | AxisUnreachable:
    """The axis' own error as ours: what goes away by itself is no refusal."""
    text = printable(code, 20)
    if meaning(text).outcome is Outcome.AGAIN:
        return AxisUnreachable(f"error {text}")
    return AxisRefused(text, printable(description, 300))


def seconds_until(retry_after: str, now: datetime) -> float:
    """How long Retry-After asks to wait, in seconds or as a date; nonsense is 0."""
    if re.fullmatch("[0-9]{1,6}", retry_after):
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)


def text_of(row: Mapping[str, Any], name: str) -> str:
    """A text member of a reply, at most 1000 characters."""
    value = row.get(name)
    if not isinstance(value, str) or len(value) > 1000:
        raise AxisUnreachable(f"the reply has no text {name}")
    return value


def rows_of(fields: Fields) -> list[Fields]:
    """The list in a reply's `data`."""
    rows = fields.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AxisUnreachable("the reply has no list")
    return rows


def codes_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The recipients in a row: one code as text, or several as a list."""
    value = row.get("to")
    codes = [value] if isinstance(value, str) else value
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise AxisUnreachable("the reply has no recipient")
    return tuple(codes)


def printable(value: object, longest: int) -> str:
    """A stranger's text as it may be shown and logged."""
    return "".join(letter for letter in str(value)[:longest] if letter.isprintable())
