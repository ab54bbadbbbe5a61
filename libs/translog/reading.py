"""A log's files, wherever they lie: in a folder, behind a web server, in somebody's archive."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from libs.translog.checkpoint import Checkpoint
from libs.translog.errors import Malformed, ProofRefused, TileMissing
from libs.translog.hashing import leaf_hash
from libs.translog.note import Note
from libs.translog.prove import prove_inclusion
from libs.translog.tiles import (
    CHECKPOINT,
    ENTRIES,
    WIDTH,
    Tile,
    first_of_bundle,
    from_bundle,
    new_bundles,
    new_tiles,
    to_bundle,
)
from libs.translog.tree import Tree

ReadFile = Callable[[str], bytes]
"""Returns a file by its path below the log's prefix; raises `FileNotFoundError`."""


@dataclass(frozen=True)
class LogFiles:
    """One log's files. What is read is believed: check it against a signed root."""

    read: ReadFile

    def note(self, path: str = CHECKPOINT) -> Note:
        """Read a signed checkpoint; raises `FileNotFoundError`, `Malformed`."""
        return Note.parse(self.read(path))

    def tile(self, tile: Tile) -> bytes:
        """Read a tile or a bundle, or the full one in place of a partial one (a `ReadTile`)."""
        # A log may drop a partial tile when the full one has come.
        for path in dict.fromkeys((tile.path, Tile(tile.level, tile.index).path)):
            try:
                return self.read(path)
            except FileNotFoundError:
                continue
        raise TileMissing(tile.path)

    def bundle(self, index: int, size: int) -> list[bytes]:
        """Return the entries of the index-th bundle in the log of `size`.

        Raises `TileMissing`, or `Malformed` when there are too few.
        """
        tile = Tile(ENTRIES, index, min(WIDTH, size - index * WIDTH))
        entries = from_bundle(self.tile(tile))
        if len(entries) < tile.width:
            raise Malformed(f"{tile.path} holds {len(entries)} entries, not {tile.width}")
        return entries[: tile.width]

    def entry(self, index: int, size: int) -> bytes:
        """Return an entry of the log of `size`."""
        return self.bundle(index // WIDTH, size)[index % WIDTH]

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Prove that an entry is in the log of `size`; raises as `prove_inclusion` does."""
        return prove_inclusion(index, size, self.tile)

    def last_at_or_before(self, wanted: Any, size: int, key: Callable[[bytes], Any]) -> int | None:
        """Find the last entry whose key is not above `wanted`; None when all are.

        In a log whose entries' keys never fall. Reads a few bundles, however long the log is.
        """

        def first(index: int) -> Any:
            tile = Tile(ENTRIES, index, min(WIDTH, size - index * WIDTH))
            return key(first_of_bundle(self.tile(tile)))

        bundle = bisect_right(range(-(-size // WIDTH)), wanted, key=first) - 1
        if bundle < 0:
            return None
        return bundle * WIDTH + bisect_right(self.bundle(bundle, size), wanted, key=key) - 1


def rebuilt(files: LogFiles, checkpoint: Checkpoint) -> Iterator[tuple[Tile, bytes]]:
    """Make a log's tree anew from its entries; yield each bundle and tile as it must be.

    Raises `ProofRefused` at the first file that is otherwise, or when the whole has another root
    than the checkpoint; `TileMissing`, `Malformed`.
    """
    wanted = set(new_tiles(0, checkpoint.size))
    tree = Tree()
    for bundle in new_bundles(0, checkpoint.size):
        entries = files.bundle(bundle.index, checkpoint.size)
        yield bundle, to_bundle(entries)
        growth = tree.append([leaf_hash(entry) for entry in entries])
        tree = growth.tree
        for tile, content in growth.tiles:
            if tile in wanted:
                if files.tile(tile)[: len(content)] != content:
                    raise ProofRefused(f"{tile.path} is not what the entries make")
                yield tile, content
    if tree.root != checkpoint.root:
        raise ProofRefused(f"the {tree.size} entries do not make the checkpoint's root")
