"""A small log of our own, with its key, tiles and every checkpoint that it could sign."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.translog import (
    CHECKPOINT,
    Checkpoint,
    Note,
    Signer,
    Tile,
    TileMissing,
    Tree,
    Use,
    leaf_hash,
    new_bundles,
    to_bundle,
)

ORIGIN = "log.h42.example/2026"


def signer(name: str, use: Use = Use.NOTE, seed: int = 1) -> Signer:
    """A key that is the same in every run."""
    return Signer.of(name, use, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


@dataclass
class SampleLog:
    """Grows by whole batches, keeps all its tiles, and signs what it is asked to."""

    signer: Signer = field(default_factory=lambda: signer(ORIGIN))
    tree: Tree = field(default_factory=Tree)
    tiles: dict[Tile, bytes] = field(default_factory=dict)
    widest: dict[tuple[int, int], Tile] = field(default_factory=dict)
    entries: list[bytes] = field(default_factory=list)

    def grow(self, entries: Iterable[bytes]) -> "SampleLog":
        new = list(entries)
        growth = self.tree.append([leaf_hash(entry) for entry in new])
        self.tree = growth.tree
        self.tiles |= dict(growth.tiles)
        self.widest |= {(tile.level, tile.index): tile for tile, _ in growth.tiles}
        self.entries += new
        return self

    def read(self, tile: Tile) -> bytes:
        """The widest tile at this place."""
        widest = self.widest.get((tile.level, tile.index))
        if widest is None:
            raise TileMissing(tile.path)
        return self.tiles[widest]

    def checkpoint(self, size: int | None = None) -> Note:
        """The signed checkpoint of this size, or of now."""
        known = self.tree if size is None else tree_of(self.entries[:size])
        return Checkpoint(self.signer.key.name, known.size, known.root).signed(self.signer)

    def write_to(self, folder: Path) -> None:
        """Lay the log out as a web server would hand it out."""
        files = {tile.path: hashes for tile, hashes in self.tiles.items()}
        for bundle in new_bundles(0, self.tree.size):
            start = bundle.index * 256
            files[bundle.path] = to_bundle(self.entries[start : start + bundle.width])
        for path, content in {**files, CHECKPOINT: bytes(self.checkpoint())}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)


def tree_of(entries: Iterable[bytes]) -> Tree:
    """The tree over entries, built in one go."""
    return Tree().append([leaf_hash(entry) for entry in entries]).tree


def numbered(count: int, start: int = 0) -> list[bytes]:
    """So many different entries."""
    return [b"entry %d" % number for number in range(start, start + count)]
