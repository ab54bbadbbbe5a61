"""Whether a log is what others have seen of it, and follows from the log before it."""

from collections.abc import Iterator

from libs.translog import Checkpoint, TranslogError
from libs.translog.prove import subtree_root
from services.audit.sealing.fork import Fork
from tools.verify.findings import Finding
from tools.verify.shard import ShardCheck


def check_seen(shard: ShardCheck, seen: Checkpoint, whose: str) -> Iterator[Finding]:
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


def check_link(before: ShardCheck, shard: ShardCheck) -> Iterator[Finding]:
    """Yield a finding unless a shard begins with the last word of the one before it."""
    detail = ""
    if shard.first is None:
        detail = f"it does not begin with the last checkpoint of {before.name}"
    elif shard.fork:
        yield from _check_fork(before, shard, Checkpoint.parse(shard.first.text), shard.fork)
    elif shard.first.text != before.newest.text:
        detail = f"it begins with another checkpoint than the last one of {before.name}"
    if detail:
        yield Finding(shard.name, 0, "log", detail=detail)


def _check_fork(
    before: ShardCheck, shard: ShardCheck, first: Checkpoint, fork: Fork
) -> Iterator[Finding]:
    """A fork's first word was seen of the old shard, or tells of more; what it kept is there."""
    kept = Checkpoint(fork.old, fork.kept, fork.kept_root)
    for told in (kept, first):
        if told.origin != before.newest.origin:
            detail = f"it was forked from {told.origin}, not from {before.name}"
            yield Finding(shard.name, 0, "log", detail=detail)
        elif told is kept or told.size <= before.size:
            yield from check_seen(before, told, f"the fork {shard.name}")
