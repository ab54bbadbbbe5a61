"""A shard's files below the log's folder, as C2SP tlog-tiles lays them out, and two of our own.

LOG/<shard>/tile/...     hashes and entries, durable before anything is signed over them
LOG/<shard>/checkpoint   the newest checkpoint that the policy's witnesses have co-signed
LOG/<shard>/signed       the newest one that the log has signed
LOG/<shard>/key          the shard's public key, to compare with what was told on another way
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from libs.translog import (
    ENTRIES,
    WIDTH,
    Checkpoint,
    LogFiles,
    Note,
    Tile,
    Tree,
    VerifierKey,
    leaf_hash,
    new_bundles,
    to_bundle,
)
from libs.translog.files import log_in, make_folder, write_all_durably
from services.audit.sealing.shards import ShardName

SIGNED = "signed"
KEY = "key"


class ShardFiles:
    """One shard's files, its tree, and the entries of its bundle that is not full."""

    def __init__(self, log: Path, name: ShardName, size: int = 0) -> None:
        """Take a shard up at a size that was signed; raises `TranslogError`."""
        self.folder = log / str(name)
        self.files: LogFiles = log_in(self.folder)
        self.tree = Tree.resume(size, self.files.tile)
        self._open = self.files.bundle(size // WIDTH, size) if size % WIDTH else []

    def write(self, entries: Sequence[bytes]) -> None:
        """Add entries to tree, tiles and bundles; durable when this returns."""
        old, open_entries = self.tree.size, [*self._open, *entries]
        growth = self.tree.append([leaf_hash(entry) for entry in entries])
        files = {self.folder / tile.path: content for tile, content in growth.tiles}
        for bundle in new_bundles(old, growth.tree.size):
            start = (bundle.index - old // WIDTH) * WIDTH
            content = to_bundle(open_entries[start : start + bundle.width])
            files[self.folder / bundle.path] = content
        write_all_durably(files)
        self.tree = growth.tree
        self._open = open_entries[-(self.tree.size % WIDTH) :] if self.tree.size % WIDTH else []

    def drop_partial(self, old: int) -> None:
        """Remove the partial tiles and bundles that have become full since the size `old`."""
        new, level = self.tree.size, 0
        for index in range(old // WIDTH, new // WIDTH):
            self._drop(Tile(ENTRIES, index))
        while new:
            for index in range(old // WIDTH, new // WIDTH):
                self._drop(Tile(level, index))
            old, new, level = old // WIDTH, new // WIDTH, level + 1

    def _drop(self, full: Tile) -> None:
        shutil.rmtree(self.folder / f"{full.path}.p", ignore_errors=True)


def show(folder: Path, path: str, content: bytes) -> None:
    """Replace a small file at once; after a power failure the sealer writes it anew."""
    make_folder(folder)
    partial = folder / f"{path}.partial"
    partial.write_bytes(content)
    partial.replace(folder / path)


def shown(folder: Path, path: str, key: VerifierKey) -> Note | None:
    """A checkpoint that is shown, if it is there and the key has signed it."""
    with suppress(FileNotFoundError, ValueError):
        note = log_in(folder).note(path)
        note.signed_by([key])
        Checkpoint.parse(note.text)
        return note
    return None
