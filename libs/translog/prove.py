"""Proofs made from tiles (RFC 6962, sections 2.1.1 and 2.1.2)."""

from collections.abc import Iterable

from libs.translog.errors import ProofRefused
from libs.translog.hashing import HASH_SIZE, folded, parents
from libs.translog.tiles import HEIGHT, WIDTH, Tile
from libs.translog.tree import ReadTile, hashes_of, split


def prove_inclusion(index: int, size: int, read: ReadTile) -> list[bytes]:
    """Return the path from leaf `index` up to the root of the tree of `size`.

    Tiles are believed as they are read: check the proof against a signed root. Raises
    `ProofRefused` for an index that the tree has not, `TileMissing`, `Malformed`.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"a log of {size} entries has none at {index}")
    siblings = []
    start, end = 0, size
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return _Hashes(size, read).of(reversed(siblings))


def prove_consistency(old: int, new: int, read: ReadTile) -> list[bytes]:
    """Return the hashes which show that the tree of `new` begins with the tree of `old`.

    None are needed when either is empty or both are one. Raises as `prove_inclusion` does.
    """
    if not 0 <= old <= new:
        raise ProofRefused(f"a log of {new} entries cannot begin with {old}")
    if old == 0:
        return []
    subtrees = []
    start, end = 0, new
    while end != old:
        middle = _middle(start, end)
        if old <= middle:
            subtrees.append((middle, end))
            end = middle
        else:
            subtrees.append((start, middle))
            start = middle
    if start:
        subtrees.append((start, end))
    return _Hashes(new, read).of(reversed(subtrees))


def subtree_root(size: int, read: ReadTile, whole: int | None = None) -> bytes:
    """Return the root of the first `size` entries, as the tiles of the log of `whole` have it."""
    return _Hashes(whole or size, read).of([(0, size)])[0]


def _middle(start: int, end: int) -> int:
    """Where a subtree parts: its left side is the largest power of two less than the whole."""
    return start + (1 << (end - start - 1).bit_length() - 1)


class _Hashes:
    """Hashes of subtrees in the tree of a size; every tile is read once."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size, self._read = size, read
        self._rows: dict[tuple[int, int], bytes] = {}

    def of(self, subtrees: Iterable[tuple[int, int]]) -> list[bytes]:
        """Return the hash over the leaves from the first up to, not with, the second number."""
        return [self._subtree(start, end) for start, end in subtrees]

    def _subtree(self, start: int, end: int) -> bytes:
        complete = []
        while start < end:
            level = (end - start).bit_length() - 1
            complete.append(self._complete(level, start >> level))
            start += 1 << level
        return folded(reversed(complete))

    def _complete(self, level: int, index: int) -> bytes:
        """Return the hash of the index-th subtree of 2**level leaves, from the tile it lies in."""
        inside = level % HEIGHT
        first = index << inside
        row = self._row(level // HEIGHT, first // WIDTH)
        start = first % WIDTH * HASH_SIZE
        nodes = split(row[start : start + (HASH_SIZE << inside)])
        for _ in range(inside):
            nodes = parents(nodes)
        return nodes[0]

    def _row(self, level: int, index: int) -> bytes:
        if (level, index) not in self._rows:
            hashes = (self._size >> HEIGHT * level) - index * WIDTH
            tile = Tile(level, index, min(hashes, WIDTH))
            self._rows[level, index] = hashes_of(tile, self._read)
        return self._rows[level, index]
