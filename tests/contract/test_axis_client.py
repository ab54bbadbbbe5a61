"""What the client makes of whatever an axis, or something in its place, answers."""

import base64
import gzip
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from io import BytesIO

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from services.interconnect.axis import AxisRefused, AxisUnreachable, NationalAxis
from services.interconnect.axis import reply as axis_reply
from services.interconnect.axis_signing import sign_headers

OK = {"status": "OK", "ErrorCode": "0", "ErrorDesc": ""}


@contextmanager
def answering(body: bytes, status: int = 200, encoding: str = "identity") -> Iterator[NationalAxis]:
    """A client of a server that gives every request this answer."""

    @Request.application
    def answer(request: Request) -> Response:
        if request.path == "/downloadEdoc":
            return Response("no such method", 404)
        return Response(body, status, {"Content-Encoding": encoding})

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield NationalAxis(
            f"http://127.0.0.1:{server.server_port}", "province", "secret", timeout=5
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_headers_are_copied_listed_and_signed_as_the_sdk_does() -> None:
    headers = {"Content-Type": "application/json", "systemid": "vxp", "timestamp": "1"}
    result = sign_headers(headers, "khóa")
    text = '{"XroadVnpt-systemid":"vxp","XroadVnpt-timestamp":"1"}'
    assert result == {
        **headers,
        "XroadVnpt-systemid": "vxp",
        "XroadVnpt-timestamp": "1",
        "XroadVnpt-sign-header": text,
        "XroadVnpt-sign-header-key": "XroadVnpt-systemid;XroadVnpt-timestamp",
        "XroadVnpt-hash-header": hmac.digest("khóa".encode(), text.encode(), "sha256").hex(),
    }


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "Hà Nội", "\x00"])
def test_a_value_that_cannot_be_a_header_is_not_sent(value: str) -> None:
    with answering(json.dumps(OK).encode()) as client, pytest.raises(ValueError, match="header"):
        client.delete_agency(value)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"status":"FAIL","ErrorCode":"20","ErrorDesc":"x"}'),
        (503, b""),
        (429, b""),
        (302, b""),
        (200, b"<html>please log in</html>"),
        (200, b"[" * 100_000),
        (200, b"{}"),
        (200, b'{"status":"OK","data":"no list"}'),
        (200, b'{"status":"OK","data":[{"code":7}]}'),
        (200, b'{"status":"OK"'),
    ],
)
def test_an_answer_that_is_none_may_be_asked_for_again(status: int, body: bytes) -> None:
    with answering(body, status) as client, pytest.raises(AxisUnreachable):
        client.agencies()


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b'{"status":"FAIL","ErrorCode":"18","ErrorDesc":"no \\n receiver"}', "18"),
        (413, b'{"status":"FAIL","ErrorCode":"10","ErrorDesc":"large"}', "10"),
        (404, b"not found", "http-404"),
    ],
)
def test_a_refusal_is_told_with_its_code(status: int, body: bytes, code: str) -> None:
    with answering(body, status) as client, pytest.raises(AxisRefused) as refused:
        client.agencies()
    assert refused.value.code == code
    assert refused.value.description.isprintable()


def test_a_refused_fetch_writes_nothing() -> None:
    into = BytesIO()
    body = b'{"status":"FAIL","ErrorCode":"21","ErrorDesc":"none"}'
    with answering(body) as client, pytest.raises(AxisRefused, match="none"):
        client.fetch("id", into, 100)
    assert into.getvalue() == b""


def test_a_compressed_reply_is_bounded_by_what_it_unpacks_to() -> None:
    body = gzip.compress(b'{"status":"OK","data":"' + b"A" * 50_000_000)
    with (
        answering(body, encoding="gzip") as client,
        pytest.raises(AxisRefused) as refused,
    ):
        client.fetch("id", BytesIO(), 1000)
    assert refused.value.code == "too-large"


@pytest.mark.parametrize("told", [{}, {"receiveStatus": None}, {"receiveStatus": ""}])
def test_of_what_was_sent_nothing_may_have_been_told_yet(told: dict[str, None]) -> None:
    row = {"senderDocId": "d", "messageType": "edoc", "fromCode": "H25", "toCode": "H42", **told}
    with answering(json.dumps({**OK, "data": [row]}).encode()) as axis:
        assert [each.status for each in axis.sent_on(date(2026, 11, 23))] == [""]


def test_an_axis_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = NationalAxis(f"http://127.0.0.1:{port}", "province", "secret")
    with pytest.raises(AxisUnreachable) as unreachable:
        client.received("edoc")
    assert "secret" not in str(unreachable.value)


def test_an_axis_that_says_nothing_is_unreachable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(AxisUnreachable):
            NationalAxis(url, "province", "secret", timeout=0.2).received("edoc")


def test_an_axis_that_only_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axis_reply, "SLOWEST", 10**9)
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        with suppress(OSError):
            while not done.wait(0.01):
                connection.sendall(b" " * 1000)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: drip(server.accept()[0]))
        thread.start()
        client = NationalAxis(
            f"http://127.0.0.1:{server.getsockname()[1]}", "province", "secret", timeout=0.3
        )
        with pytest.raises(AxisUnreachable, match="too slow"):
            client.received("edoc")
        done.set()
        thread.join()


def test_a_document_beyond_the_limit_is_refused() -> None:
    document = base64.b64encode(b"x" * 1001).decode()
    with answering(json.dumps({**OK, "data": document}).encode()) as client:
        client.fetch("id", BytesIO(), 1001)
        with pytest.raises(AxisRefused) as refused:
            client.fetch("id", BytesIO(), 1000)
    assert refused.value.code == "too-large"
