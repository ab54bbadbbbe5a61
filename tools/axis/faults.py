"""What can go wrong with an axis, switched on by an admin call, off by default.

`POST /faults` with `Authorization: Bearer <admin>` (of systems.json; without it there is no such
method) and `{"seed": 7, "faults": {"cut": {"rate": 0.5, "times": 3, "methods": ["getEdoc"]}}}`
replaces the plan: each fault happens at `rate` of its chances, `times` at most, only for `methods`,
and only to those `systems`.
`GET /faults` says how often each has happened. One seed and one order of requests give one run.
"""

import base64
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug import Response

from tools.axis.refusal import BAD_REQUEST, Refusal

LISTING = ("getReceivedEdocList", "syncReceivedEdocList")
FETCHING, SENDING = ("getEdoc", "downloadEdoc"), ("sendEdoc",)
HASHING = ("sendEdoc", "registerAgency")
EVERYWHERE: tuple[str, ...] = ()
FAULTS = {
    "late": LISTING,
    "duplicate": LISTING,
    "reordered": LISTING,
    "truncated": FETCHING,
    "damaged": FETCHING,
    "old": ("downloadEdoc",),
    "wrong_hash": SENDING,
    "sdk_hash": HASHING,
    "server_error": EVERYWHERE,
    "system_error": EVERYWHERE,
    "rate_limit": EVERYWHERE,
    "wrong_clock": EVERYWHERE,
    "cut": EVERYWHERE,
    "slow": EVERYWHERE,
}
"""Each fault with the methods that it can strike.

late: some packets that wait are not listed yet · duplicate: every packet is listed twice, and once
more after it is done · reordered: the list is shuffled · truncated: half of the packet in a whole
reply · damaged: a letter of a file in the packet is another one · old: there is no such method (an
axis before 2.0.1) · wrong_hash: the body seems to be damaged on its way · sdk_hash: the hash counts
only as the public SDK writes it, without padding zeros · server_error: 503, nothing done ·
system_error: a reply of the axis' own with code 20, nothing done · rate_limit: 429, nothing done ·
wrong_clock: the axis is an hour ahead · cut: all is done, and the connection ends in the middle of
the reply · slow: the reply drips.
"""
RETRY_AFTER = 1  # second
_AHEAD = timedelta(hours=1)
_DRIP = 0.02  # seconds between two bytes
_FORGET_ABOVE = 1000
_CONTENT = b"ContentTransferEncoded"


@dataclass
class _Plan:
    rate: float
    times: int | None
    methods: tuple[str, ...]
    systems: tuple[str, ...]


class Faults:
    """The plan in force and its dice; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: dict[str, _Plan] = {}
        self._chance = random.Random(0)  # noqa: S311 - to be had again, not to be secret
        self._happened: Counter[str] = Counter()
        self._listed: dict[tuple[str, str], Any] = {}
        self._done: list[tuple[str, Any]] = []

    def replace(self, body: bytes) -> None:
        """Replace the plan. Raises `Refusal` (10), and changes nothing, if it makes no sense."""
        try:
            wanted = json.loads(body)
            plans = {name: _plan(name, fields) for name, fields in wanted["faults"].items()}
            seed = int(wanted.get("seed", 0))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Refusal(BAD_REQUEST, f"no plan of faults: {type(error).__name__}") from error
        with self._lock:
            self._plans = plans
            self._chance.seed(seed)
            self._happened.clear()
            self._listed.clear()
            self._done.clear()

    def happened(self) -> dict[str, int]:
        """Return how often each fault of the plan has happened."""
        with self._lock:
            return {name: self._happened[name] for name in self._plans}

    def drawn(self, method: str, system: str) -> frozenset[str]:
        """Return the faults that strike this request."""
        with self._lock:
            found = [n for n, p in self._plans.items() if self._strikes(n, p, method, system)]
            self._happened.update(found)
            return frozenset(found)

    def _strikes(self, name: str, plan: _Plan, method: str, system: str) -> bool:
        if method not in (plan.methods or FAULTS[name] or (method,)):
            return False
        if system not in (plan.systems or (system,)):
            return False
        left = plan.times is None or self._happened[name] < plan.times
        return left and self._chance.random() < plan.rate

    def rows(self, drawn: frozenset[str], system: str, kind: str, rows: list[Any]) -> list[Any]:
        """Return the list of what waits for `system` as the faults let it be seen."""
        with self._lock:
            if "duplicate" in self._plans and len(self._listed) < _FORGET_ABOVE:
                self._listed |= {(system, row["docId"]): row for row in rows}
            if "duplicate" in drawn:
                again = [each for each in self._done if each[0] == system]
                again = [each for each in again if each[1]["messageType"] == kind]
                self._done = [each for each in self._done if each not in again]
                rows = [*(row for _, row in again), *(row for row in rows for _ in range(2))]
            if "late" in drawn:
                packets = list(dict.fromkeys(row["docId"] for row in rows))
                seen = {each for each in packets[1:] if self._chance.random() < 0.5}
                rows = [row for row in rows if row["docId"] in seen]
            if "reordered" in drawn:
                rows = self._chance.sample(rows, len(rows))
            return rows

    def done(self, system: str, doc_id: str) -> None:
        """Remember a packet that was taken off the list, to list it once more."""
        with self._lock:
            if row := self._listed.pop((system, doc_id), None):
                self._done.append((system, row))


def _plan(name: str, fields: dict[str, Any]) -> _Plan:
    plan = _Plan(**{"rate": 1.0, "times": None, "methods": (), "systems": (), **fields})
    if name not in FAULTS or not 0 <= plan.rate <= 1:
        raise ValueError(name)
    plan.methods, plan.systems = tuple(plan.methods), tuple(plan.systems)
    if plan.times is not None and plan.times < 0:
        raise ValueError(name)
    return plan


def clock_error(drawn: frozenset[str]) -> timedelta:
    """Return how far the axis' clock is ahead."""
    return _AHEAD if "wrong_clock" in drawn else timedelta()


def spoil(drawn: frozenset[str], response: Response) -> Response:
    """Return the reply as it leaves; what it was the answer to has been done."""
    if "truncated" in drawn:
        response = _with_packet(response, lambda packet: packet[: len(packet) // 2])
    if "damaged" in drawn:
        response = _with_packet(response, _damaged)
    if not drawn & {"cut", "slow"}:
        return response
    body = response.get_data()
    headers = dict(response.headers) | {"Content-Length": str(len(body))}
    pieces = _dripping(body) if "slow" in drawn else _cut(body)
    return Response(pieces, response.status, headers)


def _with_packet(response: Response, change: Callable[[bytes], bytes]) -> Response:
    """The reply with another packet in it."""
    body = response.get_data()
    if response.mimetype != "application/json":
        return Response(change(body), content_type=response.content_type)
    reply = json.loads(body)
    holder, name = (reply, "data") if isinstance(reply["data"], str) else (reply["data"], "edxml")
    holder[name] = base64.b64encode(change(base64.b64decode(holder[name]))).decode()
    return Response(json.dumps(reply), content_type="application/json")


def _damaged(packet: bytes) -> bytes:
    at = packet.find(b">", packet.find(_CONTENT)) + 1
    if packet.find(_CONTENT) < 0:
        return packet
    return packet[:at] + (b"B" if packet[at : at + 1] == b"A" else b"A") + packet[at + 1 :]


def _cut(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise ConnectionResetError("a fault that was asked for")


def _dripping(body: bytes) -> Iterator[bytes]:
    for byte in body:
        yield bytes([byte])
        time.sleep(_DRIP)
