"""Each fault of the axis, and what the client makes of it.

By the field's error table a refusal (10 to 23) is not tried again, and the network's failures and
5xx are: `AxisRefused` is the one, `AxisUnreachable` the other.
"""

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from werkzeug.serving import make_server

from libs.blobs import open_store
from libs.edxml import MalformedPacket, read
from services.interconnect import axis_reply
from services.interconnect.axis import AxisClient, AxisRefused, AxisUnreachable
from tests.support.axis import document_packet
from tools.axis.app import Axis
from tools.axis.faults import FAULTS
from tools.axis.store import Store

SENDER, RECIPIENT = "000.00.00.G22", "H42"
ADMIN = "admin-secret"


@dataclass
class FaultyAxis:
    """An axis in this process, and those who talk to it."""

    url: str

    def client(self, system: str, timeout: float = 5) -> AxisClient:
        return AxisClient(self.url, system, f"{system}-secret", timeout=timeout)

    def plan(self, seed: int = 1, **faults: dict[str, Any]) -> None:
        reply = self.administer(json={"seed": seed, "faults": faults})
        assert reply.json()["status"] == "OK", reply.text

    def happened(self, fault: str) -> int:
        return int(self.administer().json()["happened"][fault])

    def administer(self, secret: str = ADMIN, **body: Any) -> requests.Response:
        method = "POST" if body else "GET"
        headers = {"Authorization": f"Bearer {secret}"}
        return requests.request(method, f"{self.url}/faults", headers=headers, timeout=5, **body)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("axis"))
    store.seed({"office": [SENDER], "province": [RECIPIENT]})
    return store


