"""Health and measures, on a server of their own, so that no load on the API hides them."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from libs.observability import exposition, get_logger
from libs.web.body import TimeLimit
from libs.web.request import TIME_LIMIT
from libs.web.respond import StartResponse

Checks = Mapping[str, Callable[[], bool]]
"""By name: whether a part that the process needs is there. An exception counts as no."""

_CHECK_SECONDS = 2.0
logger = get_logger("libs.web.ops")


class OpsApp:
    """WSGI: `/livez` (the process turns), `/readyz` (all checks hold), `/metrics`."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        status, kind, content = self._answer(environ)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(content)))])
        return [content]

    def _answer(self, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        match environ["PATH_INFO"]:
            case "/livez":
                return "200 OK", "application/json", b'{"live":true}'
            case "/readyz":
                states = self._states(environ.get(TIME_LIMIT, lambda _seconds: nullcontext()))
                ready = all(states.values())
                content = json.dumps({"ready": ready, "checks": states}).encode()
                return "200 OK" if ready else "503 Not Ready", "application/json", content
            case "/metrics":
                return "200 OK", *exposition()
            case _:
                return "404 Not Found", "text/plain", b""

    def _states(self, time_limit: TimeLimit) -> dict[str, bool]:
        return {name: _holds(name, check, time_limit) for name, check in self._checks.items()}


def _holds(name: str, check: Callable[[], bool], time_limit: TimeLimit) -> bool:
    try:
        with time_limit(_CHECK_SECONDS):
            return bool(check())
    except Exception as error:
        logger.warning("readiness_check_failed", check=name, error=type(error).__name__)
        return False


def serve_ops(host: str, port: int, checks: Checks) -> int:
    """Serve `OpsApp` from threads of this process, for one without eventlet; returns the port.

    The threads are daemons: they end with the process.
    """
    server = threaded_server(host, port)
    server.set_app(OpsApp(checks))
    threading.Thread(target=server.serve_forever, name="ops", daemon=True).start()
    logger.info("ops_listening", host=host, port=server.server_port)
    return server.server_port


def threaded_server(host: str, port: int) -> WSGIServer:
    """A small WSGI server, one thread a request; give it its application by `set_app`."""
    return _ThreadedServer((host, port), _QuietHandler)


class _ThreadedServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = 5

    def log_message(self, format: str, *args: Any) -> None:
        """A probe every few seconds is not worth a line."""
