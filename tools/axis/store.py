"""What the axis keeps: agencies, packets and one delivery for each recipient.

SQLite holds the rows, a folder holds the packets under their SHA-256. A packet's file is on disk
before its rows are committed, and an answer is given after that: a kill at any instant loses
nothing that was acknowledged and shows nothing half.
"""

import fcntl
import hashlib
import os
import sqlite3
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tools.axis.refusal import (
    CANNOT_PROCESS,
    RECEIVER_LOCKED,
    RECEIVER_UNKNOWN,
    SENDER_NOT_REGISTERED,
    Refusal,
)
from tools.axis.routing import Routing

CHUNK = 256 * 1024
_SCHEMA = """
CREATE TABLE IF NOT EXISTS agencies (
    code TEXT PRIMARY KEY, system TEXT NOT NULL, id TEXT NOT NULL, pid TEXT NOT NULL,
    name TEXT NOT NULL, mail TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS packets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, doc_id TEXT NOT NULL UNIQUE, system TEXT NOT NULL,
    message_type TEXT NOT NULL, sha256 TEXT NOT NULL, sender TEXT NOT NULL, title TEXT NOT NULL,
    notation TEXT NOT NULL, created REAL NOT NULL, UNIQUE (system, message_type, sha256)
);
CREATE TABLE IF NOT EXISTS deliveries (
    packet INTEGER NOT NULL REFERENCES packets, code TEXT NOT NULL, system TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'initial', updated REAL NOT NULL, PRIMARY KEY (packet, code)
);
CREATE INDEX IF NOT EXISTS deliveries_open ON deliveries (system, packet)
    WHERE status NOT IN ('done', 'fail');
"""


@dataclass(frozen=True)
class Agency:
    """An agency as its system registered it; `pid` is the superior body's id."""

    id: str
    pid: str
    code: str
    name: str
    mail: str


@dataclass(frozen=True)
class Page:
    """A slice of a list, oldest first, and the filters on it; an instant is seconds since 1970."""

    size: int
    skip: int
    message_type: str
    since: float
    until: float
    status: str

    @property
    def values(self) -> tuple[str | float, ...]:
        """The filters and the slice, in the order in which the lists' statements take them."""
        return (self.message_type, self.since, self.until, self.status, self.size, self.skip)


