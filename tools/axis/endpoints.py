"""The methods of the SDK's interface: each takes a proven call and returns the reply's fields."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug import Request, Response

from tools.axis.refusal import BAD_REQUEST, Refusal
from tools.axis.routing import read_routing
from tools.axis.store import CHUNK, Agency, Page, Store

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
MAX_PACKET = 300 * 1024 * 1024
MAX_AGENCY = 16 * 1024
STATUSES = frozenset(
    ["inbox", "rejection", "acceptance", "assignment", "processing", "done", "fail", "cancellation"]
)
# The axis carries old, new and hybrid codes: only what could harm is kept out.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,34}")
BASE64_STEP = CHUNK // 3 * 3

Reply = dict[str, Any] | Response


@dataclass(frozen=True)
class Call:
    """One proven request: `parameters` are the signed headers by lower-case name."""

    store: Store
    request: Request
    parameters: dict[str, str]
    sdk_hash: bool = False
    """Whether only the public SDK's rendering of a hash counts."""

    @property
    def system(self) -> str:
        return self.parameters["systemid"]

    def text(self, name: str) -> str:
        """Return a parameter that must be there, at most 200 characters."""
        value = self.parameters.get(name, "")
        if not 0 < len(value) <= 200:
            raise Refusal(BAD_REQUEST, f"header {name} is missing or too long")
        return value

    def choice(self, name: str, choices: frozenset[str]) -> str:
        if (value := self.text(name)) not in choices:
            raise Refusal(BAD_REQUEST, f"header {name} must be one of {', '.join(sorted(choices))}")
        return value

    def number(self, name: str, default: int, highest: int) -> int:
        """Return a parameter from 1 to `highest`."""
        value = self.parameters.get(name, str(default))
        if not (re.fullmatch(r"[0-9]{1,9}", value) and 1 <= int(value) <= highest):
            raise Refusal(BAD_REQUEST, f"header {name} must be a number from 1 to {highest}")
        return int(value)

    def day(self, name: str, default: float, *, end: bool = False) -> float:
        """Return when the day `yyyy/MM/dd` starts, or ends, in Viet Nam."""
        if name not in self.parameters:
            return default
        day = day_of(self.parameters[name], name)
        return (day + timedelta(days=end)).timestamp()

    def codes(self, name: str) -> tuple[str, ...]:
        """Return the agency codes of an optional JSON array."""
        try:
            codes = json.loads(self.parameters.get(name, "[]"))
        except (ValueError, RecursionError) as error:
            raise Refusal(BAD_REQUEST, f"header {name} must be a JSON array") from error
        if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
            raise Refusal(BAD_REQUEST, f"header {name} must be a JSON array of codes")
        return tuple(dict.fromkeys(codes))

    def message_type(self) -> str:
        self.choice("servicetype", frozenset({"eDoc"}))
        return self.choice("messagetype", frozenset({"edoc", "status"}))

    def page(self) -> Page:
        """Return the slice asked for: pages count from 1."""
        size = self.number("pagesize", 100, 1000)
        return Page(
            size=size,
            skip=size * (self.number("pageindex", 1, 10**9) - 1),
            message_type=self.message_type(),
            since=self.day("fromdate", 0),
            until=self.day("todate", float("inf"), end=True),
            status=self.parameters.get("status", ""),
        )

    def check_hash(self, digest: bytes) -> None:
        """Refuse (10) a body that is not the signed one.

        The public SDK writes the hash without the leading zero of each byte; both forms count, or
        that one alone.
        """
        given, as_the_sdk = self.text("hash-file").lower(), "".join(f"{byte:x}" for byte in digest)
        if given not in ([as_the_sdk] if self.sdk_hash else [as_the_sdk, digest.hex()]):
            raise Refusal(BAD_REQUEST, "hash-file is not the SHA-256 of the body")


def register_agency(call: Call) -> Reply:
    """Add an agency under the caller, or update it: first come, first served for a code."""
    with call.store.incoming(call.request.stream) as (spooled, digest):
        body = spooled.read_bytes()
    if "hash-file" in call.parameters:
        call.check_hash(digest)
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(BAD_REQUEST, "the agency is not JSON") from error
    call.store.register(call.system, _agency(fields))
    return {}


def _agency(fields: object) -> Agency:
    if not isinstance(fields, dict):
        raise Refusal(BAD_REQUEST, "the agency must be a JSON object")
    fields = {"pid": "", **fields}
    for name in ("id", "pid", "code", "name", "mail"):
        value = fields.get(name)
        if not isinstance(value, str) or len(value) > 200 or not (value or name == "pid"):
            raise Refusal(BAD_REQUEST, f"{name} must be a text of at most 200 characters")
    if not _CODE.fullmatch(fields["code"]):
        raise Refusal(BAD_REQUEST, "code must be letters, digits and dots, at most 35")
    if not fields["name"].isprintable():
        raise Refusal(BAD_REQUEST, "name holds control characters")
    return Agency(**{name: fields[name] for name in ("id", "pid", "code", "name", "mail")})


