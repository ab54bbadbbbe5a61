"""What a blob store promises, and how it refuses."""

import re
from dataclasses import dataclass
from typing import BinaryIO, Protocol

READ_LIMIT = 64 * 1024 * 1024

_DIGEST = re.compile(r"[0-9a-f]{64}")


class BlobError(Exception):
    """The blob store refused; `code` says why."""

    code = "blob_error"


class InvalidDigest(BlobError):
    """A digest is not 64 lower-case hexadecimal digits. The text is not repeated."""

    code = "invalid_digest"


class TooLarge(BlobError):
    """There are more bytes than the caller allows."""

    code = "blob_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class DigestMismatch(BlobError):
    """The bytes that came are not those that were announced."""

    code = "digest_mismatch"

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}, got {actual}")
        self.expected, self.actual = expected, actual


class BlobMissing(BlobError):
    """No blob has this digest (never stored, or erased)."""

    code = "blob_missing"

    def __init__(self, digest: str) -> None:
        super().__init__(f"no blob {digest}")
        self.digest = digest


class BlobCorrupt(BlobError):
    """The stored bytes are no longer those of their address."""

    code = "blob_corrupt"

    def __init__(self, digest: str) -> None:
        super().__init__(f"blob {digest} has other content")
        self.digest = digest


@dataclass(frozen=True)
class Blob:
    """Stored bytes: their SHA-256 (64 lower-case hexadecimal digits) and their number."""

    digest: str
    size: int


class BlobWriter(Protocol):
    """A blob on its way in. Nobody sees it before `commit`; end it by `commit` or `abort`."""

    def write(self, data: bytes, /) -> None:
        """Append. Raises `TooLarge` past the limit."""

    def commit(self, expected: str | None = None) -> Blob:
        """Store durably. Raises `DigestMismatch`, and stores nothing, if `expected` differs."""

    def abort(self) -> None:
        """Forget everything written. Does nothing after either end."""


class BlobStore(Protocol):
    """Content-addressed bytes: the address is the SHA-256 of the content.

    Each method that takes a digest raises `InvalidDigest` before it touches a path with it.
    `OSError` means that the storage itself failed.
    """

    def writer(self, *, limit: int) -> BlobWriter:
        """Begin a blob of at most `limit` bytes."""

    def put(self, stream: BinaryIO, *, limit: int, expected: str | None = None) -> Blob:
        """Store a stream in constant memory; durable on return, the same twice.

        Raises `TooLarge` and `DigestMismatch`; nothing is stored then.
        """

    def put_bytes(self, data: bytes) -> Blob:
        """Store bytes at hand."""

    def open(self, digest: str) -> BinaryIO:
        """Open for reading once, front to back; close it, or use it in a `with`.

        Raises `BlobMissing`. The content is checked on the way: a wrong one raises `BlobCorrupt`
        in place of its last bytes, so whoever has read all has read the right content.
        """

    def read(self, digest: str, *, limit: int = READ_LIMIT) -> bytes:
        """Return the whole content. Raises `TooLarge`, `BlobMissing`, `BlobCorrupt`."""

    def exists(self, digest: str) -> bool:
        """Tell whether the blob is stored; its content is not checked."""

    def delete(self, digest: str) -> None:
        """Erase, for good and for every owner; erasing what is not there is no error."""


def checked_digest(digest: str) -> str:
    """Return `digest` if it may be part of a path."""
    if not _DIGEST.fullmatch(digest):
        raise InvalidDigest("a digest is 64 lower-case hexadecimal digits")
    return digest


def key_of(digest: str) -> str:
    """Return the blob's place, `aa/bb/digest`: no folder grows too wide."""
    return f"{checked_digest(digest)[:2]}/{digest[2:4]}/{digest}"
