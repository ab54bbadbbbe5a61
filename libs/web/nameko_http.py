"""nameko's side of HTTP: our own WSGI server beside the service, not nameko's entrypoints.

A service declares

    http = HttpServer(build_api)      # build_api(settings) -> WSGI application
    ops = OpsServer(build_checks)     # build_checks(settings) -> Checks

nameko's workers are not used: requests have a pool of their own, larger than the upload limit,
and health has another, so neither broker work nor slow clients keep a request waiting.
"""

from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.extensions import DependencyProvider

from libs.observability import get_logger
from libs.web.ops import Checks, OpsApp
from libs.web.protocol import Protocol

SETTINGS = "settings"
"""Key of nameko's configuration: the service's settings."""

_STOP_SECONDS = 10
_KEEPALIVE_SECONDS = 30
_SOCKET_SECONDS = 30

logger = get_logger("libs.web.server")


class _Listener:
    """One bound socket, its pool of green threads and its accept loop."""

    def __init__(self, host: str, port: int, app: Any, workers: int) -> None:
        self._socket = eventlet.listen((host, port), backlog=128)
        self._pool = eventlet.GreenPool(workers)
        self._loop = eventlet.spawn(
            wsgi.server,
            self._socket,
            app,
            protocol=Protocol,
            custom_pool=self._pool,
            keepalive=_KEEPALIVE_SECONDS,
            socket_timeout=_SOCKET_SECONDS,
            log_output=False,
            debug=False,
        )

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def stop(self) -> None:
        """Accept no more, let requests finish for ten seconds, then cut them off."""
        self._loop.kill()
        with eventlet.Timeout(_STOP_SECONDS, False):
            self._pool.waitall()
        for running in list(self._pool.coroutines_running):
            running.kill()


class HttpServer(DependencyProvider):  # type: ignore[misc]
    """Serves a WSGI application on HTTP_HOST and HTTP_PORT for as long as the service runs."""

    def __init__(self, build: Callable[[Any], Any], workers: int = 256) -> None:
        self._build = build
        self._workers = workers
        self._listener: _Listener | None = None

    def start(self) -> None:
        """Bind and serve. An address that is taken stops the service's start."""
        settings = self.container.config[SETTINGS]
        app = self._build(settings)
        self._listener = _Listener(settings.http_host, settings.http_port, app, self._workers)
        logger.info("http_listening", host=settings.http_host, port=self._listener.port)

    def stop(self) -> None:
        """Finish what is under way, within a bound."""
        if self._listener is not None:
            self._listener.stop()


class OpsServer(DependencyProvider):  # type: ignore[misc]
    """Serves `/livez`, `/readyz` and `/metrics` on OPS_HOST and OPS_PORT."""

    def __init__(self, build: Callable[[Any], Checks], workers: int = 16) -> None:
        self._build = build
        self._workers = workers
        self._listener: _Listener | None = None

    def start(self) -> None:
        """Bind and serve."""
        settings = self.container.config[SETTINGS]
        app = OpsApp(self._build(settings))
        self._listener = _Listener(settings.ops_host, settings.ops_port, app, self._workers)
        logger.info("ops_listening", host=settings.ops_host, port=self._listener.port)

    def stop(self) -> None:
        """End with the service."""
        if self._listener is not None:
            self._listener.stop()
