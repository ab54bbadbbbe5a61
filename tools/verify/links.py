"""Whether each year follows from the one before it, and which rows none that is here tells of."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from libs.eventstore import START, Place
from libs.eventstore.entries import NotAnEntry
from libs.translog import Checkpoint, TranslogError
from services.audit.sealing.fork import Fork
from services.audit.sealing.shards import parts_of
from tools.verify.findings import Finding
from tools.verify.seen import check_within
from tools.verify.shard import ShardCheck


def link(shards: Sequence[ShardCheck]) -> Iterator[Finding]:
    """Hold each shard against the one before; what a fork gave up is noted at the old shard."""
    for before, shard in pairwise(shards):
        if follows(before, shard) and shard.fork:
            before.lost_from = shard.fork.kept
            before.last_word = None if shard.given_up_whole else shard.told
        yield from _check_link(before, shard)


def follows(before: ShardCheck, shard: ShardCheck) -> bool:
    """Whether a shard is the one after another, and not of a later year with others between."""
    return shard.predecessor in (None, before.newest.origin)


def begins(shards: Sequence[ShardCheck]) -> Iterator[Place | None]:
    """Where each shard's rows come behind; None where the shard before it is not here."""
    end: Place | None = None if shards and shards[0].skip else START
    for number, shard in enumerate(shards):
        if number and not follows(shards[number - 1], shard):
            end = None
        yield end
        end = _end(shard) if shard.kept > shard.skip else end


def gaps(shards: Sequence[ShardCheck], floor: Place) -> Iterator[tuple[Place, Place]]:
    """Stretches of the store behind `floor` whose log is not here: behind, and up to, a place."""
    before = floor
    for shard, begin in zip(shards, begins(shards), strict=True):
        if begin is None and before < (until := shard.begin):
            yield before, until
        before = max(before, _end(shard) or START)


def _end(shard: ShardCheck) -> Place | None:
    try:
        return shard.end
    except (TranslogError, NotAnEntry, OSError):
        return None


def _check_link(before: ShardCheck, shard: ShardCheck) -> Iterator[Finding]:
    """Yield a finding unless a shard begins with the last word of the one before it."""
    detail, older = "", shard.predecessor
    if shard.told is None or older is None:
        detail = f"it does not begin with the last checkpoint of {before.name}"
    elif not follows(before, shard):
        detail = f"it begins with the last checkpoint of {older}, not of {before.name}"
        if before.year < parts_of(older) < shard.year:
            detail = f"it follows {older}, which is not here: name its folder by --log"
    elif shard.fork:
        yield from _check_fork(before, shard, shard.told, shard.fork)
    elif shard.told != before.newest:
        detail = f"it begins with another checkpoint than the last one of {before.name}"
    if detail:
        yield Finding(shard.name, 0, "log", detail=detail)


def _check_fork(
    before: ShardCheck, shard: ShardCheck, first: Checkpoint, fork: Fork
) -> Iterator[Finding]:
    """What a fork kept is there; its first word was seen of the old shard, or tells of more.

    Or it tells of one between the two that was given up whole: it is the one that was forked.
    """
    kept = Checkpoint(fork.old, fork.kept, fork.kept_root)
    yield from check_within(before, kept, f"the fork {shard.name}")
    if first.origin == before.newest.origin:
        if first.size <= before.size:
            yield from check_within(before, first, f"the fork {shard.name}")
    elif not _forks_between(before, shard, first):
        detail = f"it was forked from {first.origin}, not from {before.name}"
        yield Finding(shard.name, 0, "log", detail=detail)


def _forks_between(before: ShardCheck, shard: ShardCheck, first: Checkpoint) -> bool:
    base, name = parts_of(first.origin)
    return before.year < (base, name) < shard.year and (base, name.forked()) == shard.year
