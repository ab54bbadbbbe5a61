"""The two streams every store shares: one hashes on the way in, one checks on the way out."""

import hashlib
import hmac
import io
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from libs.blobs.model import (
    READ_LIMIT,
    Blob,
    BlobCorrupt,
    BlobWriter,
    DigestMismatch,
    TooLarge,
    checked_digest,
)

CHUNK = 64 * 1024


def _same(one: str, other: str) -> bool:
    """Whether two digests are equal, in constant time."""
    return hmac.compare_digest(one, other)


class SpoolWriter:
    """Collects a blob in a private temporary file (mode 0600); `keep` gives it its place."""

    def __init__(self, folder: Path | None, limit: int, keep: Callable[[Path, Blob], None]) -> None:
        handle, name = tempfile.mkstemp(dir=folder)
        self._file = os.fdopen(handle, "wb")
        self._path = Path(name)
        self._limit = limit
        self._keep = keep
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes, /) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise TooLarge(self._limit)
        self._hash.update(data)
        self._file.write(data)

    def commit(self, expected: str | None = None) -> Blob:
        blob = Blob(self._hash.hexdigest(), self._size)
        try:
            if self._size > self._limit:
                raise TooLarge(self._limit)
            if expected is not None and not _same(checked_digest(expected), blob.digest):
                raise DigestMismatch(expected, blob.digest)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._keep(self._path, blob)
        finally:
            self.abort()
        return blob

    def abort(self) -> None:
        # Closing flushes; a full disk must not keep the file from being removed.
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


class Source(Protocol):
    """What `checked` needs of the stored bytes."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class CheckedReader(io.RawIOBase):
    """Hashes what it hands out and raises `BlobCorrupt` in place of a wrong end."""

    def __init__(self, source: Source, digest: str, size: int) -> None:
        self._source = source
        self._digest = digest
        self._left = size
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        data = self._source.read(len(buffer))
        self._hash.update(data)
        self._left -= len(data)
        # At the announced end, too: a reader who knows the size never reads past it.
        at_end = not data or self._left <= 0
        if at_end and not _same(self._hash.hexdigest(), self._digest):
            raise BlobCorrupt(self._digest)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()


def checked(source: Source, digest: str, size: int) -> BinaryIO:
    """Return `source` as a buffered stream that is checked against `digest`."""
    return io.BufferedReader(CheckedReader(source, digest, size), CHUNK)


class _Streams(Protocol):
    def writer(self, *, limit: int) -> BlobWriter: ...

    def open(self, digest: str) -> BinaryIO: ...


class WholeBlobs:
    """`put`, `put_bytes` and `read` in terms of a store's own `writer` and `open`."""

    def put(self: _Streams, stream: BinaryIO, *, limit: int, expected: str | None = None) -> Blob:
        writer = self.writer(limit=limit)
        try:
            while data := stream.read(CHUNK):
                writer.write(data)
            return writer.commit(expected)
        finally:
            writer.abort()

    def put_bytes(self: _Streams, data: bytes) -> Blob:
        writer = self.writer(limit=len(data))
        try:
            writer.write(data)
            return writer.commit()
        finally:
            writer.abort()

    def read(self: _Streams, digest: str, *, limit: int = READ_LIMIT) -> bytes:
        with self.open(digest) as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise TooLarge(limit)
        return data