class Store:
    """The axis' memory in one folder, which one process at a time may use."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._incoming = folder / "incoming"
        for path in (folder, self._files, self._incoming):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock_file = (folder / "lock").open("w")
        fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for leftover in self._incoming.iterdir():
            leftover.unlink()
        self._turn = threading.Lock()
        self._database = sqlite3.connect(
            folder / "axis.sqlite", isolation_level=None, check_same_thread=False
        )
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._database.executescript(_SCHEMA)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def register(self, system: str, agency: Agency) -> None:
        """Add or update an agency of `system`; a code of another system is refused (19)."""
        with self._transaction() as db:
            owner = db.execute("SELECT system FROM agencies WHERE code = ?", [agency.code])
            if (row := owner.fetchone()) and row["system"] != system:
                raise Refusal(SENDER_NOT_REGISTERED, "the code belongs to another system")
            db.execute(
                "INSERT OR REPLACE INTO agencies (code, system, id, pid, name, mail)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [agency.code, system, agency.id, agency.pid, agency.name, agency.mail],
            )

    def close_agency(self, system: str, code: str) -> None:
        """Stop deliveries to `code`; what has been delivered stays. The code is not given away."""
        with self._transaction() as db:
            changed = db.execute(
                "UPDATE agencies SET closed = 1 WHERE code = ? AND system = ?", [code, system]
            )
            if not changed.rowcount:
                raise Refusal(SENDER_NOT_REGISTERED, "no such agency under this system")

    def agencies(self, id_or_code: str = "") -> list[Agency]:
        """Return the open agencies of all systems, or the one asked for, by code."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT id, pid, code, name, mail FROM agencies"
                " WHERE NOT closed AND ?1 IN ('', id, code) ORDER BY code",
                [id_or_code],
            ).fetchall()
        return [Agency(**row) for row in rows]

    def demand_sender(self, system: str, code: str) -> None:
        """Refuse (19) a sender's code that is not an open agency of `system`."""
        with self._transaction() as db:
            owner = _open_owner(db, code)
        if owner != system:
            raise Refusal(SENDER_NOT_REGISTERED, f"{code} is not an agency of this system")

    @contextmanager
    def incoming(self, body: IO[bytes]) -> Iterator[tuple[Path, bytes]]:
        """Spool `body` to a file and yield the file and its SHA-256; the file goes afterwards."""
        digest = hashlib.sha256()
        handle, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with os.fdopen(handle, "wb") as file:
                while chunk := body.read(CHUNK):
                    digest.update(chunk)
                    file.write(chunk)
            yield Path(name), digest.digest()
        finally:
            Path(name).unlink(missing_ok=True)

    def accept(
        self, system: str, message_type: str, spooled: Path, sha256: str, routing: Routing
    ) -> str:
        """Keep a packet, deliver it to its recipients, all or none, and return its DocId.

        Bytes that this system sent before keep their DocId; recipients they had already are not
        given them again. Raises `Refusal` (18, 23) for an unknown or closed recipient.
        """
        with spooled.open("rb") as file:
            os.fsync(file.fileno())
        now = time.time()
        with self._transaction() as db:
            owners = {code: _receiving_system(db, code) for code in routing.recipients}
            self._keep(spooled, sha256)
            db.execute(
                "INSERT OR IGNORE INTO packets"
                " (doc_id, system, message_type, sha256, sender, title, notation, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [str(uuid.uuid4()), system, message_type, sha256, *routing.shown, now],
            )
            packet = db.execute(
                "SELECT seq, doc_id FROM packets"
                " WHERE system = ? AND message_type = ? AND sha256 = ?",
                [system, message_type, sha256],
            ).fetchone()
            db.executemany(
                "INSERT OR IGNORE INTO deliveries (packet, code, system, updated)"
                " VALUES (?, ?, ?, ?)",
                [(packet["seq"], code, owner, now) for code, owner in owners.items()],
            )
        return str(packet["doc_id"])

    def _keep(self, spooled: Path, sha256: str) -> None:
        spooled.replace(self._files / sha256)
        folder = os.open(self._files, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def received(self, system: str, page: Page) -> list[sqlite3.Row]:
        """List the packets that wait for `system`, each once with its recipients' codes.

        What is `done` or `fail` waits no longer.
        """
        with self._transaction() as db:
            return db.execute(
                "SELECT p.doc_id, p.message_type, p.sender, p.created, d.status,"
                " json_group_array(d.code) AS codes, max(d.updated) AS updated"
                " FROM deliveries d JOIN packets p ON p.seq = d.packet"
                " WHERE d.system = ? AND d.status NOT IN ('done', 'fail') AND p.message_type = ?"
                " AND p.created >= ? AND p.created < ? AND ? IN ('', d.status)"
                " GROUP BY p.seq, d.status ORDER BY p.seq LIMIT ? OFFSET ?",
                [system, *page.values],
            ).fetchall()

    def history(
        self, system: str, message_type: str, since: float, until: float
    ) -> list[sqlite3.Row]:
        """List what came for `system`, one row for each recipient, whatever its status."""
        with self._transaction() as db:
            return db.execute(
                "SELECT p.doc_id, p.message_type, p.sender, p.created, d.code, d.status, d.updated"
                " FROM deliveries d JOIN packets p ON p.seq = d.packet"
                " WHERE d.system = ? AND p.message_type = ? AND p.created >= ? AND p.created < ?"
                " ORDER BY p.seq, d.code",
                [system, message_type, since, until],
            ).fetchall()

    def sent(self, system: str, page: Page) -> list[sqlite3.Row]:
        """List what `system` sent, one row for each recipient, whatever its status."""
        with self._transaction() as db:
            return db.execute(
                "SELECT p.*, d.code, d.status, d.updated"
                " FROM deliveries d JOIN packets p ON p.seq = d.packet"
                " WHERE p.system = ? AND p.message_type = ?"
                " AND p.created >= ? AND p.created < ? AND ? IN ('', d.status)"
                " ORDER BY p.seq, d.code LIMIT ? OFFSET ?",
                [system, *page.values],
            ).fetchall()

    def file_for(self, system: str, doc_id: str) -> Path:
        """Return the packet's file, to a system to which it was delivered; others are refused."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT p.sha256 FROM packets p JOIN deliveries d ON d.packet = p.seq"
                " WHERE p.doc_id = ? AND d.system = ?",
                [doc_id, system],
            ).fetchone()
        if row is None:
            raise Refusal(CANNOT_PROCESS, "no such document for this system")
        return self._files / str(row["sha256"])

    def set_status(self, system: str, doc_id: str, status: str, codes: Sequence[str]) -> None:
        """Move the deliveries of a packet to `system` (only those to `codes`, if given).

        `done` and `fail` are final: saying the same again is well, another status is refused.
        """
        with self._transaction() as db:
            rows = db.execute(
                "SELECT d.packet, d.code, d.status FROM deliveries d"
                " JOIN packets p ON p.seq = d.packet WHERE p.doc_id = ? AND d.system = ?",
                [doc_id, system],
            ).fetchall()
            chosen = [row for row in rows if not codes or row["code"] in codes]
            if not chosen:
                raise Refusal(CANNOT_PROCESS, "no such document for this system")
            movable = [row for row in chosen if row["status"] not in ("done", "fail")]
            if not movable and all(row["status"] != status for row in chosen):
                raise Refusal(CANNOT_PROCESS, f"the delivery is already {chosen[0]['status']}")
            db.executemany(
                "UPDATE deliveries SET status = ?, updated = ? WHERE packet = ? AND code = ?",
                [(status, time.time(), row["packet"], row["code"]) for row in movable],
            )

    def seed(self, agencies: Mapping[str, Sequence[str]]) -> None:
        """Register the codes that each system has from the start, where they are not known yet.

        Raises `Refusal` (19) for a code that another system holds.
        """
        with self._transaction() as db:
            for system, code in ((s, code) for s, codes in agencies.items() for code in codes):
                db.execute(
                    "INSERT OR IGNORE INTO agencies (code, system, id, pid, name, mail)"
                    " VALUES (?1, ?2, ?1, '', ?1, '')",
                    [code, system],
                )
                owner = db.execute("SELECT system FROM agencies WHERE code = ?", [code]).fetchone()
                if owner["system"] != system:
                    raise Refusal(SENDER_NOT_REGISTERED, f"{code} belongs to another system")


def _open_owner(db: sqlite3.Connection, code: str) -> str | None:
    rows = db.execute("SELECT system FROM agencies WHERE code = ? AND NOT closed", [code])
    row = rows.fetchone()
    return None if row is None else str(row["system"])


def _receiving_system(db: sqlite3.Connection, code: str) -> str:
    owner = _open_owner(db, code)
    if owner is not None:
        return owner
    if db.execute("SELECT 1 FROM agencies WHERE code = ?", [code]).fetchone():
        raise Refusal(RECEIVER_LOCKED, f"receiver {code[:40]} is closed")
    raise Refusal(RECEIVER_UNKNOWN, f"receiver {code[:40]} is unknown")
