"""The witness's folder: its key, its memory, the logs it trusts, the alarms it raised.

FOLDER/logs          public keys of logs (name+id+base64), one a line; the name is the origin
FOLDER/key.pem       its private key, made on the first start, mode 0600
FOLDER/state.json    the last note co-signed of each log
FOLDER/alarms/       one file for each alarm, with the log's contradicting signatures
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.translog import (
    Checkpoint,
    Malformed,
    Note,
    Signer,
    TranslogError,
    Use,
    VerifierKey,
)
from libs.translog.files import read_key, write_durably, write_key
from tools.witness.judgement import Logs, nothing_known


class CannotStart(Exception):
    """The folder is not such that a witness may be started on it."""


@dataclass(frozen=True)
class Memory:
    """What a witness must never forget: the last note that it co-signed of each log."""

    key: VerifierKey
    notes: Mapping[str, Note]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read state.json; raises `FileNotFoundError`, or `CannotStart` when it was changed."""
        try:
            content = json.loads(path.read_text("utf-8"))
            key = VerifierKey.parse(content["key"])
            notes = {origin: Note.parse(note.encode()) for origin, note in content["logs"].items()}
            for origin, note in notes.items():
                note.signed_by([key])
                if Checkpoint.parse(note.text).origin != origin:
                    raise Malformed(f"the note of {origin} is another log's")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CannotStart(f"{path.name} is not as this witness wrote it: {error}") from error
        return cls(key, notes)

    def write(self, path: Path) -> None:
        """Keep it; when this returns, it outlives a power failure."""
        logs = {origin: bytes(note).decode() for origin, note in self.notes.items()}
        content = json.dumps({"key": str(self.key), "logs": logs}, ensure_ascii=False, indent=1)
        write_durably(path, content.encode(), mode=0o600)

    def known(self, origin: str) -> Checkpoint:
        """The last checkpoint co-signed of a log; of one never seen, the empty log's."""
        note = self.notes.get(origin)
        return Checkpoint.parse(note.text) if note else nothing_known(origin)

    def with_note(self, origin: str, note: Note) -> Self:
        """The same with a newer note of one log."""
        return type(self)(self.key, {**self.notes, origin: note})


@contextmanager
def opened(folder: Path, name: str) -> Iterator["Home"]:
    """Open the folder, or make it, and keep other processes out. Raises `CannotStart`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(f"another witness runs on {folder}") from error
        yield Home(folder, name)


class Home:
    """What a witness works with, in a folder that nobody else uses."""

    def __init__(self, folder: Path, name: str) -> None:
        """Read the folder; make key and memory on the first start. Raises `CannotStart`."""
        self.alarms = folder / "alarms"
        self.alarms.mkdir(mode=0o700, exist_ok=True)
        self._state = folder / "state.json"
        self.logs = read_logs(folder / "logs")
        try:
            self.signer = self._signer(folder / "key.pem", name)
        except TranslogError as error:
            raise CannotStart(str(error)) from error
        self.memory = Memory.read(self._state)
        if self.memory.key != self.signer.key:
            raise CannotStart(f"the memory is of {self.memory.key}, not of {self.signer.key}")

    def keep(self, origin: str, note: Note) -> None:
        """Replace the last note of a log, on disk first."""
        memory = self.memory.with_note(origin, note)
        memory.write(self._state)
        self.memory = memory

    def _signer(self, path: Path, name: str) -> Signer:
        """The key with its name, made on the first start.

        A witness that forgot what it saw would co-sign a log that was rolled back, and one with a
        new key would be another: both are refused. The memory is written before the key, so that
        a first start that was cut short can be repeated.
        """
        if path.exists():
            if not self._state.exists():
                raise CannotStart("key.pem is there and state.json is gone: restore it")
            return Signer.of(name, Use.COSIGNATURE, read_key(path))
        if self._state.exists() and Memory.read(self._state).notes:
            raise CannotStart("state.json is there and key.pem is gone: restore it")
        private = Ed25519PrivateKey.generate()
        signer = Signer.of(name, Use.COSIGNATURE, private)
        Memory(signer.key, {}).write(self._state)
        write_key(path, private)
        return signer


def read_logs(path: Path) -> Logs:
    """Read the logs that are trusted: a log that changes its key has two lines for a while."""
    logs: dict[str, list[VerifierKey]] = {}
    try:
        lines = path.read_text("utf-8").split("\n")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise CannotStart(f"{path} must hold the public key of each log, one a line") from error
    for number, line in enumerate(lines, start=1):
        if text := line.partition("#")[0].strip():
            try:
                key = VerifierKey.parse(text)
            except Malformed as error:
                raise CannotStart(f"{path.name}, line {number}: {error}") from error
            if key.use is not Use.NOTE:
                raise CannotStart(f"{path.name}, line {number}: this is a witness's key")
            logs.setdefault(key.name, []).append(key)
    return logs
