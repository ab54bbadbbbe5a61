"""Proofs of single events, from the log's files alone. Evidence bundles are made of these.

proof = Proofs(folder).of(event_id, place)
proof.entry, proof.proof        # hold them against a policy: proof.proof.check(leaf, policy)
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from libs.eventstore import START, Place
from libs.eventstore.entries import NotAnEntry, fields_of, place_of
from libs.translog import CHECKPOINT, Checkpoint, LogFiles, LogProof, Note
from libs.translog.files import log_in
from services.audit.sealing.files import SIGNED
from services.audit.sealing.shards import ShardName


class NotProvable(Exception):
    """There is no proof of the event here."""


class NotSealed(NotProvable):
    """The event is younger than the newest checkpoint: ask again in a moment."""


class NotInLog(NotProvable):
    """No shard that is here has the event."""


@dataclass(frozen=True)
class EventProof:
    """What an outsider needs to know that an event was sealed, but for the keys he trusts.

    `entry` are the bytes that were sealed; `proof` has its index, the path to the root and the
    checkpoint. `witnessed` says whether that is the published one, with its co-signatures, or a
    newer one that the log alone has signed.
    """

    event_id: UUID
    shard: str
    entry: bytes
    proof: LogProof
    witnessed: bool


class Proofs:
    """Reads the shards that lie below the log's folder."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def shards(self) -> list[ShardName]:
        """The shards that are here, oldest first."""
        found = []
        for path in self._log.iterdir() if self._log.is_dir() else ():
            with suppress(ValueError):
                name = ShardName.parse(path.name)
                if any((path / note).exists() for note in (CHECKPOINT, SIGNED)):
                    found.append(name)
        return sorted(found)

    def files(self, name: ShardName) -> LogFiles:
        """A shard's files."""
        return log_in(self._log / str(name))

    def of(self, event_id: UUID, place: Place) -> EventProof:
        """Prove an event that stands at a place in the store's order.

        Raises `NotSealed`, `NotInLog`, or a `TranslogError` when the files are not whole.
        """
        shards = self.shards()
        # After a fork two shards may have events of one place: the newer one is asked first.
        for name in reversed(shards):
            if found := prove_in(self.files(name), str(name), event_id, place):
                return found
        newest = self.files(shards[-1]) if shards else None
        if not newest or place > last_place(newest, list(notes_of(newest))[-1][1]):
            raise NotSealed(f"event {event_id} is not sealed yet")
        raise NotInLog(f"no shard that is here has event {event_id}")


def prove_in(files: LogFiles, name: str, event_id: UUID, place: Place) -> EventProof | None:
    """Prove an event in one shard; None when it is not in it. Raises as `Proofs.of` does."""
    for path, note in notes_of(files):
        size = Checkpoint.parse(note.text).size
        index = files.last_at_or_before(place, size, _place) if size else None
        entry = files.entry(index, size) if index is not None else b""
        if index is not None and _is_of(entry, event_id):
            proof = LogProof(index, tuple(files.inclusion(index, size)), note)
            return EventProof(event_id, name, entry, proof, witnessed=path == CHECKPOINT)
    return None


def notes_of(files: LogFiles) -> Iterator[tuple[str, Note]]:
    """A shard's checkpoints with their paths, the published one first, as far as there are."""
    for path in (CHECKPOINT, SIGNED):
        with suppress(FileNotFoundError):
            yield path, files.note(path)


def last_place(files: LogFiles, note: Note) -> Place:
    """Where the last event of a checkpoint stands in the store's order."""
    size = Checkpoint.parse(note.text).size
    return _place(files.entry(size - 1, size)) if size else START


def _place(entry: bytes) -> Place:
    """Where an entry's event stands; what a shard begins with stands before all events."""
    try:
        return place_of(entry)
    except NotAnEntry:
        return START


def _is_of(entry: bytes, event_id: UUID) -> bool:
    try:
        return fields_of(entry)["id"] == str(event_id)
    except NotAnEntry:
        return False
