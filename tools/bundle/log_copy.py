"""`verify-bundle --log`: is every entry of the trace that a copy of the log has in the bundle?"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from libs.eventstore.entries import NotAnEntry, fields_of
from libs.translog import EMPTY_ROOT, Checkpoint, LogFiles, Tree, leaf_hash, new_bundles
from services.audit.proofs import notes_of
from services.audit.sealing.shards import ShardName, parts_of
from tools.bundle import verify_bundle as check
from tools.log.places import LogUnreachable, shards_below

_SHOWN = 10
_WRONG = {
    "none": "không có nhật ký · no copy of {}",
    "old": "bản sao cũ hơn gói · the copy is older than the bundle: {}",
    "other": "không phải nhật ký này · not the log of the checkpoint: {}",
}
_WITHHELD = "gói giấu {0} mục · {0} entries of the log were withheld: {1}"
_NEWER = (
    "bản sao có {0} mục mới hơn của hồ sơ, gói được lập trước đó hoặc đã bị cắt bớt · {0} newer"
    " entries of the trace are in the copy, the bundle was made before them, or shortened: {1}"
)
_ALL = "đủ {0} mục của hồ sơ · all {0} entries of the trace are here, by a copy of {1}"


class Shard(NamedTuple):
    """A shard of the copy, and what its own checkpoint says of it."""

    base: str
    name: ShardName
    files: LogFiles
    told: Checkpoint


class Read(NamedTuple):
    """The root over all entries of a shard, that over the bundle's, and the trace's by index."""

    root: bytes
    prefix: bytes
    found: Mapping[int, bytes]


def compare(
    found: Mapping[str, Any], folder: Path, events: Sequence[check.Event]
) -> tuple[str, list[str]]:
    """Say that all is here, or what is wrong, of a bundle that was `found` to be true.

    Each shard of the copy is read to the copy's own end, also those that the bundle does not have.
    Of an entry behind the bundle's newest checkpoint nobody can tell whether it was left out, or
    did not exist when the bundle was made: it is called newer, and is wrong all the same.
    """
    try:
        return _compared(found, folder, {one.leaf for one in events})
    except (LogUnreachable, ValueError, OSError) as error:
        return "", [f"{folder}: {error}"]


def _compared(
    found: Mapping[str, Any], folder: Path, here: Collection[bytes]
) -> tuple[str, list[str]]:
    logs = {
        log["origin"]: (log["size"], bytes.fromhex(log["root"])) for log in found["checkpoints"]
    }
    if not logs:
        raise LogUnreachable("gói không nêu nhật ký nào · the bundle names no log")
    newest = dict(sorted(map(parts_of, logs)))
    shards = list(_shards(folder, newest))
    missing = sorted(logs.keys() - {each.told.origin for each in shards})
    wrong = [f"{folder}: {_WRONG['none'].format(origin)}" for origin in missing]
    absent: dict[bytes, tuple[str, str]] = {}
    count: set[bytes] = set()
    for shard in shards:
        size, root = logs.get(shard.told.origin, (0, EMPTY_ROOT))
        if shard.told.size < size:
            wrong.append(f"{folder}: {_WRONG['old'].format(shard.told.origin)}")
            continue
        read = _read(shard, size, found["trace"])
        if (read.root, read.prefix) != (shard.told.root, root):
            wrong.append(f"{folder}: {_WRONG['other'].format(shard.told.origin)}")
        last = newest[shard.base]
        for index, entry in read.found.items():
            leaf = leaf_hash(entry)  # after a fork an entry may stand in two shards
            count.add(leaf)
            behind = shard.name > last or (shard.name == last and index >= size)
            place = _place(entry, index, shard.name)
            if leaf not in here:
                absent.setdefault(leaf, (_NEWER if behind else _WITHHELD, place))
    wrong += _told(absent.values())
    extent = ", ".join(f"{each.name}: {each.told.size}" for each in shards)
    return ("" if wrong else _ALL.format(len(count), extent)), wrong


def _told(absent: Collection[tuple[str, str]]) -> Iterator[str]:
    for text in (_WITHHELD, _NEWER):
        places = [place for kind, place in absent if kind == text]
        if places:
            yield text.format(len(places), ", ".join(places[:_SHOWN]))


def _shards(folder: Path, bases: Collection[str]) -> Iterator[Shard]:
    """The shards of these logs that are in the copy, oldest first."""
    for place in shards_below(folder):
        _, note = next(notes_of(place.files))
        told = Checkpoint.parse(note.text)
        base, name = parts_of(told.origin)
        if base in bases:
            yield Shard(base, name, place.files, told)


def _read(shard: Shard, size: int, trace: str) -> Read:
    tree, prefix = Tree(), EMPTY_ROOT
    found: dict[int, bytes] = {}
    for bundle in new_bundles(0, shard.told.size):
        entries = shard.files.bundle(bundle.index, shard.told.size)
        leaves, begin = [leaf_hash(entry) for entry in entries], tree.size
        found |= {begin + n: each for n, each in enumerate(entries) if _is_of(each, trace)}
        if begin < size <= begin + len(entries):
            prefix = tree.append(leaves[: size - begin]).tree.root
        tree = tree.append(leaves).tree
    return Read(tree.root, prefix, found)


def _is_of(entry: bytes, trace: str) -> bool:
    if f'"trace":"{trace}"'.encode() not in entry:  # quick: a log has millions of them
        return False
    try:
        return fields_of(entry)["trace"] == trace
    except NotAnEntry:
        return False


def _place(entry: bytes, index: int, name: ShardName) -> str:
    fields = fields_of(entry)
    return f"{fields['stream']} version {fields['version']} (entry {index} of {name})"
