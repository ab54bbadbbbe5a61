"""Tiles: the tree cut into files of 256 neighbouring hashes (C2SP tlog-tiles)."""

from collections.abc import Iterator
from dataclasses import dataclass

from libs.translog.errors import Malformed

HEIGHT = 8
"""Levels of the tree in one tile: a tile of level L holds hashes of the tree's level 8 L."""
WIDTH: int = 2**HEIGHT
"""Hashes in a full tile, and entries in a full bundle."""
ENTRIES = -1
"""The level of entry bundles, which lie beside the tiles of level 0."""
CHECKPOINT = "checkpoint"
"""Path of the signed checkpoint beside the tiles."""
MAX_ENTRY = 2**16 - 1
_LENGTH = 2


@dataclass(frozen=True, order=True)
class Tile:
    """Which tile: its level, its index within the level, and how many hashes it holds.

    A tile narrower than `WIDTH` is partial: the last of its level, in a tree of some size.
    """

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it lies below the log's prefix, such as `tile/0/x001/067.p/8`."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
        number = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        level = "entries" if self.level == ENTRIES else self.level
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{number}{partial}"


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """Yield the tiles that a log of `new` entries has and one of `old` entries had not."""
    level = 0
    while new:
        yield from _grown(level, old, new)
        old, new, level = old // WIDTH, new // WIDTH, level + 1


def new_bundles(old: int, new: int) -> Iterator[Tile]:
    """Yield the entry bundles that a log of `new` entries has and one of `old` had not."""
    return _grown(ENTRIES, old, new)


def partial_tiles(size: int) -> Iterator[Tile]:
    """Yield the tiles at the right edge, lowest level first; empty ones are left out."""
    level = 0
    while size:
        if size % WIDTH:
            yield Tile(level, size // WIDTH, size % WIDTH)
        size, level = size // WIDTH, level + 1


def _grown(level: int, old: int, new: int) -> Iterator[Tile]:
    if old == new:
        return
    for index in range(old // WIDTH, new // WIDTH):
        yield Tile(level, index)
    if new % WIDTH:
        yield Tile(level, new // WIDTH, new % WIDTH)


def to_bundle(entries: list[bytes]) -> bytes:
    """Write entries one after another, each behind its length; raises `Malformed` over 65,535."""
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise Malformed(f"an entry of more than {MAX_ENTRY} bytes has no place in a bundle")
    return b"".join(len(entry).to_bytes(_LENGTH) + entry for entry in entries)


def first_of_bundle(content: bytes) -> bytes:
    """Read the first entry of a bundle alone; raises `Malformed`."""
    end = _LENGTH + int.from_bytes(content[:_LENGTH])
    if not _LENGTH <= end <= len(content):
        raise Malformed("the bundle ends within an entry")
    return content[_LENGTH:end]


def from_bundle(content: bytes) -> list[bytes]:
    """Read the entries of a bundle; raises `Malformed`."""
    entries = []
    place = 0
    while place < len(content):
        start = place + _LENGTH
        place = start + int.from_bytes(content[place:start])
        if place > len(content):
            raise Malformed("the bundle ends within an entry")
        entries.append(content[start:place])
    if len(entries) > WIDTH:
        raise Malformed(f"the bundle holds {len(entries)} entries, more than {WIDTH}")
    return entries
