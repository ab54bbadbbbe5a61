"""The log and its keys as files. Everything else in this folder knows no disk."""

import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from libs.private_files import others_may_read
from libs.translog.errors import Malformed
from libs.translog.reading import LogFiles


def log_in(folder: Path) -> LogFiles:
    """The log whose files lie in a folder."""
    return LogFiles(lambda path: (folder / path).read_bytes())


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; when this returns, they outlive a power failure."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def write_all_durably(files: Mapping[Path, bytes]) -> None:
    """Write files that nobody reads yet; when this returns, all outlive a power failure.

    One that is there already is replaced.
    """
    for path, content in files.items():
        make_folder(path.parent)
        partial = _partial(path)
        partial.write_bytes(content)
        partial.replace(path)
    for path in [*files, *{path.parent: None for path in files}]:
        _sync(path)


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all; when this returns, it outlives a power failure.

    One writer at a time for each path.
    """
    partial = _partial(path)
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync(path.parent)


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Keep a private key in a file that its owner alone can read (PEM, PKCS #8)."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_durably(path, pem, mode=0o600)


def read_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key; raises `FileNotFoundError`, or `Malformed` without showing a byte.

    A file that others than its owner may read is refused.
    """
    if others_may_read(path):
        raise Malformed(f"{path.name} can be read by others: make its mode 0600")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Malformed(f"{path.name} is not a private key without passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Malformed(f"{path.name} is not an Ed25519 key")
    return key


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
