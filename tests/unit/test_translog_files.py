"""Files of a log: whole or not at all, and keys for their owner alone."""

import os
from pathlib import Path
from stat import S_ISDIR
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from libs.translog import Malformed
from libs.translog.files import read_key, write_durably, write_key

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


class PowerFailure(BaseException):
    """The machine stops here."""


@pytest.mark.parametrize(
    ("step", "content"), [("open", b"old"), ("fsync", b"old"), ("replace", b"old")]
)
def test_a_write_that_is_cut_short_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, content: bytes
) -> None:
    path = tmp_path / "state"
    write_durably(path, b"old")

    def fail(*_: Any, **__: Any) -> None:
        raise PowerFailure

    with monkeypatch.context() as broken:
        broken.setattr(os, step, fail)
        with pytest.raises(PowerFailure):
            write_durably(path, b"new")
    assert path.read_bytes() == content
    write_durably(path, b"newer")
    assert path.read_bytes() == b"newer"


def test_a_file_is_on_disk_before_its_name_and_its_name_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, steps = tmp_path / "state", []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        steps.append("folder" if S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def watched_replace(*names: Any) -> None:
        steps.append("name")
        replace(*names)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    write_durably(path, b"content")
    assert steps == ["file", "name", "folder"]


def test_a_key_is_read_back_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_key(path, KEY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path).private_bytes_raw() == bytes(32)
    path.chmod(0o640)
    with pytest.raises(Malformed, match="0600"):
        read_key(path)


def test_a_key_that_was_mounted_for_our_group_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.pem"
    write_key(path, KEY)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    path.chmod(0o440)
    assert read_key(path).private_bytes_raw() == bytes(32)
    for mode in (0o444, 0o460, 0o540):
        path.chmod(mode)
        with pytest.raises(Malformed, match="0600"):
            read_key(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a private key"),
        (KEY.public_key().public_bytes_raw(), "not a private key"),
        (
            KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")),
            "without passphrase",
        ),
        (
            X25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ),
            "not an Ed25519 key",
        ),
    ],
)
def test_what_is_not_a_key_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Malformed, match=reason):
        read_key(path)


def test_a_key_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_key(tmp_path / "key.pem")
