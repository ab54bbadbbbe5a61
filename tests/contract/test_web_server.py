"""The web edge under nameko and eventlet, over real sockets."""

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from libs.web.issuer import TokenIssuer
from libs.web.ops import serve_ops
from tests.support.wait import eventually
from tests.support.web_issuer import LAN, running_issuer
from tests.support.web_kit import LIMITS, UPLOAD_LIMIT


@dataclass(frozen=True)
class Service:
    """A running notes service and its issuer."""

    process: subprocess.Popen[str]
    log: Path
    port: int
    ops_port: int
    issuer: TokenIssuer

    def token(self, **changes: Any) -> str:
        """A token for a clerk."""
        who = {name: LAN[name] for name in ("subject", "agency", "roles", "position")}
        return self.issuer.issue(**{**who, **changes})

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request by a clerk, with a fresh key."""
        headers = {
            "Authorization": f"Bearer {self.token()}",
            "Idempotency-Key": str(uuid4()),
            **options.pop("headers", {}),
        }
        url = f"http://127.0.0.1:{self.port}{path}"
        return requests.request(method, url, headers=headers, timeout=10, **options)

    def files(self) -> list[str]:
        """The digests of the kept files."""
        found: list[str] = self.call("GET", "/v1/files").json()["digests"]
        return found

    def open_upload(self, *headers: str) -> socket.socket:
        """A connection on which an upload's headers have been sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        lines = [
            "POST /v1/files HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {self.token()}",
            f"Idempotency-Key: {uuid4()}",
            *headers,
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection


def start(folder: Path, issuer_url: str) -> Service:
    log = folder / "service.log"
    environ = {
        **os.environ,
        "OIDC_ISSUER": issuer_url,
        "AMQP_URL": "amqp://unused",
        "HTTP_PORT": "0",
        "OPS_PORT": "0",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.web_program"],
            env=environ,
            stdout=output,
            text=True,
        )
    ports = eventually(lambda: listening(log), within=20)
    issuer = TokenIssuer(issuer_url, folder / "key.pem")
    return Service(process, log, ports["http_listening"], ports["ops_listening"], issuer)


def listening(log: Path) -> dict[str, int]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    ports = {line["event"]: line["port"] for line in lines if line["event"].endswith("_listening")}
    return ports if len(ports) == 2 else {}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("web")
    with running_issuer(folder) as issuer_url:
        running = start(folder, issuer_url)
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=15) == 0


def answer_on(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the problem that the server sends before it closes the connection."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body else {}


def test_a_chunked_upload_arrives_whole(service: Service) -> None:
    content = os.urandom(300_000)
    pieces = [content[start : start + 70_001] for start in range(0, len(content), 70_001)]
    answer = service.call("POST", "/v1/files", data=iter(pieces))
    assert answer.status_code == 201
    assert answer.json() == {"digest": hashlib.sha256(content).hexdigest(), "size": len(content)}
    assert service.call("GET", f"/v1/files/{answer.json()['digest']}").content == content


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        (["Content-Length: 100000"], b"x" * 40_000),
        (["Transfer-Encoding: chunked"], b"9c40\r\n" + b"x" * 20_000),
        (["Transfer-Encoding: chunked"], b"3\r\nabc\r\n"),
        (["Transfer-Encoding: chunked"], b"3\r\nabc\r\nzz\r\n"),
    ],
    ids=["short", "within a chunk", "between chunks", "not a chunk"],
)
def test_an_upload_that_breaks_off_keeps_nothing(
    service: Service, headers: list[str], sent: bytes
) -> None:
    before = service.files()
    with service.open_upload(*headers) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        status, problem = answer_on(connection)
    assert (status, problem["code"]) == (400, "body_broken_off")
    assert service.files() == before


def test_a_chunk_header_without_end_is_not_collected(service: Service) -> None:
    with service.open_upload("Transfer-Encoding: chunked") as connection:
        connection.sendall(b"3;" + b"a" * 5000)
        assert answer_on(connection)[1]["code"] == "body_broken_off"


def test_a_client_that_is_refused_while_it_sends_still_hears_why(service: Service) -> None:
    with service.open_upload("Content-Length: 12000000", "If-Match: 1") as connection:
        connection.sendall(b"x" * 12_000_000)
        assert answer_on(connection)[1]["code"] == "if_match_malformed"


def test_twelve_slow_uploads_leave_room_for_everybody_else(service: Service) -> None:
    before = service.files()
    with ExitStack() as open_connections:
        slow = [
            open_connections.enter_context(service.open_upload("Content-Length: 1000000"))
            for _ in range(12)
        ]
        for connection in slow:
            connection.sendall(b"x")
        started = time.monotonic()
        ready = requests.get(f"http://127.0.0.1:{service.ops_port}/readyz", timeout=2)
        read = service.call("GET", "/v1/notes")
        written = service.call("POST", "/v1/notes", json={"text": "meanwhile"})
        seconds = time.monotonic() - started
        codes = sorted(answer_on(connection)[1]["code"] for connection in slow)
    assert (ready.status_code, read.status_code, written.status_code) == (200, 200, 201)
    assert seconds < 1
    assert codes == ["body_too_slow"] * LIMITS.uploads + ["uploads_busy"] * (12 - LIMITS.uploads)
    assert service.files() == before
    assert service.call("POST", "/v1/files", data=b"after").status_code == 201