@pytest.fixture(scope="module")
def server(store: Store) -> Iterator[FaultyAxis]:
    secrets = {system: f"{system}-secret" for system in ("office", "province")}
    axis = Axis(store, secrets, "axis-here", io.StringIO(), ADMIN)
    server = make_server("127.0.0.1", 0, axis, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield FaultyAxis(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def axis(server: FaultyAxis) -> Iterator[FaultyAxis]:
    """The axis without faults and with nothing waiting, before and after."""
    yield server
    server.plan()
    for row in server.client("province").received("edoc"):
        server.client("province").update_status(row.doc_id, "done")


def send(axis: FaultyAxis, packet: bytes | None = None) -> str:
    packet = packet or a_packet()
    return axis.client("office").send(
        BytesIO(packet), message_type="edoc", sender=SENDER, sha256=sha256(packet).hexdigest()
    )


def a_packet() -> bytes:
    return document_packet(SENDER, [RECIPIENT], f"Số {uuid4()}")


def listed(axis: FaultyAxis) -> list[str]:
    return [row.doc_id for row in axis.client("province").received("edoc")]


def fetch(axis: FaultyAxis, doc_id: str) -> bytes:
    into = BytesIO()
    axis.client("province").fetch(doc_id, into, 10_000_000)
    return into.getvalue()


# One test for each fault


def test_late_packets_are_listed_sooner_or_later(axis: FaultyAxis) -> None:
    sent = [send(axis) for _ in range(6)]
    axis.plan(late={"times": 2})
    first, second, third = listed(axis), listed(axis), listed(axis)
    assert set(first) < set(sent)
    assert set(second) < set(sent)
    assert third == sent


def test_duplicates_are_listed_twice_and_again_after_they_are_done(axis: FaultyAxis) -> None:
    axis.plan(duplicate={})
    doc_id = send(axis)
    assert listed(axis) == [doc_id, doc_id]
    axis.client("province").update_status(doc_id, "done")
    assert axis.client("province").received("status") == []
    assert listed(axis) == [doc_id]
    # What the client does with it again is allowed, and changes nothing.
    assert fetch(axis, doc_id)
    axis.client("province").update_status(doc_id, "done")
    assert listed(axis) == []


def test_reordered_packets_are_all_listed(axis: FaultyAxis) -> None:
    sent = [send(axis) for _ in range(8)]
    axis.plan(reordered={})
    found = listed(axis)
    assert found != sent
    assert sorted(found) == sorted(sent)


def test_a_truncated_packet_is_fetched_and_is_no_packet(axis: FaultyAxis, tmp_path: Path) -> None:
    """The interface gives no hash with a packet: only its reader can notice.

    It is refused as not well-formed, never taken for a shorter document; asked for again, it is
    whole.
    """
    packet = a_packet()
    doc_id = send(axis, packet)
    axis.plan(truncated={"times": 1})
    half = fetch(axis, doc_id)
    assert half == packet[: len(packet) // 2]
    with pytest.raises(MalformedPacket, match="xml_invalid"):
        read(BytesIO(half), open_store(f"file://{tmp_path}"))
    assert fetch(axis, doc_id) == packet


def test_a_wrong_hash_is_a_refusal_and_nothing_is_delivered(axis: FaultyAxis) -> None:
    packet = a_packet()
    axis.plan(wrong_hash={"times": 1})
    with pytest.raises(AxisRefused) as refused:
        send(axis, packet)
    assert refused.value.code == "10"
    assert listed(axis) == []
    # Whoever sends it again all the same is served.
    assert [send(axis, packet)] == listed(axis)


def test_a_server_error_may_be_tried_again_and_nothing_was_done(axis: FaultyAxis) -> None:
    packet = a_packet()
    axis.plan(server_error={"times": 1})
    with pytest.raises(AxisUnreachable, match="HTTP 503"):
        send(axis, packet)
    assert listed(axis) == []
    assert [send(axis, packet)] == listed(axis)


def test_a_rate_limit_may_be_tried_again(axis: FaultyAxis) -> None:
    axis.plan(rate_limit={"times": 1})
    with pytest.raises(AxisUnreachable, match="HTTP 429"):
        listed(axis)
    assert listed(axis) == []


def test_a_rate_limit_says_when_to_come_again(axis: FaultyAxis) -> None:
    axis.plan(rate_limit={"times": 1})
    with pytest.raises(AxisUnreachable) as unreachable:
        listed(axis)
    assert unreachable.value.retry_after == 1


def test_a_wrong_clock_is_a_refusal_of_the_account(axis: FaultyAxis) -> None:
    """By the table 15 is not tried again by itself; the service keeps such jobs for people."""
    axis.plan(wrong_clock={"times": 1})
    with pytest.raises(AxisRefused) as refused:
        listed(axis)
    assert refused.value.code == "15"
    assert listed(axis) == []


@pytest.mark.parametrize("method", ["sendEdoc", "getReceivedEdocList", "getEdoc", "updateStatus"])
def test_a_cut_connection_may_be_tried_again_though_all_was_done(
    axis: FaultyAxis, method: str
) -> None:
    packet = a_packet()
    doc_id = send(axis, packet)
    client = axis.client("province")
    calls: dict[str, Callable[[], Any]] = {
        "sendEdoc": lambda: send(axis, packet),
        "getReceivedEdocList": lambda: listed(axis),
        "getEdoc": lambda: fetch(axis, doc_id),
        "updateStatus": lambda: client.update_status(doc_id, "done"),
    }
    axis.plan(cut={"times": 1, "methods": [method]})
    with pytest.raises(AxisUnreachable):
        calls[method]()
    assert axis.happened("cut") == 1
    answers = {
        "sendEdoc": doc_id,
        "getReceivedEdocList": [doc_id],
        "getEdoc": packet,
        "updateStatus": None,
    }
    assert calls[method]() == answers[method]
    assert listed(axis) == ([] if method == "updateStatus" else [doc_id])


def test_a_slow_body_is_cut_off_and_may_be_tried_again(
    axis: FaultyAxis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(axis_reply, "SLOWEST", 10**9)
    doc_id = send(axis)
    axis.plan(slow={"times": 1})
    with pytest.raises(AxisUnreachable, match="too slow"):
        axis.client("province", timeout=0.2).received("edoc")
    assert listed(axis) == [doc_id]


# The switch


def test_every_fault_has_a_test() -> None:
    tested = {
        "late",
        "duplicate",
        "reordered",
        "truncated",
        "wrong_hash",
        "server_error",
        "rate_limit",
        "wrong_clock",
        "cut",
        "slow",
    }
    assert tested == FAULTS.keys()


def test_one_seed_gives_one_run(axis: FaultyAxis) -> None:
    def run(seed: int) -> list[bool]:
        axis.plan(seed, server_error={"rate": 0.5})
        found = []
        for _ in range(16):
            try:
                listed(axis)
                found.append(True)
            except AxisUnreachable:
                found.append(False)
        return found

    first = run(7)
    assert first == run(7)
    assert first != run(8)
    assert {True, False} == set(first)


def test_faults_are_off_until_somebody_switches_them_on(axis: FaultyAxis) -> None:
    assert axis.administer().json()["happened"] == {}


@pytest.mark.parametrize("secret", ["", "wrong", "admin-secret "])
def test_only_the_admin_switches(axis: FaultyAxis, secret: str) -> None:
    plan: dict[str, Any] = {"faults": {"server_error": {}}}
    assert axis.administer(secret, json=plan).status_code == 401
    assert listed(axis) == []


def test_without_an_admin_there_is_no_switch(store: Store) -> None:
    axis = Axis(store, {}, "axis-here", io.StringIO())
    server = make_server("127.0.0.1", 0, axis, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/faults"
    assert requests.get(url, headers={"Authorization": "Bearer "}, timeout=5).status_code == 404
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 10_000,
        b'{"faults": {"flood": {}}}',
        b'{"faults": {"cut": {"rate": 2}}}',
        b'{"faults": {"cut": {"rate": "x"}}}',
        b'{"faults": {"cut": {"times": -1}}}',
        b'{"faults": {"cut": {"ever": 1}}}',
        b'{"faults": {"cut": {"methods": 7}}}',
        b'{"faults": {}, "seed": "x"}',
    ],
)
def test_a_plan_that_makes_no_sense_changes_nothing(axis: FaultyAxis, body: bytes) -> None:
    axis.plan(server_error={"times": 0})
    reply = axis.administer(data=body or b" ")
    assert reply.json()["ErrorCode"] == "10"
    assert axis.happened("server_error") == 0
