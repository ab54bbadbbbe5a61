"""What the sealer must never forget, in a folder of its own: what it signed last.

FOLDER/state.json   every shard's key, its place in the store's order, and its last checkpoint
FOLDER/lock         held by the one process that seals

It lies outside the database: who rules that cannot bring the sealer to sign another past.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from libs.eventstore import Place
from libs.translog import Checkpoint, Note, VerifierKey
from libs.translog.files import make_folder, write_durably
from services.audit.sealing.errors import AlreadySealing, MemoryLost
from services.audit.sealing.shards import ShardName

STATE = "state.json"


@dataclass(frozen=True)
class Shard:
    """A shard: its events lie behind `begin` in the store's order, the last sealed one at `end`."""

    name: ShardName
    key: VerifierKey
    begin: Place
    end: Place
    note: Note

    @property
    def checkpoint(self) -> Checkpoint:
        """What was signed last."""
        return Checkpoint.parse(self.note.text)

    @classmethod
    def read(cls, content: dict[str, Any]) -> Self:
        """From JSON; raises `ValueError` unless the note is this shard's and signed by its key."""
        name, key = ShardName.parse(content["name"]), VerifierKey.parse(content["key"])
        note = Note.parse(content["note"].encode())
        note.signed_by([key])
        shard = cls(name, key, Place(*content["begin"]), Place(*content["end"]), note)
        if shard.checkpoint.origin != key.name or not key.name.endswith(f"/{name}"):
            raise ValueError(f"the note of {name} is another log's")
        return shard

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {
            "name": str(self.name),
            "key": str(self.key),
            "begin": list(self.begin),
            "end": list(self.end),
            "note": bytes(self.note).decode(),
        }


@dataclass(frozen=True)
class Memory:
    """All shards, oldest first; the last one grows, the others are closed."""

    shards: tuple[Shard, ...] = ()

    @property
    def current(self) -> Shard | None:
        """The shard that grows; None before the first."""
        return self.shards[-1] if self.shards else None

    @property
    def end(self) -> Place:
        """The place of the last event that was sealed."""
        return self.current.end if self.current else Place(0, 0)

    def with_shard(self, shard: Shard) -> Self:
        """The same with a newer state of its last shard, or with one more."""
        kept = tuple(each for each in self.shards if each.name != shard.name)
        return replace(self, shards=(*kept, shard))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read state.json; raises `FileNotFoundError`, or `MemoryLost` when it was changed."""
        try:
            content = json.loads((folder / STATE).read_text("utf-8"))
            shards = tuple(Shard.read(each) for each in content["shards"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MemoryLost(f"{STATE} is not as the sealer wrote it: {error}") from error
        if list(shards) != sorted(shards, key=lambda shard: shard.name):
            raise MemoryLost(f"{STATE} is not as the sealer wrote it: its shards are out of order")
        return cls(shards)

    def write(self, folder: Path) -> None:
        """Keep it; when this returns, it outlives a power failure."""
        content = {"shards": [shard.as_json() for shard in self.shards]}
        text = json.dumps(content, ensure_ascii=False, indent=1)
        write_durably(folder / STATE, text.encode(), mode=0o600)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other sealer out of the folder while this process lives.

    The lock is the kernel's: a process that sleeps still holds it, so none that wakes up can meet
    a successor. Raises `AlreadySealing`.
    """
    make_folder(folder)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadySealing(f"another sealer works in {folder}") from error
        yield
