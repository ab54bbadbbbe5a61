"""Watching the read models that senders and receivers see, for many documents at once.

One question for all of them every few milliseconds: a front end for each document that asks the
API again and again would cost more than what is measured. Whoever was waited for is then asked of
the API itself, once.
"""

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psycopg2

EVERY_SECONDS = 0.01
_QUESTIONS = {
    "documents": "SELECT document_id::text, state FROM documents.document"
    " WHERE document_id = ANY (%s::uuid[])",
    "interconnect": "SELECT dispatch_id::text, status_code FROM interconnect.received_status"
    " WHERE dispatch_id = ANY (%s::uuid[])",
}
Seen = tuple[str, str, str]


class NotSeen(Exception):
    """What was waited for did not come in time."""


class Watch:
    """`urls` are the services' databases by role: documents and interconnect."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._connections = {name: psycopg2.connect(urls[name]) for name in _QUESTIONS}
        for connection in self._connections.values():
            connection.autocommit = True
        self._waiting: dict[Seen, threading.Event] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_for_ever, name="watch", daemon=True)

    @property
    def backends(self) -> frozenset[int]:
        """The server's processes that answer this watch: not the platform's work."""
        return frozenset(each.get_backend_pid() for each in self._connections.values())

    def state(self, document_id: str, state: str, within: float) -> None:
        """Return when the document's row is in this state. Raises `NotSeen`."""
        self._wait(("documents", document_id, state), within)

    def status(self, document_id: str, code: str, within: float) -> None:
        """Return when the sender's view has this status of the document. Raises `NotSeen`."""
        self._wait(("interconnect", document_id, code), within)

    def _wait(self, what: Seen, within: float) -> None:
        seen = threading.Event()
        with self._lock:
            self._waiting[what] = seen
        came = seen.wait(within)
        with self._lock:
            self._waiting.pop(what, None)
        if not came:
            raise NotSeen(" ".join(what))

    def _look_for_ever(self) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            for name, connection in self._connections.items():
                with self._lock:
                    ids = list({each[1] for each in self._waiting if each[0] == name})
                if ids:
                    with connection.cursor() as cursor:
                        cursor.execute(_QUESTIONS[name], (ids,))
                        self._tell(name, cursor.fetchall())
            self._ended.wait(max(0.0, began + EVERY_SECONDS - time.monotonic()))

    def _tell(self, name: str, rows: list[tuple[str, str]]) -> None:
        with self._lock:
            for row in rows:
                if seen := self._waiting.get((name, *row)):
                    seen.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        for connection in self._connections.values():
            connection.close()
