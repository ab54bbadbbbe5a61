"""The evidence: stored events, blobs, and what the axis kept."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2

from libs.blobs import BlobMissing, BlobStore, open_store
from tools.platform import Installation, Platform
from tools.platform.os_process import end, identify
from tools.platform.spawn import spawn

_EVENTS = """
SELECT tx, position, type, agency, handler, occurred_at, trace::text,
       convert_from(payload, 'UTF8')::jsonb
FROM es.event
WHERE trace = ANY (%s::uuid[]) OR category IN ('agency', 'person', 'certificate')
ORDER BY tx, position
"""


@dataclass(frozen=True)
class Event:
    """A row of the event table."""

    tx: int
    position: int
    type: str
    agency: str
    handler: str
    occurred_at: datetime
    trace: str
    payload: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        """A field of the payload; empty when it was not told."""
        return self.payload.get(name, "")


@dataclass(frozen=True)
class Evidence:
    """What is stored: the events of some traces and of the directory, blobs, the axis' folder."""

    events: list[Event]
    blobs: BlobStore
    axis: Path

    @classmethod
    def open(cls, here: Installation, traces: Sequence[str]) -> "Evidence":
        """The evidence of an installation, which may run or not."""
        with _database(here):
            events = read_events(here.database_url("monitor"), traces)
        blobs = open_store(here.environment("monitor")["BLOB_URL"])
        return cls(events, blobs, here.folder / "axis")

    def of_type(self, *types: str) -> list[Event]:
        """Events of these types, in store order."""
        return [event for event in self.events if event.type in types]

    def blob(self, digest: str) -> bytes:
        """A blob's bytes; empty when it was erased. The store checks them against the digest."""
        try:
            return self.blobs.read(digest)
        except BlobMissing:
            return b""

    def text(self, digest: str) -> dict[str, Any]:
        """A blob of people's text."""
        found = json.loads(self.blob(digest) or b"{}")
        return found if isinstance(found, dict) else {}

    def axis_packets(self, kind: str) -> dict[str, bytes]:
        """The packets that the axis keeps (`edoc` or `status`), by the SHA-256 of their bytes."""
        file = self.axis / "axis.sqlite"
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT sha256 FROM packets WHERE message_type = ?", [kind])
            names = [name for (name,) in rows]
        contents = [(self.axis / "files" / name).read_bytes() for name in names]
        return {hashlib.sha256(content).hexdigest(): content for content in contents}


def read_events(url: str, traces: Sequence[str]) -> list[Event]:
    """The events of the traces and of the directory, in store order, as the role `monitor`."""
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute(_EVENTS, (list(traces),))
        return [Event(*row) for row in cursor.fetchall()]


@contextmanager
def _database(here: Installation) -> Iterator[None]:
    """Have the database there: its own server is started for the check when nothing runs."""
    if Platform(here.folder).running() or not here.own_database:
        yield
        return
    server = here.postgres
    server.prepare()
    process = spawn(server.command(), log=Path(here.folder) / "logs" / "postgres.log")
    try:
        server.wait_until_ready()
        yield
    finally:
        if identity := identify(process.pid):
            end(identity, how=server.stop_signal)
        process.wait(timeout=30)