def delete_agency(call: Call) -> Reply:
    call.store.close_agency(call.system, call.text("code"))
    return {}


def get_agencies_list(call: Call) -> Reply:
    agencies = call.store.agencies(call.parameters.get("id", ""))
    return {"data": [vars(agency) for agency in agencies]}


def send_edoc(call: Call) -> Reply:
    """Take a packet for its recipients; a document's `to` header replaces the packet's own list."""
    message_type, sender = call.message_type(), call.text("from")
    if sender != call.system:
        call.store.demand_sender(call.system, sender)
    with call.store.incoming(call.request.stream) as (spooled, digest):
        call.check_hash(digest)
        with spooled.open("rb") as packet:
            routing = read_routing(packet, message_type)
        if message_type == "edoc" and (codes := call.codes("to")):
            routing = routing.to(codes)
        call.store.demand_sender(call.system, routing.sender)
        doc_id = call.store.accept(call.system, message_type, spooled, digest.hex(), routing)
    return {"DocId": doc_id}


def get_received_edoc_list(call: Call) -> Reply:
    rows = call.store.received(call.system, call.page())
    return {
        "data": [
            {
                "docId": row["doc_id"],
                "serviceType": "eDoc",
                "messageType": row["message_type"],
                "created_time": instant(row["created"]),
                "updated_time": instant(row["updated"]),
                "from": row["sender"],
                "to": json.loads(row["codes"]),
                "status": row["status"],
                "status_desc": row["status"],
            }
            for row in rows
        ]
    }


def get_sent_edoc_list(call: Call) -> Reply:
    rows = call.store.sent(call.system, call.page())
    return {
        "data": [
            {
                "serviceType": "eDoc",
                "messageType": row["message_type"],
                "senderDocId": row["doc_id"],
                "receiverDocId": row["doc_id"],
                "fromCode": row["sender"],
                "toCode": row["code"],
                "title": row["title"],
                "notation": row["notation"],
                "sentTime": instant(row["created"]),
                "receivedTime": "" if row["status"] == "initial" else instant(row["updated"]),
                "sendStatus": "done",
                "sendStatusDesc": "done",
                "receiveStatus": row["status"],
                "receiveStatusDesc": row["status"],
            }
            for row in rows
        ]
    }


def get_edoc(call: Call) -> Reply:
    """Answer with the packet as base64 inside the JSON reply."""
    path = call.store.file_for(call.system, call.text("docid"))
    return Response(_json_with_file(path), content_type="application/json")


def download_edoc(call: Call) -> Reply:
    """Answer with the packet's bytes."""
    path = call.store.file_for(call.system, call.text("docid"))
    headers = {"Content-Length": str(path.stat().st_size)}
    return Response(pieces(path, CHUNK), headers=headers, content_type="application/octet-stream")


def update_status(call: Call) -> Reply:
    """Set the status of the caller's deliveries; header `to` narrows it to some of its agencies."""
    status = call.choice("status", STATUSES)
    call.store.set_status(call.system, call.text("docid"), status, call.codes("to"))
    return {}


ENDPOINTS: dict[str, tuple[Callable[[Call], Reply], int]] = {
    "/registerAgency": (register_agency, MAX_AGENCY),
    "/deleteAgency": (delete_agency, 0),
    "/getAgenciesList": (get_agencies_list, 0),
    "/sendEdoc": (send_edoc, MAX_PACKET),
    "/getReceivedEdocList": (get_received_edoc_list, 0),
    "/getEdoc": (get_edoc, 0),
    "/downloadEdoc": (download_edoc, 0),
    "/updateStatus": (update_status, 0),
    "/getSentEdocList": (get_sent_edoc_list, 0),
}
"""Each method with the largest body that it takes."""


def pieces(path: Path, size: int) -> Iterator[bytes]:
    """A file in pieces of this size."""
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece


def _json_with_file(path: Path) -> Iterator[bytes]:
    yield b'{"status":"OK","ErrorCode":"0","ErrorDesc":"","data":"'
    for piece in pieces(path, BASE64_STEP):
        yield base64.b64encode(piece)
    yield b'"}'


def day_of(text: str, name: str) -> datetime:
    """When the day `yyyy/MM/dd` starts in Viet Nam; not the calendar's last one."""
    try:
        day = datetime.strptime(text, "%Y/%m/%d").replace(tzinfo=VIETNAM)
        return day + timedelta(days=1) - timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise Refusal(BAD_REQUEST, f"{name} must be yyyy/MM/dd") from error


def instant(seconds: float) -> str:
    """An instant as the interfaces write it."""
    return datetime.fromtimestamp(seconds, VIETNAM).strftime("%Y/%m/%d %H:%M:%S")
