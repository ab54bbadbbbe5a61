"""eventlet's HTTP/1.1 server, with bounds where it has none."""

import json
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi

from libs.web.problems import CONTENT_TYPE, Problem
from libs.web.request import HANG_UP, TIME_LIMIT

_LINGER_SECONDS = 2
_LONGEST_CHUNK_LINE = 1024


class Protocol(wsgi.HttpProtocol):  # type: ignore[misc]
    """Adds to eventlet's: deadlines for headers, limits for chunk lines, hanging up politely.

    Without `wsgi.input_terminated` a chunked body would arrive as nothing at all.
    """

    header_seconds = 10.0

    def _read_request_line(self) -> Any:
        # eventlet's own time limit starts anew with every byte.
        with eventlet.Timeout(self.server.keepalive, False):
            return super()._read_request_line()

    def parse_request(self) -> bool:
        """Read the headers, in time and without two lengths; a problem document otherwise."""
        try:
            with eventlet.Timeout(self.header_seconds, TimeoutError()):
                if not super().parse_request():
                    return False
        except TimeoutError:
            self.send_error(408)
            return False
        if len(self.headers.get_all("content-length", [])) > 1:
            self.send_error(400)
            return False
        return True

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment, with the server's services for bodies."""
        environ: dict[str, Any] = super().get_environ()
        environ["wsgi.input"].rfile = _ShortLines(self.rfile)
        environ["wsgi.input_terminated"] = True
        environ[TIME_LIMIT] = lambda seconds: eventlet.Timeout(seconds, TimeoutError())
        environ[HANG_UP] = self._hang_up
        return environ

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the parser itself refuses becomes a problem document too."""
        del message, explain  # They repeat what the client sent.
        self.close_connection = True
        problem = Problem(
            code,
            "request_malformed",
            "Yêu cầu HTTP không hợp lệ.",
            "This is not a well-formed HTTP request.",
        )
        content = json.dumps(problem.document("about:blank")).encode()
        head = (
            f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\nContent-Type: {CONTENT_TYPE}\r\n"
            f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        self.wfile.write(head.encode() + content)

    def handle(self) -> None:
        """Serve the connection; a client that goes away is no event."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def finish(self) -> None:
        """Close, after reading what the client still sends for a short while.

        A socket that closes with unread bytes resets the connection, and the client never sees
        why it was refused.
        """
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(eventlet.green.socket.SHUT_WR)
            with eventlet.Timeout(_LINGER_SECONDS, False):
                while self.connection.recv(64 * 1024):
                    pass
        super().finish()

    def _hang_up(self) -> None:
        self.close_connection = True


class _ShortLines:
    """A connection whose chunk headers and trailers are short; eventlet reads them unbounded."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.read = file.read

    def readline(self, size: int = -1) -> bytes:
        """A line, or `ValueError` for one that is too long."""
        line: bytes = self._file.readline(_LONGEST_CHUNK_LINE if size < 0 else size)
        if size < 0 and len(line) >= _LONGEST_CHUNK_LINE:
            raise ValueError("a chunk's line is too long")
        return line
