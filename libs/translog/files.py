"""The log and its keys as files. Everything else in this folder knows no disk."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from libs.translog.errors import Malformed, TileMissing
from libs.translog.tiles import Tile
from libs.translog.tree import ReadTile


def tiles_below(folder: Path) -> ReadTile:
    """Return what reads the tiles of a log that lies in a folder; it raises `TileMissing`."""

    def read(tile: Tile) -> bytes:
        # A log may drop a partial tile when the full one has come.
        for path in (tile.path, Tile(tile.level, tile.index).path):
            with suppress(FileNotFoundError):
                return (folder / path).read_bytes()
        raise TileMissing(tile.path)

    return read


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all; when this returns, it outlives a power failure.

    One writer at a time for each path.
    """
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Keep a private key in a file that its owner alone can read (PEM, PKCS #8)."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_durably(path, pem, mode=0o600)


def read_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key; raises `FileNotFoundError`, or `Malformed` without showing a byte.

    A file that others than its owner may read is refused.
    """
    if path.stat().st_mode & 0o077:
        raise Malformed(f"{path.name} can be read by others: make its mode 0600")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Malformed(f"{path.name} is not a private key without passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Malformed(f"{path.name} is not an Ed25519 key")
    return key
