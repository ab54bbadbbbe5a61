"""The edge lets through what the route table names, and refuses in problem documents."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.servers import stop_process
from tests.support.wait import eventually
from tools.platform import edge
from tools.platform.database import SERVICES
from tools.platform.edge import LIVENESS
from tools.platform.ports import free_ports
from tools.platform.spawn import spawn

POST = b"POST /v1/documents HTTP/1.1\r\nHost: x\r\n"


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length or 0))
        answer = json.dumps({"path": self.path, "length": length, "got": len(body)}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_words: object) -> None: ...


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The edge before one service, documents; all others are down."""
    folder = tmp_path_factory.mktemp("edge")
    port, *rest = free_ports(1 + len(SERVICES))
    services = dict(zip(SERVICES, rest, strict=True))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", services["documents"]), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    edge.prepare(folder, port, services)
    process = spawn(edge.command(folder), log=folder / "log", environment={})
    base = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.get(base + LIVENESS, timeout=2).ok
        except requests.ConnectionError:
            return False

    try:
        eventually(answers, within=10)
        yield base
    finally:
        stop_process(process, edge.STOP_SIGNAL)
        server.shutdown()


def problem(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["detail"]
    assert document["detail_vi"]
    return answer.status_code, document["code"]


@pytest.mark.parametrize("path", ["/v1/documents", "/v1/documents/7/file?page=2"])
def test_a_route_stands_for_itself_and_all_below_it(url: str, path: str) -> None:
    assert requests.get(url + path, timeout=5).json()["path"] == path


@pytest.mark.parametrize("path", ["/", "/v1/documentsX", "/v2/documents", "/readyz", "/metrics"])
def test_what_no_route_names_is_not_there(url: str, path: str) -> None:
    assert problem(requests.get(url + path, timeout=5)) == (404, "not_found")


def test_a_service_that_is_down_gets_a_problem_and_a_time_to_come_back(url: str) -> None:
    answer = requests.get(f"{url}/v1/agencies", timeout=5)
    assert problem(answer) == (502, "service_down")
    assert answer.headers["Retry-After"] == "1"


def test_a_body_over_the_limit_is_refused_by_its_announced_length(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(POST + b"Content-Length: 73400321\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_chunked_body_reaches_the_service_whole_and_with_its_length(url: str) -> None:
    chunks = (b"x" * 1000 for _ in range(300))
    answer = requests.post(f"{url}/v1/documents", data=chunks, timeout=10).json()
    assert answer == {"path": "/v1/documents", "length": "300000", "got": 300000}


def test_unfinished_uploads_do_not_reach_the_service_nor_stop_others(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    slow = [socket.create_connection((host, int(port)), timeout=5) for _ in range(50)]
    try:
        for client in slow:
            client.sendall(POST + b"Content-Length: 999\r\n\r\nx")
        assert requests.get(f"{url}/v1/documents", timeout=5).ok
    finally:
        for client in slow:
            client.close()


def test_an_address_with_quotes_cannot_break_the_problem_document(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(b'GET /nope"x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["instance"] == "/nope"


def test_a_route_that_could_be_misread_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "routes.yaml"
    table.write_text("- {path: '/v1/x { } location /', service: documents}\n")
    monkeypatch.setattr(edge, "ROUTES", table)
    with pytest.raises(ValueError, match="not a route"):
        edge.routes()


def test_every_service_has_a_route() -> None:
    assert {route["service"] for route in edge.routes()} == set(SERVICES)
