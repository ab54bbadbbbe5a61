"""What a fork finds, and how it is carried out.

The old shard stays as it is. The new one begins with the last checkpoint that is known of the log,
then the statement, then every event behind the last one that log and store both have. Where
witnesses know shards behind the old one, of which nothing is here, these are given up whole: the
last of them is the one that is forked, and the statement names the one that is here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from libs.eventstore import Place
from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import NotAnEntry, entry_of, fields_of, place_of
from libs.observability import get_logger
from libs.translog import (
    CHECKPOINT,
    EMPTY_ROOT,
    WIDTH,
    Checkpoint,
    LogFiles,
    Note,
    TranslogError,
    VerifierKey,
)
from libs.translog.files import log_in
from libs.translog.prove import subtree_root
from services.audit.sealing.errors import ForkRefused, KeyMissing, TokenUnusable
from services.audit.sealing.files import KEY, SIGNED, ShardFiles, show, shown
from services.audit.sealing.fork import PERSONS, STATEMENT, Fork, checked_reason, operators, persons
from services.audit.sealing.memory import Memory, Shard
from services.audit.sealing.notary import Notary
from services.audit.sealing.past import heading, shard_names
from services.audit.sealing.shards import ShardName, parts_of
from services.audit.sealing.witnesses import CONTRADICTIONS

logger = get_logger(__name__)


@dataclass(frozen=True)
class Loss:
    """The shard that grew last here; how far store and log agree; the last that anybody knew.

    `remembered`: the sealer's memory is as new as the files. `has_key`: nothing says that the key
    that signed it is lost.
    """

    shard: Shard
    files: LogFiles
    kept: int
    first_word: Note
    remembered: bool
    has_key: bool

    @property
    def known(self) -> int:
        """How many entries of the shard are known to have been sealed."""
        return self.shard.checkpoint.size if self.beyond else self._told.size

    @property
    def beyond(self) -> Checkpoint | None:
        """The last that witnesses know of a shard behind this one: nothing of it is here."""
        return self._told if self._told.origin != self.shard.key.name else None

    @property
    def _told(self) -> Checkpoint:
        return Checkpoint.parse(self.first_word.text)

    @property
    def kept_root(self) -> bytes:
        """The root of the entries that are kept."""
        size = self.shard.checkpoint.size
        return subtree_root(self.kept, self.files.tile, size) if self.kept else EMPTY_ROOT

    @property
    def place(self) -> Place:
        """Where the last event that is kept stands in the store's order."""
        with suppress(NotAnEntry):
            if self.kept:
                return place_of(self.files.entry(self.kept - 1, self.shard.checkpoint.size))
        return self.shard.begin  # before its first event

    def statement(self, at: datetime, reason: str) -> Fork:
        """What is to be signed; raises `ForkRefused` when nothing asks for a fork."""
        whole = self._told == Checkpoint(self.shard.key.name, self.kept, self.kept_root)
        if whole and self.remembered and self.has_key:
            raise ForkRefused("the store has all that was sealed: nothing asks for a fork")
        new = parts_of(self._told.origin)[1].forked()
        why = checked_reason(reason)
        return Fork(self.shard.key.name, new, self.kept, self.kept_root, at, why)

    def lost(self, reader: BulkReader) -> Iterator[dict[str, str | None]]:
        """The fields of each sealed event that the store does not have any more, as far as read."""
        size = self.shard.checkpoint.size
        for index in range(self.kept // WIDTH, -(-size // WIDTH)):
            entries = self.files.bundle(index, size)[max(0, self.kept - index * WIDTH) :]
            for fields in map(fields_of, entries):
                if reader.row(str(fields["id"])) is None:
                    yield fields


def loss(
    memory: Memory, log: Path, state: Path, key_of: Callable[[ShardName], VerifierKey],
    reader: BulkReader,
) -> Loss:  # fmt: skip
    """Compare log and store; raises `ForkRefused`, `KeyMissing`, or a `TranslogError`."""
    shard = _last(memory, log, key_of)
    files, current = log_in(log / str(shard.name)), memory.current
    return Loss(
        shard,
        files,
        _kept(shard, files, reader),
        _first_word(shard, log, state, key_of),
        current is not None and current.note.text == shard.note.text,
        _has_key(shard, key_of),
    )


def carried_out(
    notary: Notary, log: Path, state: Path, reader: BulkReader,
    offer: Callable[[ShardName, Note], None], check_unbegun: Callable[[ShardName], None],
) -> bool:  # fmt: skip
    """Fork if two persons have decided it, and say whether it was done.

    To be called under the lock of the sealer's folder. Raises `ForkRefused` when the statement does
    not say what is so, `KeyMissing` when the new shard has no key, `Contradicted` when
    `check_unbegun` knows of somebody who has seen it already.
    """
    try:
        note = Note.parse((state / STATEMENT).read_bytes())
    except FileNotFoundError:
        return False
    who = persons(note, operators(state))
    if len(who) < PERSONS:
        return False
    fork = Fork.parse(note.text)
    if fork.new in {shard.name for shard in notary.memory.shards}:
        _put_away(state, fork.new)  # it was signed by a process that came no further
        return True
    found = loss(notary.memory, log, state, notary.key, reader)
    if fork != found.statement(fork.at, fork.reason):
        raise ForkRefused("the statement of the fork does not say what store and log are like now")
    check_unbegun(fork.new)
    files = ShardFiles(log, fork.new)
    files.write([bytes(found.first_word), bytes(note)])
    show(files.folder, KEY, f"{notary.key(fork.new)}\n".encode())
    signed = notary.fork(fork.new, files.tree, found.place, found.shard)
    show(files.folder, SIGNED, bytes(signed))
    offer(fork.new, signed)
    _put_away(state, fork.new)
    logger.warning("log_forked", old=fork.old, new=str(fork.new), kept=fork.kept, persons=who)
    return True


def _has_key(shard: Shard, key_of: Callable[[ShardName], VerifierKey]) -> bool:
    """Whether a shard can be signed on; of a token that is away nobody knows that it cannot."""
    try:
        return key_of(shard.name) == shard.key
    except TokenUnusable:
        return True
    except KeyMissing:
        return False


def _put_away(state: Path, new: ShardName) -> None:
    """Keep statement and evidence under the new shard's name: it is decided, no alarm any more."""
    for name in (CONTRADICTIONS, STATEMENT):
        with suppress(FileNotFoundError):
            (state / name).rename(state / f"{name}-{new}")


def _last(memory: Memory, log: Path, key_of: Callable[[ShardName], VerifierKey]) -> Shard:
    """The shard that grew last: from memory, or from its files where memory is lost or older."""
    newest = max(shard_names(log), default=None)
    current = memory.current
    if newest is None:
        raise ForkRefused("there is no log that could be forked")
    if current and current.name > newest:
        raise ForkRefused(f"the files of {current.name} are not here: bring them back first")
    key = current.key if current and current.name == newest else key_of(newest)
    shows = [shown(log / str(newest), path, key) for path in (SIGNED, CHECKPOINT)]
    note = _longest([*shows, current.note if current and current.name == newest else None])
    if note is None:
        raise ForkRefused(f"{newest} shows no checkpoint of its own")
    if current and current.name == newest:
        return replace(current, note=note)
    files, size = log_in(log / str(newest)), Checkpoint.parse(note.text).size
    tx, position = place_of(files.entry(heading(files, size), size))
    last = place_of(files.entry(size - 1, size))
    return Shard(newest, key, Place(tx, position - 1), last, note)


def _kept(shard: Shard, files: LogFiles, reader: BulkReader) -> int:
    """How many of a shard's first entries the store still has, as they were sealed."""
    size = shard.checkpoint.size
    try:
        if subtree_root(size, files.tile) != shard.checkpoint.root:
            raise ForkRefused(f"the files of {shard.name} are not those that were signed")
    except TranslogError as error:
        raise ForkRefused(f"the files of {shard.name} are not whole: {error}") from error
    index = heading(files, size)
    rows = reader.rows(shard.begin)
    for bundle in range(-(-size // WIDTH)):
        for entry in files.bundle(bundle, size)[index - bundle * WIDTH :]:
            row, prev = next(rows, None), fields_of(entry)["prev"]
            if row is None or entry_of(row, bytes.fromhex(prev) if prev else None) != entry:
                return index
            index += 1
    return index


def _first_word(
    shard: Shard, log: Path, state: Path, key_of: Callable[[ShardName], VerifierKey]
) -> Note:
    """The last checkpoint that anybody is known to have of a shard, or of a later one."""
    published = shown(log / str(shard.name), CHECKPOINT, shard.key)
    told = [*_evidence(shard, state, key_of), published, shard.note]
    return max(filter(None, told), key=_newness)


def _evidence(
    shard: Shard, state: Path, key_of: Callable[[ShardName], VerifierKey]
) -> Iterator[Note | None]:
    """What witnesses have shown of a shard and of later ones, under our own signature."""
    for path in sorted((state / CONTRADICTIONS).glob("*.txt")):
        with suppress(ValueError):  # nothing that we have signed
            told = Checkpoint.parse(Note.parse(path.read_bytes()).text)
            name = parts_of(told.origin)[1]
            key = shard.key if name == shard.name else _key(name, key_of)
            if key and key.name == told.origin:
                yield shown(path.parent, path.name, key)


def _key(name: ShardName, key_of: Callable[[ShardName], VerifierKey]) -> VerifierKey | None:
    """A shard's key; None where it is gone: nothing of that shard can be signed, or proven ours."""
    try:
        return key_of(name)
    except TokenUnusable:
        raise
    except KeyMissing:
        return None


def _newness(note: Note) -> tuple[ShardName, int]:
    told = Checkpoint.parse(note.text)
    return parts_of(told.origin)[1], told.size


def _longest(notes: Sequence[Note | None]) -> Note | None:
    """The note of the largest size; of equals the first."""
    there = [note for note in notes if note]
    return max(there, key=lambda note: Checkpoint.parse(note.text).size, default=None)
