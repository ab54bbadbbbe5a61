"""Clients that misbehave on the wire: bodies that break off, bodies that never end."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

JSON, BYTES = "application/json", "application/octet-stream"


def begun_request(url: str, path: str, token: str, kind: str = JSON) -> socket.socket:
    """A command whose headers promise a body of 1000 bytes, of which one has come."""
    where = urlsplit(url)
    assert where.hostname
    assert where.port
    connection = socket.create_connection((where.hostname, where.port), timeout=5)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {kind}\r\nIdempotency-Key: {uuid4()}\r\n"
        f"Content-Length: 1000\r\n\r\n{{"
    )
    connection.sendall(head.encode())
    return connection


@contextmanager
def slow_uploads(
    number: int, url: str, path: str, token: str, kind: str = JSON
) -> Iterator[list[socket.socket]]:
    """So many unfinished commands at once, for as long as the block lasts."""
    with ExitStack() as stack:
        yield [stack.enter_context(begun_request(url, path, token, kind)) for _ in range(number)]
