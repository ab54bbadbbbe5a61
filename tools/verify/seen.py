"""What others have seen of a log's years, held against the years that are here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from libs.translog import Checkpoint, TranslogError
from libs.translog.prove import subtree_root
from services.audit.sealing.shards import parts_of
from tools.verify.findings import Finding
from tools.verify.shard import ShardCheck


@dataclass(frozen=True)
class NotCompared:
    """Nothing here tells of what somebody has seen: an older year that was moved away."""

    whose: str
    origin: str


def is_another_log(shards: Sequence[ShardCheck], seen: Checkpoint) -> bool:
    """Whether a checkpoint is no year's of the log that is here."""
    try:
        base, _ = parts_of(seen.origin)
    except ValueError:
        return True
    return all(base != shard.year[0] for shard in shards)


def check_seen(
    shards: Sequence[ShardCheck], seen: Checkpoint, whose: str
) -> Iterator[Finding | NotCompared]:
    """Yield what a checkpoint that somebody has seen of this log tells against `shards`.

    A later year that is here begins with the last word of the one before it: a year may be away
    only if a later one is here, and then it must have ended as it was seen.
    """
    if not seen.size:
        return
    year = parts_of(seen.origin)
    here = next((shard for shard in shards if shard.year == year), None)
    later = next((shard for shard in shards if shard.year > year), None)
    if here:
        yield from _check_here(here, seen, whose)
    elif later is None:
        detail = f"{whose}: {_entries(seen)} were seen, and it is not here"
        yield Finding(str(year[1]), -1, "rollback", detail=detail)
    else:
        yield from _check_away(later, seen, whose)


def check_within(shard: ShardCheck, seen: Checkpoint, whose: str) -> Iterator[Finding]:
    """Yield a finding unless the shard begins with a checkpoint that somebody has seen of it."""
    detail = ""
    if seen.size > shard.size:
        detail = f"{whose}: {seen.size:,} entries were seen, {shard.size:,} are there"
    elif seen.size:
        try:
            if subtree_root(seen.size, shard.files.tile, shard.size) != seen.root:
                detail = f"{whose}: the first {seen.size:,} entries were others"
        except TranslogError as error:
            detail = f"{whose}: {error}"
    if detail:
        yield Finding(shard.name, -1, "rollback", detail=detail)


def _check_here(shard: ShardCheck, seen: Checkpoint, whose: str) -> Iterator[Finding | NotCompared]:
    """A fork may tell of more entries than the old shard's files have: they were given up."""
    word, forked = shard.last_word, shard.lost_from is not None
    if not forked or seen.size <= shard.size or (word and word.size < seen.size):
        yield from check_within(shard, seen, whose)
    elif word is None or word.size > seen.size:
        yield NotCompared(whose, seen.origin)
    elif word.root != seen.root:
        detail = f"{whose}: the first {seen.size:,} entries were others"
        yield Finding(shard.name, -1, "rollback", detail=detail)


def _check_away(later: ShardCheck, seen: Checkpoint, whose: str) -> Iterator[Finding | NotCompared]:
    """Compare with the first entry of the next year that is here."""
    told, detail = later.told, ""
    if told is None:
        detail = f"{later.name} begins a log"
    elif parts_of(told.origin) < parts_of(seen.origin) or is_another_log([later], told):
        detail = f"{later.name} follows {told.origin}"
    elif told.origin != seen.origin or told.size > seen.size:
        yield NotCompared(whose, seen.origin)
    elif told != seen:
        detail = f"{later.name} begins with {told.size:,} others"
    if detail:
        detail = f"{whose}: {_entries(seen)} were seen; {detail}"
        yield Finding(later.name, -1, "rollback", detail=detail)


def _entries(seen: Checkpoint) -> str:
    return f"{seen.size:,} entries of {seen.origin}"
