"""`--since`: where a verification begins that need not look at everything again."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.eventstore import Place
from libs.eventstore.entries import NotAnEntry, place_of
from libs.translog import WIDTH, Checkpoint
from tools.verify.shard import ShardCheck


@dataclass(frozen=True)
class Since:
    """An earlier checkpoint, or a place in the store's order: what lies before is passed over."""

    checkpoint: Checkpoint | None = None
    place: Place | None = None

    def starts(self, shards: Sequence[ShardCheck]) -> dict[str, int]:
        """For each shard, the first bundle to look at."""
        return {shard.name: self._start(shard, list(shards)) for shard in shards}

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
