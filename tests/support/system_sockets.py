"""Clients that misbehave on the wire: bodies that break off, bodies that never end."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit


def begun_request(url: str, path: str, token: str, length: int) -> socket.socket:
    """A command whose headers promise `length` bytes, of which one has come."""
    where = urlsplit(url)
    assert where.hostname
    assert where.port
    connection = socket.create_connection((where.hostname, where.port), timeout=5)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {id(connection)}\r\n"
        f"Content-Length: {length}\r\n\r\n{{"
    )
    connection.sendall(head.encode())
    return connection


@contextmanager
def slow_uploads(number: int, url: str, path: str, token: str) -> Iterator[None]:
    """So many unfinished commands at once, for as long as the block lasts."""
    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(begun_request(url, path, token, length=1000))
        yield
