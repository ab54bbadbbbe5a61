"""A way to a server that can be cut: connections stay, and nothing comes through any more."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tools.platform.ports import free_ports

OPENED = b"\x00\x0a\x00\x29"
"""AMQP's Connection.OpenOk: the handshake is over."""


class CutProxy:
    """Listens on `port` and passes everything on to a server's port, until it is cut."""

    def __init__(self, server: int, cut_behind: bytes = b"") -> None:
        """`cut_behind`: cut by itself when the server has said this."""
        self._server, self._cut_behind = server, cut_behind
        self._cut = threading.Event()
        (self.port,) = free_ports(1)
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_cut(self) -> bool:
        """Whether nothing passes."""
        return self._cut.is_set()

    def cut(self) -> None:
        """Let nothing pass; who connects is let in and hears nothing."""
        self._cut.set()

    def join(self) -> None:
        """Let new connections pass again; those that were cut stay silent."""
        self._cut_behind = b""
        self._cut = threading.Event()

    def close(self) -> None:
        """End it with all connections."""
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._open += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pass, args=(*ends, self._cut), daemon=True
                    ).start()

    def _pass(self, source: socket.socket, target: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not cut.is_set():
                    target.sendall(data)
                if self._cut_behind and self._cut_behind in data:
                    cut.set()
            if not cut.is_set():
                target.shutdown(socket.SHUT_WR)


@contextmanager
def proxied(url: str, cut_behind: bytes = b"") -> Iterator[tuple[str, CutProxy]]:
    """The URL of the same server by way of a proxy, and the proxy."""
    before, _, rest = url.rpartition("@")
    host, _, path = rest.partition("/")
    proxy = CutProxy(int(host.rpartition(":")[2]), cut_behind)
    try:
        yield f"{before}@127.0.0.1:{proxy.port}/{path}", proxy
    finally:
        proxy.close()
