"""`--since`: where a verification begins that need not look at everything again."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from libs.eventstore import START, Place
from libs.eventstore.entries import NotAnEntry, place_of
from libs.translog import WIDTH, Checkpoint, TranslogError
from tools.verify.shard import ShardCheck


@dataclass(frozen=True)
class Since:
    """An earlier checkpoint, or a place in the store's order: what lies before is passed over."""

    checkpoint: Checkpoint | None = None
    place: Place | None = None

    def starts(self, shards: Sequence[ShardCheck]) -> dict[str, int]:
        """For each shard, the first bundle to look at."""
        return {shard.name: self._start(shard, list(shards)) for shard in shards}

    def floor(self, shards: Sequence[ShardCheck]) -> Place:
        """Rows up to here are passed over, where no log tells of them."""
        if self.place:
            return Place(self.place.tx, self.place.position - 1)
        for shard in shards:
            if self.checkpoint and self.checkpoint.origin == shard.newest.origin:
                with suppress(TranslogError, NotAnEntry, OSError):
                    return shard.place_at(min(self.checkpoint.size, shard.size) - 1)
        return START

    def _start(self, shard: ShardCheck, shards: list[ShardCheck]) -> int:
        bundles = -(-shard.size // WIDTH)
        if self.checkpoint:
            origins = [each.newest.origin for each in shards]
            if self.checkpoint.origin not in origins:
                return 0
            known = origins.index(self.checkpoint.origin)
            if shards.index(shard) < known:
                return bundles
            return self.checkpoint.size // WIDTH if shards.index(shard) == known else 0
        assert self.place
        index = shard.files.last_at_or_before(self.place, shard.size, _place) if shard.size else 0
        return (index or 0) // WIDTH


def _place(entry: bytes) -> Place:
    try:
        return place_of(entry)
    except NotAnEntry:
        return Place(0, 0)
