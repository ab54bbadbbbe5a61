"""HTTP for the witness: one thread a request, no more than there are places."""

from threading import BoundedSemaphore
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from tools.witness.app import Witness

MAX_REQUESTS = 64


class Handler(WSGIRequestHandler):
    """Werkzeug's handler with a limit on silence; the application writes the log."""

    timeout = 10

    def log(self, *_arguments: Any) -> None: ...


class Server(ThreadedWSGIServer):
    """Hangs up on whom it has no place for: a witness that is late is asked again."""

    def __init__(self, host: str, port: int, witness: Witness) -> None:
        super().__init__(host, port, witness, handler=Handler)
        self._places = BoundedSemaphore(MAX_REQUESTS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()
