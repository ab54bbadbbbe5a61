"""Client of the national axis (Trục liên thông văn bản quốc gia), over its public SDK's HTTP.

The axis is polled: list what waits, fetch it, keep it, then say `done` or `fail`. Nothing here
tries again by itself; the two errors say whether trying again can help.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256 as _sha256
from typing import Any, BinaryIO, Literal

import requests

from services.interconnect import axis_reply
from services.interconnect.axis_signing import sign_headers

MessageType = Literal["edoc", "status"]
DeliveryStatus = Literal[
    "inbox", "rejection", "acceptance", "assignment", "processing", "done", "fail", "cancellation"
]
_VERSION = "2.0.1"
_TRY_AGAIN = frozenset({408, 425, 429})


class AxisRefused(Exception):
    """The axis declined for good, or sent what we do not take: repeating it changes nothing.

    `code` is the axis' ErrorCode (10 bad request, 15 credentials, 18 receiver unknown, 19 sender
    not registered, 21 cannot process, 22 not edXML, 23 receiver locked), `http-<status>` where it
    gave none, or `too-large`.
    """

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"the axis refused ({code}): {description}")
        self.code = code
        self.description = description


class AxisUnreachable(Exception):
    """No valid answer: network, time limit, 5xx or a broken reply. It may have been carried out.

    Trying again is safe: every call here may be repeated, after `retry_after` seconds if the axis
    said so.
    """

    def __init__(self, reason: str, retry_after: int = 0) -> None:
        super().__init__(f"the axis is unreachable: {reason}")
        self.reason = reason
        self.retry_after = retry_after


@dataclass(frozen=True)
class AxisAgency:
    """An agency in the axis' directory; `pid` is the superior body's id or empty."""

    id: str
    pid: str
    code: str
    name: str
    mail: str


@dataclass(frozen=True)
class Received:
    """A packet that waits for us, once, with all our agencies to which it is addressed.

    `created` is the axis' own text (Viet Nam time), to be shown and not reckoned with.
    """

    doc_id: str
    message_type: str
    from_: str
    to: tuple[str, ...]
    status: str
    created: str


@dataclass(frozen=True)
class Sent:
    """What became of one packet that we sent, at one recipient; `status` is the transport's."""

    doc_id: str
    message_type: str
    from_: str
    to: str
    status: str


