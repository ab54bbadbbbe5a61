"""Driver for a province's own axis (LGSP), over its REST interface (domain facts 6.2)."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO
from uuid import uuid4
from zoneinfo import ZoneInfo

from libs import edxml
from services.interconnect.axis.link import (
    Fields,
    Link,
    Request,
    codes_of,
    refusal,
    rows_of,
    text_of,
)
from services.interconnect.axis.members import ReplyBroken
from services.interconnect.axis.model import (
    AxisAgency,
    AxisRefused,
    AxisUnreachable,
    MessageType,
    Received,
    Sent,
    Sink,
    each_once,
)
from services.interconnect.axis.payload import XmlOrBase64
from services.interconnect.axis.rate import Throttle

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
# A token lives 30 minutes.
_TOKEN_AGE = timedelta(minutes=25)
# The list has no pages and keeps what was acknowledged: it is asked for so many days.
_DAYS = 30
_CHUNK = 256 * 1024
_ENDED = frozenset({"done", "fail"})
_NOT_REGISTERED = "19"
_LOG_IN_FIRST = 401


@dataclass(frozen=True)
class ProvinceAccount:
    """Who we are there: the system, and the user who logs in for it."""

    system_id: str
    secret: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    application: str


class ProvinceAxis:
    """Talks to a province's axis as one registered system; an `AxisClient`.

    It delivers a packet to all in its `To`, so what is for some of them goes as a copy that names
    these alone. A packet has one status for all our agencies there.
    """

    def __init__(
        self,
        url: str,
        account: ProvinceAccount,
        *,
        throttle: Throttle | None = None,
        timeout: float = 30,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._link = Link(url, _judge, throttle or Throttle(1000), timeout)
        self._account = account
        self._clock = clock
        self._token, self._token_until = "", clock()
        self._codes: frozenset[str] = frozenset()

    def register_agency(self, agency: AxisAgency) -> None:
        """See that the province's operators have entered the agency; they alone can.

        Raises `AxisRefused` (19) for one that they have not.
        """
        if agency.code not in self._codes:
            rows = rows_of(self._ask("GET", "/v1/getAgenciesList"))
            self._codes = frozenset(text_of(row, "orgCode") for row in rows)
        if agency.code not in self._codes:
            raise AxisRefused(_NOT_REGISTERED, f"{agency.code} is not in the axis' directory")

    def waiting(self, message_type: MessageType) -> list[Received]:
        """Return what waits for us, oldest first."""
        today = self._clock().astimezone(_VIETNAM).date()
        parameters = {
            "messageType": message_type,
            "fromDate": f"{today - timedelta(days=_DAYS):%Y/%m/%d}",
            "toDate": f"{today:%Y/%m/%d}",
        }
        rows = rows_of(self._ask("GET", "/v1/syncReceivedEdocList", parameters=parameters))
        return each_once(
            Received(
                doc_id=text_of(row, "docId"),
                message_type=message_type,
                from_=text_of(row, "from"),
                to=codes_of(row),
                status=text_of(row, "status"),
                created=text_of(row, "createdTime"),
            )
            for row in rows
            if row.get("status") not in _ENDED
        )

    def fetch(self, doc_id: str, into: Sink, limit: int) -> None:
        """Write a received packet to `into`; see `AxisClient`."""
        packet = XmlOrBase64(into, limit)

        def fetch() -> Fields:
            request = self._request("GET", "/v1/getEdoc", parameters={"docId": doc_id})
            # Its files come once more beside it; and a third each for base64 and for escapes.
            with self._link.open(request, 4 * limit + 65536) as body:
                return self._link.judged_around(body, b"edxml", packet)

        data = self._logged_in(fetch).get("data")
        if not isinstance(data, dict) or "edxml" not in data:
            raise AxisUnreachable("the reply has no packet")

    def sent_on(self, day: date) -> Sequence[Sent]:
        """Nothing: this axis has no list of what was sent; see `AxisClient`."""
        del day
        return ()

    def acknowledge(self, doc_id: str, *, taken: Sequence[str], failed: Sequence[str]) -> None:
        """Say `done` when one of ours has it, else `fail`; `failed` cannot be told apart there."""
        del failed
        status = "done" if taken else "fail"
        self._ask("POST", "/v1/updateStatus", body={"docId": doc_id, "status": status})

    def portions(self, packet: BinaryIO, recipients: Sequence[str]) -> list[Sequence[str]]:
        """See `AxisClient`; a copy of the packet names as many as there are."""
        del packet
        return [recipients]

    def send(
        self,
        packet: BinaryIO,
        *,
        message_type: MessageType,
        sender: str,
        recipients: Sequence[str] = (),
        sha256: str,
    ) -> str:
        """Send a packet; see `AxisClient`. The sender is known here by the packet itself."""
        del sender, sha256
        start = packet.tell()

        def send() -> Fields:
            packet.seek(start)
            form = _Form(packet, recipients, message_type)
            headers = {"Content-Type": f"multipart/form-data; boundary={form.boundary}"}
            return self._link.ask(self._request("POST", "/v1/sendEdoc", headers, form))

        return text_of(self._logged_in(send), "docId")

    def _ask(
        self,
        verb: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: Fields | None = None,
    ) -> Fields:
        headers = {"Content-Type": "application/json"} if body else {}
        data = json.dumps(body).encode() if body else None
        return self._logged_in(
            lambda: self._link.ask(self._request(verb, path, headers, data, parameters or {}))
        )

    def _logged_in(self, ask: Callable[[], Fields]) -> Fields:
        """Ask; once more under a new token, for the axis may end one before its time."""
        now = self._clock()
        if now >= self._token_until:
            self._log_in(now)
        try:
            return ask()
        except AxisRefused as error:
            if error.http != _LOG_IN_FIRST:
                raise
        self._log_in(now)
        return ask()

    def _log_in(self, now: datetime) -> None:
        account = self._account
        body = {
            "username": account.user,
            "password": account.password,
            "applicationCode": account.application,
            "otp": "",
            "twoFactorProvider": "",
            "typeObjs": [],
        }
        request = Request(
            "POST",
            "/v1/auth/login",
            {"Content-Type": "application/json", "User-Agent": "lienthong"},
            json.dumps(body).encode(),
            {"allow_anonymous": "true"},
        )
        data = self._link.ask(request).get("data")
        self._token = text_of(data if isinstance(data, dict) else {}, "token")
        self._token_until = now + _TOKEN_AGE

    def _request(
        self,
        verb: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Request:
        proof = {
            "Authorization": f"Bearer {self._token}",
            "X-SystemId": self._account.system_id,
            "X-SecretKey": self._account.secret,
            "User-Agent": "lienthong",
        }
        return Request(verb, path, {**proof, **(headers or {})}, body, parameters or {})


class _Form:
    """A multipart body (RFC 7578) around a packet of known length, never held whole."""

    def __init__(
        self, packet: BinaryIO, recipients: Sequence[str], message_type: MessageType
    ) -> None:
        self.boundary = uuid4().hex
        line = f"--{self.boundary}\r\nContent-Disposition: form-data; name="
        self._head = (
            f'{line}"messageType"\r\n\r\n{message_type}\r\n'
            f'{line}"edocFile"; filename="packet.edxml"\r\n'
            "Content-Type: application/xml\r\n\r\n"
        ).encode()
        if recipients:
            self._head += edxml.narrowed(packet, recipients)
        self._packet = packet
        self._tail = f"\r\n--{self.boundary}--\r\n".encode()
        at = packet.tell()
        self._length = len(self._head) + packet.seek(0, os.SEEK_END) - at + len(self._tail)
        packet.seek(at)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while piece := self._packet.read(_CHUNK):
            yield piece
        yield self._tail


def _judge(fields: Fields) -> None:
    if not isinstance(fields.get("success"), bool):
        raise ReplyBroken("the reply says nothing of success")
    if not fields["success"]:
        data = fields.get("data")
        told = data if isinstance(data, dict) else {}
        # Without a code nobody can tell what to do: people must look.
        raise refusal(told.get("errorCode", ""), told.get("errorDesc", fields.get("message")))