@pytest.mark.parametrize(
    ("path", "limit"), [("/v1/files", UPLOAD_LIMIT), ("/v1/notes", LIMITS.body)]
)
def test_an_oversized_body_is_refused_with_its_limit(
    service: Service, path: str, limit: int
) -> None:
    headers = {"Content-Type": "application/json"}
    announced = service.call("POST", path, data=b" " * (limit + 1), headers=headers)
    pieces = iter([b" " * 65536] * (limit // 65536 + 1))
    chunked = service.call("POST", path, data=pieces, headers=headers)
    assert (announced.status_code, announced.json()["limit"]) == (413, limit)
    assert (chunked.status_code, chunked.json()["limit"]) == (413, limit)


def test_a_parser_refusal_is_a_problem_document_too(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
        connection.sendall(b"GET /\x00secret HTTP/9.9 extra\r\n\r\n")
        status, problem = answer_on(connection)
    assert (status, problem["code"]) == (400, "request_malformed")
    assert "secret" not in json.dumps(problem)


def test_headers_that_drip_are_cut_off(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
        connection.sendall(b"GET /v1/notes HTTP/1.1\r\nHost: ")
        status, problem = answer_on(connection)
    assert (status, problem["code"]) == (408, "request_malformed")


def test_two_lengths_are_refused(service: Service) -> None:
    with service.open_upload("Content-Length: 5", "Content-Length: 6") as connection:
        assert answer_on(connection)[0] == 400


def test_a_connection_serves_one_request_after_another(service: Service) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)
    ports = set()
    for _ in range(3):
        connection.request("GET", "/v1/notes", headers={"Authorization": "Bearer x"})
        ports.add(connection.sock.getsockname())
        assert connection.getresponse().read()
    connection.close()
    assert len(ports) == 1


def test_tokens_of_the_issuer_are_accepted_until_they_expire(service: Service) -> None:
    late = TokenIssuer(
        service.issuer.discovery()["issuer"],
        service.log.parent / "key.pem",
        clock=lambda: time.time() - 600,
    )
    expired = late.issue("p", "H40.01", ["clerk"])
    answer = service.call("GET", "/v1/notes", headers={"Authorization": f"Bearer {expired}"})
    assert (answer.status_code, answer.json()["reason"]) == (401, "expired")


def test_health_and_measures_have_a_server_of_their_own(service: Service) -> None:
    service.call("GET", "/v1/nowhere")
    base = f"http://127.0.0.1:{service.ops_port}"
    assert requests.get(f"{base}/livez", timeout=5).json() == {"live": True}
    assert requests.get(f"{base}/readyz", timeout=5).json()["checks"] == {"always": True}
    measures = requests.get(f"{base}/metrics", timeout=5).text
    assert 'lienthong_refused_requests_total{code="not_found"}' in measures
    assert service.call("GET", "/metrics").status_code == 404


def test_a_process_without_eventlet_serves_its_health_from_threads() -> None:
    def broken() -> bool:
        raise ConnectionError("password=hunter2")

    port = serve_ops("127.0.0.1", 0, {"database": broken, "disk": lambda: True})
    answer = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": {"database": False, "disk": True}}
    assert requests.get(f"http://127.0.0.1:{port}/livez", timeout=5).status_code == 200


def test_the_log_is_json_and_knows_the_callers_trace(service: Service) -> None:
    trace = uuid4().hex
    service.call("GET", "/v1/notes", headers={"traceparent": f"00-{trace}-{'1' * 16}-01"})

    def logged() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in service.log.read_text().splitlines()]
        return [line for line in lines if line.get("trace") == trace]

    (line,) = eventually(logged, within=5)
    assert (line["event"], line["route"], line["status"]) == ("http_request", "/v1/notes", 200)
    assert line["caller"] == f"person:{LAN['subject']}/{LAN['position']}"


def test_sigterm_lets_a_request_finish(tmp_path: Path) -> None:
    with running_issuer(tmp_path) as issuer_url:
        running = start(tmp_path, issuer_url)
        running.files()
        with running.open_upload("Content-Length: 4") as connection:
            connection.sendall(b"ab")
            running.process.send_signal(signal.SIGTERM)
            eventually(lambda: '"event": "stopping"' in running.log.read_text(), within=5)
            connection.sendall(b"cd")
            assert answer_on(connection)[0] == 201
        assert running.process.wait(timeout=15) == 0


def test_sigterm_ends_a_service_that_nobody_calls(tmp_path: Path) -> None:
    running = start(tmp_path, "http://127.0.0.1:1")
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=5) == 0


def test_a_process_that_was_not_patched_first_does_not_start() -> None:
    program = (
        "from libs.web.serve import run; from libs.web.settings import ServerSettings;"
        "run(type('S', (), {'name': 's'}), ServerSettings(oidc_issuer=(), amqp_url=''))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30)
    assert ended.returncode == 1
    assert b"import libs.web.patch" in ended.stderr
