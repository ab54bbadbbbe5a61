"""One content-addressed store for files: the address of a blob is its SHA-256.

A service gives a blob out only through a document that it may show; a digest is no permission.
"""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from libs.blobs.files import FileStore
from libs.blobs.model import (
    Blob,
    BlobCorrupt,
    BlobError,
    BlobMissing,
    BlobStore,
    BlobWriter,
    DigestMismatch,
    InvalidDigest,
    TooLarge,
)

__all__ = [
    "Blob",
    "BlobCorrupt",
    "BlobError",
    "BlobMissing",
    "BlobStore",
    "BlobWriter",
    "DigestMismatch",
    "FileStore",
    "InvalidDigest",
    "TooLarge",
    "open_store",
]


def open_store(url: str) -> BlobStore:
    """Open `file:///path` (made if absent) or `s3://bucket?endpoint=https://host` (credentials
    from the environment). Raises `ValueError` for any other URL, without repeating it."""
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FileStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.hostname:
        # boto3 takes a third of a second to import; file users need not wait for it.
        from libs.blobs.s3 import S3Store

        return S3Store(parts.hostname, parse_qs(parts.query).get("endpoint", [None])[0])
    raise ValueError("a blob store is file:///path or s3://bucket?endpoint=URL")
