"""Blobs as files: `ROOT/aa/bb/<digest>`, readable by their owner only."""

import os
import time
from pathlib import Path
from typing import BinaryIO

from libs.blobs.model import Blob, BlobMissing, BlobWriter, key_of
from libs.blobs.streams import SpoolWriter, WholeBlobs, checked

_ABANDONED_AFTER = 24 * 3600


class FileStore(WholeBlobs):
    """A `BlobStore` in a folder of one file system; several processes may share it.

    A blob is written beside its place, synced, and renamed: a reader sees all of it or none.
    Storing it again replaces the file, which mends a corrupt one.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()

    def writer(self, *, limit: int) -> BlobWriter:
        return SpoolWriter(self._incoming, limit, self._keep)

    def open(self, digest: str) -> BinaryIO:
        path = self._root / key_of(digest)
        try:
            source = path.open("rb", buffering=0)
        except FileNotFoundError as error:
            raise BlobMissing(digest) from error
        return checked(source, digest, os.fstat(source.fileno()).st_size)

    def exists(self, digest: str) -> bool:
        return (self._root / key_of(digest)).exists()

    def delete(self, digest: str) -> None:
        path = self._root / key_of(digest)
        try:
            path.unlink()
        except FileNotFoundError:
            return
        _sync(path.parent)

    def _keep(self, written: Path, blob: Blob) -> None:
        path = self._root / key_of(blob.digest)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        written.replace(path)
        # Another process may have made the folders and not synced them yet: sync all three.
        for folder in (path.parent, path.parent.parent, self._root):
            _sync(folder)

    def _sweep(self) -> None:
        """Remove what a process that died a day ago or more was writing."""
        oldest = time.time() - _ABANDONED_AFTER
        for left in self._incoming.iterdir():
            try:
                if left.stat().st_mtime < oldest:
                    left.unlink()
            except FileNotFoundError:
                continue  # another process was faster


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