class AxisClient:
    """Talks to one axis as one registered system; for plain threads and processes.

    `timeout` bounds each silence in seconds; a reply that only drips is cut off too. `clock` gives
    the instant to sign. Every method raises `AxisRefused` or `AxisUnreachable`, and `ValueError`
    for an argument that cannot be written into a header. One client serves one thread.
    """

    def __init__(
        self,
        url: str,
        system_id: str,
        secret: str,
        *,
        timeout: float = 30,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url.rstrip("/")
        self._system_id = system_id
        self._secret = secret
        self._timeout = timeout
        self._clock = clock
        self._session = requests.Session()

    def register_agency(self, agency: AxisAgency) -> None:
        """Add or update an agency of our system in the axis' directory."""
        body = json.dumps(asdict(agency)).encode()
        headers = {"Content-Type": "application/json", "hash-file": _sha256(body).hexdigest()}
        self._ask("registerAgency", headers, body)

    def delete_agency(self, code: str) -> None:
        """Close an agency of our system: the axis delivers no more to it."""
        self._ask("deleteAgency", {"code": code})

    def agencies(self) -> list[AxisAgency]:
        """Return the whole directory of the axis."""
        names = ("id", "pid", "code", "name", "mail")
        rows = self._list("getAgenciesList", {})
        return [AxisAgency(**{name: _text(row, name) for name in names}) for row in rows]

    def send(
        self,
        packet: BinaryIO,
        *,
        message_type: MessageType,
        sender: str,
        recipients: Sequence[str] = (),
        sha256: str,
    ) -> str:
        """Send an edXML packet and return its DocId; the same bytes again return the same one.

        `packet` is read from its position on, as a stream; `sha256` is its digest in hex.
        `recipients` narrows a document packet to these codes; without, the packet's own `To` rule.
        """
        headers = {
            "Content-Type": "application/octet-stream",
            "from": sender,
            "servicetype": "eDoc",
            "messagetype": message_type,
            "hash-file": sha256,
        }
        if recipients:
            headers["to"] = json.dumps(list(recipients))
        return _text(self._ask("sendEdoc", headers, packet), "DocId")

    def received(
        self, message_type: MessageType, *, page_size: int = 100, page: int = 1
    ) -> list[Received]:
        """Return a page (from 1) of what waits for us, oldest first; fewer rows end the list."""
        rows = self._list("getReceivedEdocList", _page(message_type, page_size, page))
        return [
            Received(
                doc_id=_text(row, "docId"),
                message_type=_text(row, "messageType"),
                from_=_text(row, "from"),
                to=_codes(row),
                status=_text(row, "status"),
                created=_text(row, "created_time"),
            )
            for row in rows
        ]

    def fetch(self, doc_id: str, into: BinaryIO, limit: int) -> None:
        """Write a received packet to `into`, in constant memory.

        Raises `AxisRefused` (`too-large`) beyond `limit` bytes. After any error, what was written
        is to be thrown away.
        """
        # Base64 adds a third; as much again covers the letters that a JSON writer may escape.
        with self._reply("getEdoc", {"docId": doc_id}, None, 3 * limit + 65536) as body:
            reply = axis_reply.decode_data(body, into, limit)
            if "data" not in _accepted(reply):
                raise axis_reply.ReplyBroken("the reply has no data")

    def update_status(
        self, doc_id: str, status: DeliveryStatus, *, recipients: Sequence[str] = ()
    ) -> None:
        """Tell the axis where a received packet stands; `done` and `fail` take it off the list.

        `recipients` narrows it to some of our agencies: pass `Received.to`, so that a recipient
        added meanwhile is not marked with the others.
        """
        headers = {"docid": doc_id, "status": status}
        if recipients:
            headers["to"] = json.dumps(list(recipients))
        self._ask("updateStatus", headers)

    def sent(self, message_type: MessageType, *, page_size: int = 100, page: int = 1) -> list[Sent]:
        """Return a page (from 1) of what we sent, oldest first, one row for each recipient."""
        rows = self._list("getSentEdocList", _page(message_type, page_size, page))
        return [
            Sent(
                doc_id=_text(row, "senderDocId"),
                message_type=_text(row, "messageType"),
                from_=_text(row, "fromCode"),
                to=_text(row, "toCode"),
                status=_text(row, "receiveStatus"),
            )
            for row in rows
        ]

    def _list(self, method: str, headers: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = self._ask(method, headers).get("data")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise AxisUnreachable("the reply has no list")
        return rows

    def _ask(
        self, method: str, headers: Mapping[str, str], body: bytes | BinaryIO | None = None
    ) -> dict[str, Any]:
        with self._reply(method, headers, body, axis_reply.MAX_REPLY) as chunks:
            return _accepted(axis_reply.parse(b"".join(chunks)))

    @contextmanager
    def _reply(
        self, method: str, headers: Mapping[str, str], body: bytes | BinaryIO | None, limit: int
    ) -> Iterator[Iterator[bytes]]:
        """Send a signed request and give its reply's body; foreign errors end here."""
        try:
            with self._session.post(
                f"{self._url}/{method}",
                data=body,
                headers=self._signed(headers),
                timeout=self._timeout,
                allow_redirects=False,  # a redirect would carry the signature elsewhere
                stream=True,
            ) as response:
                chunks = axis_reply.chunks(response, self._timeout, limit)
                _check_http(response.status_code, response.headers.get("Retry-After", ""), chunks)
                yield chunks
        except axis_reply.ReplyTooLarge as error:
            raise AxisRefused("too-large", str(error)) from error
        except axis_reply.ReplyBroken as error:
            raise AxisUnreachable(str(error)) from error
        except requests.RequestException as error:
            raise AxisUnreachable(type(error).__name__) from error

    def _signed(self, headers: Mapping[str, str]) -> dict[str, str]:
        timestamp = str(round(self._clock().timestamp() * 1000))
        proven = {**headers, "systemid": self._system_id, "timestamp": timestamp}
        return {
            **sign_headers(proven, self._secret),
            "XroadVnpt-version": _VERSION,
            "User-Agent": "lienthong",
        }


def _check_http(status: int, retry_after: str, body: Iterator[bytes]) -> None:
    if status == 200:
        return
    if 400 <= status < 500 and status not in _TRY_AGAIN:
        with suppress(axis_reply.ReplyBroken):
            _accepted(axis_reply.parse(b"".join(body)))
        raise AxisRefused(f"http-{status}", "")
    # A date instead of seconds, or nonsense, is no more than "later".
    seconds = int(retry_after) if re.fullmatch("[0-9]{1,4}", retry_after) else 0
    raise AxisUnreachable(f"HTTP {status}", seconds)


def _accepted(reply: dict[str, Any]) -> dict[str, Any]:
    if reply["status"] != "OK":
        code = _printable(reply.get("ErrorCode"), 20)
        raise AxisRefused(code, _printable(reply.get("ErrorDesc"), 300))
    return reply


def _page(message_type: str, size: int, index: int) -> dict[str, str]:
    return {
        "servicetype": "eDoc",
        "messagetype": message_type,
        "pageSize": str(size),
        "pageIndex": str(index),
    }


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or len(value) > 1000:
        raise AxisUnreachable(f"the reply has no text {name}")
    return value


def _codes(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the recipients: one code as text, or several as a list."""
    value = row.get("to")
    codes = [value] if isinstance(value, str) else value
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise AxisUnreachable("the reply has no recipient")
    return tuple(codes)


def _printable(value: object, longest: int) -> str:
    return "".join(letter for letter in str(value)[:longest] if letter.isprintable())
