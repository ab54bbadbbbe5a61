"""The methods of a province axis (LGSP), over the same memory: a login, then JSON and forms."""

import base64
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from werkzeug import Request, Response

from tools.axis.endpoints import BASE64_STEP, MAX_PACKET, day_of, instant, pieces
from tools.axis.refusal import BAD_CREDENTIALS, BAD_REQUEST, Refusal
from tools.axis.routing import read_routing
from tools.axis.store import Store

PREFIX = "/v1/"
TOKEN_AGE = timedelta(minutes=30)
MAX_JSON = 16 * 1024
_STATUSES = frozenset({"done", "fail"})
_TYPES = frozenset({"edoc", "status"})

Reply = dict[str, Any] | Response


class WrongToken(Exception):
    """The caller must log in: there is no such token, or no more."""


@dataclass(frozen=True)
class Call:
    """One request of a proven system."""

    store: Store
    request: Request
    system: str

    def fields(self) -> dict[str, Any]:
        """The JSON object in the body."""
        return fields_of(self.request)

    def choice(self, given: Mapping[str, Any], name: str, choices: frozenset[str]) -> str:
        value = given.get(name)
        if not isinstance(value, str) or value not in choices:
            raise Refusal(BAD_REQUEST, f"{name} must be one of {', '.join(sorted(choices))}")
        return value


class Tokens:
    """Who has logged in; forgotten when the axis ends."""

    def __init__(self, system_secrets: Mapping[str, str]) -> None:
        self._secrets = system_secrets
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._lock = threading.Lock()

    def log_in(self, request: Request, now: datetime) -> dict[str, Any]:
        """Give a token to whoever names a system as user and its secret as password."""
        given = fields_of(request)
        user, password = given.get("username"), given.get("password")
        if not given.get("applicationCode") or not self._known(user, password):
            raise Refusal(BAD_CREDENTIALS, "unknown user or wrong password")
        token = secrets.token_urlsafe()
        with self._lock:
            self._tokens[token] = (str(user), now + TOKEN_AGE)
        return {"data": {"token": token, "username": user}}

    def system_of(self, request: Request, now: datetime) -> str:
        """The proven system. Raises `WrongToken`, and `Refusal` (15)."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        with self._lock:
            user, until = self._tokens.get(token, ("", now))
        if now >= until:
            raise WrongToken
        system = request.headers.get("X-SystemId", "")
        if system != user or not self._known(system, request.headers.get("X-SecretKey")):
            raise Refusal(BAD_CREDENTIALS, "unknown system or wrong secret")
        return system

    def _known(self, system: object, secret: object) -> bool:
        known = self._secrets.get(str(system), secrets.token_hex())
        return hmac.compare_digest(known.encode(), str(secret).encode())


def fields_of(request: Request) -> dict[str, Any]:
    """A JSON object out of a body."""
    try:
        fields = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise Refusal(BAD_REQUEST, "the body is not JSON") from error
    if not isinstance(fields, dict):
        raise Refusal(BAD_REQUEST, "the body must be a JSON object")
    return fields


def send_edoc(call: Call) -> Reply:
    """Take a packet for everybody in its own list."""
    message_type = call.choice(call.request.form, "messageType", _TYPES)
    file = call.request.files.get("edocFile")
    if file is None:
        raise Refusal(BAD_REQUEST, "edocFile is missing")
    with call.store.incoming(file.stream) as (spooled, digest):
        with spooled.open("rb") as packet:
            routing = read_routing(packet, message_type)
        call.store.demand_sender(call.system, routing.sender)
        doc_id = call.store.accept(call.system, message_type, spooled, digest.hex(), routing)
    return {"docId": doc_id}


def sync_received_edoc_list(call: Call) -> Reply:
    """List what came on these days, one row for each recipient, whatever became of it."""
    given = call.request.args
    message_type = call.choice(given, "messageType", _TYPES)
    since = day_of(given.get("fromDate", ""), "fromDate")
    until = day_of(given.get("toDate", ""), "toDate") + timedelta(days=1)
    rows = call.store.history(call.system, message_type, since.timestamp(), until.timestamp())
    data = [
        {
            "serviceType": "eDoc",
            "createdTime": instant(row["created"]),
            "updatedTime": instant(row["updated"]),
            "messageType": row["message_type"],
            "docId": row["doc_id"],
            "from": row["sender"],
            "to": row["code"],
            "status": row["status"],
            "statusDesc": row["status"],
        }
        for row in rows
    ]
    return {"count": len(data), "data": data}


def get_edoc(call: Call) -> Reply:
    """Answer with the packet as base64 within the JSON reply, some fields beside it."""
    doc_id = call.request.args.get("docId", "")
    path = call.store.file_for(call.system, doc_id)
    return Response(_json_with_file(doc_id, path), content_type="application/json")


def update_status(call: Call) -> Reply:
    """Set the status of a packet for all the caller's agencies."""
    given = call.fields()
    status = call.choice(given, "status", _STATUSES)
    call.store.set_status(call.system, str(given.get("docId", "")), status, ())
    return {}


def get_agencies_list(call: Call) -> Reply:
    """List the directory."""
    return {
        "data": [
            {"orgCode": each.code, "orgName": each.name, "parentCode": each.pid, "address": None,
             "email": each.mail, "phone": None}
            for each in call.store.agencies()
        ]
    }  # fmt: skip


LOGIN = "/v1/auth/login"
ENDPOINTS: dict[tuple[str, str], tuple[Callable[[Call], Reply], int]] = {
    ("POST", "/v1/sendEdoc"): (send_edoc, MAX_PACKET + MAX_JSON),
    ("GET", "/v1/syncReceivedEdocList"): (sync_received_edoc_list, 0),
    ("GET", "/v1/getEdoc"): (get_edoc, 0),
    ("POST", "/v1/updateStatus"): (update_status, MAX_JSON),
    ("GET", "/v1/getAgenciesList"): (get_agencies_list, 0),
}
"""Each method with the largest body that it takes."""


def _json_with_file(doc_id: str, path: Path) -> Iterator[bytes]:
    yield (
        b'{"success":true,"message":"OK","data":{"docId":%s,"edxml":"' % json.dumps(doc_id).encode()
    )
    for piece in pieces(path, BASE64_STEP):
        yield base64.b64encode(piece)
    yield b'","attachments":[]}}'
