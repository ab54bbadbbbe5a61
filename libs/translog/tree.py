"""A log that grows: its root and its tiles, from what stands at its right edge alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from libs.translog.errors import Malformed
from libs.translog.hashing import HASH_SIZE, folded, parents
from libs.translog.tiles import HEIGHT, WIDTH, Tile, partial_tiles

ReadTile = Callable[[Tile], bytes]
"""Returns the hashes of a tile, one after another; raises `TileMissing`.

The hashes of a wider tile at the same place do as well: they begin with the same ones. So whoever
keeps tiles needs the widest alone.
"""


@dataclass(frozen=True)
class Growth:
    """A tree after an append, and the tiles that are new with it, in their order."""

    tree: "Tree"
    tiles: list[tuple[Tile, bytes]]


@dataclass(frozen=True)
class Tree:
    """A log's tree of `size` leaves, small enough to keep: its right edge.

    `edge` holds, for every level, the complete subtree that still waits for its sibling, or nothing
    (RFC 6962's decomposition of the size). `rows` holds, for every level of tiles, the hashes of
    the tile that is not full. An append returns a new tree: if it cannot be kept, the old one is
    as good as before.
    """

    size: int = 0
    edge: tuple[bytes, ...] = ()
    rows: tuple[bytes, ...] = ()

    @classmethod
    def resume(cls, size: int, read: ReadTile) -> Self:
        """Take the tree of `size` up again from its partial tiles.

        Raises `TileMissing`, or `Malformed` when a tile is too short. Compare `root` with a signed
        checkpoint before you sign anything.
        """
        rows = [b""] * -(-size.bit_length() // HEIGHT)
        for tile in partial_tiles(size):
            rows[tile.level] = hashes_of(tile, read)
        edge = [node for row in rows for node in _waiting(row)]
        return cls(size, tuple(edge[: size.bit_length()]), tuple(rows))

    @property
    def root(self) -> bytes:
        """The hash over all leaves, in their order."""
        return folded(node for node in self.edge if node)

    def append(self, leaves: Sequence[bytes]) -> Growth:
        """Add leaf hashes in their order; raises `Malformed` when one is not of 32 bytes."""
        if any(length != HASH_SIZE for length in set(map(len, leaves))):
            raise Malformed("a leaf hash has 32 bytes")
        edge, rows = list(self.edge), list(self.rows)
        tiles: list[tuple[Tile, bytes]] = []
        nodes, level = list(leaves), 0
        while nodes:
            if level == len(edge):
                edge.append(b"")
            if level % HEIGHT == 0:
                tiles += self._fill(rows, level // HEIGHT, nodes)
            if edge[level]:
                nodes.insert(0, edge[level])
            edge[level] = nodes[-1] if len(nodes) % 2 else b""
            nodes, level = parents(nodes), level + 1
        return Growth(Tree(self.size + len(leaves), tuple(edge), tuple(rows)), tiles)

    def _fill(self, rows: list[bytes], level: int, nodes: list[bytes]) -> list[tuple[Tile, bytes]]:
        """Lengthen the open tile of a level; return the tiles that are full, and its new rest."""
        if level == len(rows):
            rows.append(b"")
        index = (self.size >> HEIGHT * level) // WIDTH
        row, tiles = rows[level] + b"".join(nodes), []
        for start in range(0, len(row), WIDTH * HASH_SIZE):
            hashes = row[start : start + WIDTH * HASH_SIZE]
            tiles.append((Tile(level, index, len(hashes) // HASH_SIZE), hashes))
            index += 1
        rows[level] = b"" if tiles[-1][0].width == WIDTH else tiles[-1][1]
        return tiles


def hashes_of(tile: Tile, read: ReadTile) -> bytes:
    """Read as many hashes as the tile has; raises `TileMissing`, or `Malformed` for too few."""
    content, length = read(tile), tile.width * HASH_SIZE
    if len(content) < length:
        raise Malformed(f"{tile.path} has {len(content)} bytes, not {length}")
    return content[:length]


def split(hashes: bytes) -> list[bytes]:
    """Cut hashes that stand one after another."""
    return [hashes[place : place + HASH_SIZE] for place in range(0, len(hashes), HASH_SIZE)]


def _waiting(row: bytes) -> list[bytes]:
    """Return what waits at each of the levels within an open tile, lowest first."""
    nodes, waiting = split(row), []
    for _ in range(HEIGHT):
        waiting.append(nodes[-1] if len(nodes) % 2 else b"")
        nodes = parents(nodes)
    return waiting
