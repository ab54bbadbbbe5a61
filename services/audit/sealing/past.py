"""Before anything is signed: do memory, files and store still tell one past?

Whoever restores an old backup of one of them is noticed here by the others. All three together are
noticed by the witnesses.
"""

from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import NotAnEntry, entry_of, fields_of, leaf_of, place_of
from libs.translog import CHECKPOINT, WIDTH, Checkpoint, LogFiles, TranslogError
from services.audit.sealing.errors import Contradicted, FilesLost, MemoryLost, NoRights, StoreIsOld
from services.audit.sealing.files import SIGNED, ShardFiles, shown
from services.audit.sealing.memory import Memory, Shard
from services.audit.sealing.shards import ShardName

_TAIL = 4 * WIDTH
"""So many of the last events are compared one by one; of the others, their number."""

_COUNT = (
    "SELECT count(*) FROM es.event WHERE (tx, position) > (%s, %s) AND (tx, position) <= (%s, %s)"
)


def taken_up(memory: Memory, log: Path) -> ShardFiles | None:
    """The files of the shard that grows, as they were signed; None before the first.

    Raises `FilesLost`, `MemoryLost`, `Contradicted`.
    """
    for name in shard_names(log):
        if memory.current is None or name > memory.current.name:
            raise MemoryLost(f"{name} was begun, and is not remembered: a newer memory exists")
    shard = memory.current
    if shard is None:
        return None
    _compare_with_shown(shard, log)
    try:
        files = ShardFiles(log, shard.name, shard.checkpoint.size)
    except TranslogError as error:
        raise FilesLost(f"the log {shard.name} cannot be taken up: {error}") from error
    if files.tree.root != shard.checkpoint.root:
        raise FilesLost(f"the tiles of {shard.name} are not those that were signed")
    return files


def check_store(memory: Memory, files: ShardFiles | None, reader: BulkReader) -> None:
    """Return if the store has what was sealed in the growing shard: its number, and its end.

    Raises `StoreIsOld`, `NoRights`.
    """
    if reader.ask("SELECT '*' = ANY (es.granted('read'))") != [(True,)]:
        raise NoRights("the database role may not read every category")
    shard = memory.current
    if shard is None or files is None:
        return
    size = shard.checkpoint.size
    first = heading(files.files, size)
    _compare_tail(shard, files.files, max(first, size - _TAIL), reader)
    ((count,),) = reader.ask(_COUNT, *shard.begin, *shard.end)
    if count != size - first:
        raise StoreIsOld(f"{size - first} events were sealed in {shard.name}; {count} are there")


def shard_names(log: Path) -> list[ShardName]:
    """The shards that have files here."""
    found = []
    for path in log.glob(f"*/{SIGNED}"):
        with suppress(ValueError):
            found.append(ShardName.parse(path.parent.name))
    return sorted(found)


def heading(files: LogFiles, size: int) -> int:
    """How many entries stand before a shard's first event: checkpoints, and a fork's statement."""
    for index, entry in enumerate(files.bundle(0, size)[:2] if size else []):
        try:
            fields_of(entry)
        except NotAnEntry:
            continue
        return index
    return min(size, 2)


def _compare_with_shown(shard: Shard, log: Path) -> None:
    known = shard.checkpoint
    for path in (CHECKPOINT, SIGNED):
        note = shown(log / str(shard.name), path, shard.key)
        if note is None:
            continue
        told = Checkpoint.parse(note.text)
        if told.size > known.size:
            raise MemoryLost(
                f"{told.size} entries of {shard.name} were signed, {known.size} are remembered:"
                " bring the newest copy of the sealer's folder back"
            )
        if told.size == known.size and told.root != known.root:
            raise Contradicted(f"two roots of {shard.name} were signed for {told.size} entries")


def _compare_tail(shard: Shard, files: LogFiles, start: int, reader: BulkReader) -> None:
    size = shard.checkpoint.size
    entries = _entries(files, start, size)
    after = place_of(files.entry(start - 1, size)) if start > heading(files, size) else shard.begin
    until = shard.end
    for sealed, row in zip_longest(entries, reader.rows(after, until)):
        if sealed is None:
            raise StoreIsOld(f"{row.stream!r}, version {row.version}, is there and was not sealed")
        fields = fields_of(sealed)
        name = f"{fields['stream']}, version {fields['version']}"
        if row is None or row.place > place_of(sealed):
            raise StoreIsOld(f"{name}, was sealed and is not there")
        prev = bytes.fromhex(fields["prev"]) if fields["prev"] else None
        if entry_of(row, prev) != sealed or row.leaf != leaf_of(sealed):
            raise StoreIsOld(f"{name}, is not what was sealed: see `lienthong verify`")


def _entries(files: LogFiles, start: int, size: int) -> list[bytes]:
    bundles = range(start // WIDTH, -(-size // WIDTH))
    entries = [entry for index in bundles for entry in files.bundle(index, size)]
    return entries[start % WIDTH :]
