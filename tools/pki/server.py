"""The live services of the test PKI: OCSP (RFC 6960) and time stamps (RFC 3161) over HTTP."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry.common import ArchLabel, CertLabel
from werkzeug.serving import make_server

from . import store
from .architecture import ARCHITECTURE, AUTHORITIES, base_url, build
from .keys import parse_once


class Services:
    """WSGI application that reads the folder again when a certificate was added or revoked."""

    def __init__(self, data: Path, fake_time: bool) -> None:
        self._data, self._fake_time = data, fake_time
        self._stamp: tuple[int, int] = (0, 0)
        self._application: Any = None
        self._refresh()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        self._refresh()
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer

    def _refresh(self) -> None:
        status = (self._data / "pki.json").stat()
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp == self._stamp:
            return
        architecture = build(self._data, store.load(self._data))
        for name in AUTHORITIES:  # issued now, so that the first time stamp is not late
            architecture.get_cert(CertLabel(name))
        self._application = Animator(
            AnimatorArchStore({ArchLabel(ARCHITECTURE): architecture}),
            with_web_ui=False,
            allow_time_override=self._fake_time,
        )
        self._stamp = stamp


def serve(
    data: Path, port: int = 0, port_file: Path | None = None, fake_time: bool = False
) -> None:
    """Serve on 127.0.0.1 until ended. Another port than the certificates name is refused.

    With `fake_time`, a request may name the instant that it is answered for, in the header
    X-Certomancer-Fake-Time.
    """
    state = store.load(data)
    if port not in (0, state.port):
        raise store.SubjectRefused(
            f"the certificates name port {state.port}; serving on {port} would orphan them"
        )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    parse_once()
    server = make_server("127.0.0.1", state.port, Services(data, fake_time), threaded=True)
    if port_file is not None:
        store.write(port_file, str(state.port).encode())
    print(f"test PKI {os.getpid()} at {base_url(state)}", flush=True)
    try:
        server.serve_forever()
    finally:
        server.server_close()
