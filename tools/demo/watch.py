"""Watching the read models that senders and receivers see, for many documents at once.

One question for all of them every few milliseconds: a front end for each document that asks the
API again and again would cost more than what is watched.
"""

import threading
import time
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any, Self

import psycopg2

EVERY_SECONDS = 0.01
_AWAY_SECONDS = 0.5
_QUESTIONS = {
    "documents": "SELECT document_id::text, state FROM documents.document"
    " WHERE document_id = ANY (%s::uuid[])",
    "interconnect": "SELECT dispatch_id::text, status_code FROM interconnect.received_status"
    " WHERE dispatch_id = ANY (%s::uuid[])",
}
_Seen = tuple[str, str, str]


class NotSeen(Exception):
    """What was waited for did not come in time."""


class Watch:
    """`urls` are the databases of documents and interconnect by role; they may go away."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._connections: dict[str, Any] = {}
        self._waiting: dict[_Seen, threading.Event] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_for_ever, name="watch", daemon=True)

    @property
    def backends(self) -> frozenset[int]:
        """The server's processes that answer this watch."""
        return frozenset(each.get_backend_pid() for each in self._connections.values())

    def state(self, document_id: str, state: str, within: float) -> None:
        """Return when the document's row is in this state. Raises `NotSeen`."""
        self._wait(("documents", document_id, state), within)

    def status(self, document_id: str, code: str, within: float) -> None:
        """Return when the sender's view has this status of the document. Raises `NotSeen`."""
        self._wait(("interconnect", document_id, code), within)

    def _wait(self, what: _Seen, within: float) -> None:
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
            try:
                self._look()
            except psycopg2.Error:
                self._connections.clear()
                self._ended.wait(_AWAY_SECONDS)
            self._ended.wait(max(0.0, began + EVERY_SECONDS - time.monotonic()))

    def _look(self) -> None:
        for name, question in _QUESTIONS.items():
            with self._lock:
                ids = list({each[1] for each in self._waiting if each[0] == name})
            if ids:
                with self._connection(name).cursor() as cursor:
                    cursor.execute(question, (ids,))
                    self._tell(name, cursor.fetchall())

    def _connection(self, name: str) -> Any:
        if name not in self._connections:
            connection = psycopg2.connect(self._urls[name], connect_timeout=5)
            connection.autocommit = True
            self._connections[name] = connection
        return self._connections[name]

    def _tell(self, name: str, rows: Collection[tuple[str, str]]) -> None:
        with self._lock:
            for row in rows:
                if seen := self._waiting.get((name, *row)):
                    seen.set()

    def __enter__(self) -> Self:
        for name in _QUESTIONS:
            self._connection(name)
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
