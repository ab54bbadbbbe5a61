"""Driver for the national axis (Trục liên thông văn bản quốc gia), over its public SDK's HTTP."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from hashlib import sha256 as _sha256
from io import BytesIO
from itertools import chain
from typing import Any, BinaryIO, Literal

from libs import edxml
from services.interconnect.axis.link import (
    Fields,
    Link,
    Request,
    codes_of,
    printable,
    refusal,
    rows_of,
    text_of,
)
from services.interconnect.axis.members import ReplyBroken
from services.interconnect.axis.model import (
    AxisAgency,
    AxisRefused,
    MessageType,
    Received,
    Sent,
    Sink,
    each_once,
)
from services.interconnect.axis.payload import Base64, Bounded
from services.interconnect.axis.rate import Throttle
from services.interconnect.axis_signing import sign_headers

DeliveryStatus = Literal[
    "inbox", "rejection", "acceptance", "assignment", "processing", "done", "fail", "cancellation"
]
Rendering = Callable[[str], str]
"""How a SHA-256 in hex is written into a header."""
_VERSION = "2.0.1"
_BAD_REQUEST = "10"
_PAGE, _MOST_PAGES = 100, 100
_LONGEST_REFUSAL = 64 * 1024
_LONGEST_STATUS = 20
# How an axis before 2.0.1 says that it has no downloadEdoc.
_NO_SUCH_METHOD = frozenset({404, 405, 501})
# Every header is sent three times; servers take 8 KiB of them together.
_LONGEST_TO = 1500


class NationalAxis:
    """Talks to the national axis as one registered system; an `AxisClient`.

    `timeout` bounds each silence in seconds; `clock` gives the instant to sign. Every method also
    raises `ValueError` for an argument that cannot be written into a header.
    """

    def __init__(
        self,
        url: str,
        system_id: str,
        secret: str,
        *,
        throttle: Throttle | None = None,
        timeout: float = 30,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._link = Link(url, _judge, throttle or Throttle(1000), timeout)
        self._system_id = system_id
        self._secret = secret
        self._clock = clock
        self._downloads = True
        self._renderings: tuple[Rendering, ...] = (_padded, _as_the_sdk)

    def register_agency(self, agency: AxisAgency) -> None:
        """Add or update an agency of our system in the axis' directory."""
        body = json.dumps(asdict(agency)).encode()
        headers = {"Content-Type": "application/json"}
        self._ask_with_hash("registerAgency", headers, BytesIO(body), _sha256(body).hexdigest())

    def delete_agency(self, code: str) -> None:
        """Close an agency of our system: the axis delivers no more to it."""
        self._ask("deleteAgency", {"code": code})

    def agencies(self) -> list[AxisAgency]:
        """Return the whole directory of the axis."""
        names = ("id", "pid", "code", "name", "mail")
        rows = rows_of(self._ask("getAgenciesList", {}))
        return [AxisAgency(**{name: text_of(row, name) for name in names}) for row in rows]

    def portions(self, packet: BinaryIO, recipients: Sequence[str]) -> list[Sequence[str]]:
        """See `AxisClient`; a header names some of a packet's recipients, and headers are short."""
        return [recipients] if _are_all(packet, recipients) else list(_lists_of(recipients))

    def send(
        self,
        packet: BinaryIO,
        *,
        message_type: MessageType,
        sender: str,
        recipients: Sequence[str] = (),
        sha256: str,
    ) -> str:
        """Send a packet; see `AxisClient`."""
        headers = {
            "Content-Type": "application/octet-stream",
            "from": sender,
            "servicetype": "eDoc",
            "messagetype": message_type,
        }
        if recipients and not _are_all(packet, recipients):
            headers["to"] = json.dumps(recipients)
        return text_of(self._ask_with_hash("sendEdoc", headers, packet, sha256), "DocId")

    def waiting(self, message_type: MessageType) -> list[Received]:
        """Return what waits for us, oldest first; of very much the oldest part."""
        found: list[Received] = []
        for page in range(1, _MOST_PAGES + 1):
            rows = self.received(message_type, page_size=_PAGE, page=page)
            found += rows
            if len(rows) < _PAGE:
                break
        return each_once(found)

    def received(
        self, message_type: MessageType, *, page_size: int = 100, page: int = 1
    ) -> list[Received]:
        """Return a page (from 1) of what waits for us, oldest first; fewer rows end the list."""
        rows = rows_of(self._ask("getReceivedEdocList", _page(message_type, page_size, page)))
        return [
            Received(
                doc_id=text_of(row, "docId"),
                message_type=text_of(row, "messageType"),
                from_=text_of(row, "from"),
                to=codes_of(row),
                status=text_of(row, "status"),
                created=text_of(row, "created_time"),
            )
            for row in rows
        ]

    def fetch(self, doc_id: str, into: Sink, limit: int) -> None:
        """Write a received packet to `into`; see `AxisClient`.

        As its bare bytes, where the axis is new enough; else out of the JSON reply's base64.
        """
        if self._downloads:
            try:
                self._download(doc_id, into, limit)
                return
            except AxisRefused as error:
                if error.http not in _NO_SUCH_METHOD:
                    raise
                self._downloads = False
        # Base64 adds a third; as much again covers the letters that a JSON writer may escape.
        request = self._request("getEdoc", {"docId": doc_id})
        with self._link.open(request, 3 * limit + 65536) as body:
            fields = self._link.judged_around(body, b"data", Base64(into, limit))
            if "data" not in fields:
                raise ReplyBroken("the reply has no data")

    def _download(self, doc_id: str, into: Sink, limit: int) -> None:
        request = self._request("downloadEdoc", {"docId": doc_id})
        with self._link.open(request, max(limit, _LONGEST_REFUSAL)) as body:
            first = next(body, b"")
            if first.lstrip()[:1] == b"{":
                # No packet: the reason why there is none.
                self._link.judged(first + b"".join(body))
                raise ReplyBroken("the reply is no packet")
            packet = Bounded(into, limit)
            for piece in chain([first], body):
                packet.write(piece)

    def acknowledge(self, doc_id: str, *, taken: Sequence[str], failed: Sequence[str]) -> None:
        """Say `done` and `fail`, each for its recipients; without any, `fail` for all."""
        if taken:
            self.update_status(doc_id, "done", recipients=taken)
        if failed or not taken:
            self.update_status(doc_id, "fail", recipients=failed)

    def update_status(
        self, doc_id: str, status: DeliveryStatus, *, recipients: Sequence[str] = ()
    ) -> None:
        """Tell the axis where a received packet stands; `done` and `fail` take it off the list.

        `recipients` narrows it to some of our agencies: pass `Received.to`, so that a recipient
        added meanwhile is not marked with the others.
        """
        for codes in _lists_of(recipients) if recipients else [[]]:
            to = {"to": json.dumps(codes)} if codes else {}
            self._ask("updateStatus", {"docid": doc_id, "status": status, **to})

    def sent_on(self, day: date) -> Iterator[Sent]:
        """Tell what became of a day's documents; see `AxisClient`."""
        for page in range(1, _MOST_PAGES + 1):
            rows = self.sent("edoc", page_size=_PAGE, page=page, on=day)
            yield from rows
            if len(rows) < _PAGE:
                break

    def sent(
        self,
        message_type: MessageType,
        *,
        page_size: int = 100,
        page: int = 1,
        on: date | None = None,
    ) -> list[Sent]:
        """Return a page (from 1) of what we sent, oldest first, one row for each recipient.

        `on` narrows it to a day in Viet Nam.
        """
        day = {"fromDate": f"{on:%Y/%m/%d}", "toDate": f"{on:%Y/%m/%d}"} if on else {}
        rows = rows_of(self._ask("getSentEdocList", _page(message_type, page_size, page) | day))
        return [
            Sent(
                doc_id=text_of(row, "senderDocId"),
                message_type=text_of(row, "messageType"),
                from_=text_of(row, "fromCode"),
                to=text_of(row, "toCode"),
                # Nothing may have been told of it yet.
                status=printable(row.get("receiveStatus") or "", _LONGEST_STATUS),
            )
            for row in rows
        ]

    def _ask_with_hash(
        self, method: str, headers: Mapping[str, str], body: BinaryIO, sha256: str
    ) -> Fields:
        """Ask with a body whose hash is told as this axis compares it.

        The public SDK leaves padding zeros out, and an axis may know that rendering alone. It does
        not say so: what it refuses as bad (10) is asked once more with the other one, and the one
        that it takes comes first from then on.
        """
        start = body.tell()
        known, other = self._renderings
        try:
            return self._ask(method, {**headers, "hash-file": known(sha256)}, body)
        except AxisRefused as error:
            if error.code != _BAD_REQUEST or known(sha256) == other(sha256):
                raise
        body.seek(start)
        fields = self._ask(method, {**headers, "hash-file": other(sha256)}, body)
        self._renderings = other, known
        return fields

    def _ask(self, method: str, headers: Mapping[str, str], body: Any = None) -> Fields:
        return self._link.ask(self._request(method, headers, body))

    def _request(self, method: str, headers: Mapping[str, str], body: Any = None) -> Request:
        timestamp = str(round(self._clock().timestamp() * 1000))
        proven = {**headers, "systemid": self._system_id, "timestamp": timestamp}
        signed = sign_headers(proven, self._secret)
        named = {"XroadVnpt-version": _VERSION, "User-Agent": "lienthong"}
        return Request("POST", f"/{method}", {**signed, **named}, body)


def _padded(sha256: str) -> str:
    return sha256


def _as_the_sdk(sha256: str) -> str:
    return "".join(f"{byte:x}" for byte in bytes.fromhex(sha256))


def _judge(fields: Fields) -> None:
    if fields.get("status") not in ("OK", "FAIL"):
        raise ReplyBroken("the reply has no status")
    if fields["status"] != "OK":
        raise refusal(fields.get("ErrorCode"), fields.get("ErrorDesc"))


def _are_all(packet: BinaryIO, codes: Sequence[str]) -> bool:
    start = packet.tell()
    addressees = edxml.addressees(packet)
    packet.seek(start)
    return set(codes) == set(addressees)


def _lists_of(codes: Sequence[str]) -> Iterator[list[str]]:
    """The codes in lists, none of which is too long for a header as JSON."""
    part: list[str] = []
    for code in codes:
        if part and len(json.dumps([*part, code])) > _LONGEST_TO:
            yield part
            part = []
        part.append(code)
    yield part


def _page(message_type: str, size: int, index: int) -> dict[str, str]:
    return {
        "servicetype": "eDoc",
        "messagetype": message_type,
        "pageSize": str(size),
        "pageIndex": str(index),
    }
