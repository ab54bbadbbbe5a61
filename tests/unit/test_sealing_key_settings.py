"""The log's keys are in a folder or in a token; what is missing is named before anything starts."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.config import SettingsError, load
from libs.private_files import others_may_read
from services.audit.sealing.key_settings import KeySettings
from services.audit.sealing.keys import KeyFiles
from services.audit.sealing.token_keys import TokenKeys, _raw

TOKEN = {
    "LOG_TOKEN_MODULE": "/usr/lib/hsm.so",
    "LOG_TOKEN_LABEL": "log",
    "LOG_TOKEN_PIN_FILE": "/run/pin",
}
ORIGIN = {"LOG_ORIGIN": "log.h42.example"}
PUBLIC = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()


def test_keys_are_in_a_folder_or_in_a_token() -> None:
    assert isinstance(load(KeySettings, {**ORIGIN, "LOG_KEYS": "/keys"}).keys(), KeyFiles)
    assert isinstance(load(KeySettings, {**ORIGIN, **TOKEN}).keys(), TokenKeys)


def test_beside_a_token_no_file_counts() -> None:
    """As the chart gives both: where the secret is mounted, and the token if there is one."""
    both = {**ORIGIN, **TOKEN, "LOG_KEYS": "/keys"}
    assert isinstance(load(KeySettings, both).keys(), TokenKeys)


def test_the_place_of_a_pin_alone_is_no_token() -> None:
    """The chart always says where it would be."""
    given = {"LOG_KEYS": "/keys", "LOG_TOKEN_PIN_FILE": "/run/pin", "LOG_TOKEN_MODULE": ""}
    assert isinstance(load(KeySettings, {**ORIGIN, **given}).keys(), KeyFiles)


@pytest.mark.parametrize("missing", list(TOKEN))
def test_half_a_token_is_refused_though_there_is_a_folder(missing: str) -> None:
    half = {name: value for name, value in TOKEN.items() if name != missing}
    with pytest.raises(SettingsError, match=f"{missing} is missing"):
        load(KeySettings, {**ORIGIN, **half, "LOG_KEYS": "/keys"})


def test_without_any_keys_nothing_starts() -> None:
    with pytest.raises(SettingsError, match="LOG_KEYS"):
        load(KeySettings, ORIGIN)


@pytest.mark.parametrize("wrapping", [b"\x04\x20", b"\x03\x21\x00", b""])
def test_a_public_key_is_read_as_any_token_shows_it(wrapping: bytes) -> None:
    assert _raw(wrapping + PUBLIC) == PUBLIC


@pytest.mark.parametrize(
    "point", [b"", PUBLIC[1:], PUBLIC + b"\0", b"\x04\x20" + PUBLIC[1:], b"\x04\x39" + bytes(57)]
)
def test_another_key_is_none(point: bytes) -> None:
    assert _raw(point) is None


@pytest.mark.parametrize(
    ("mode", "shown"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)]
)
def test_a_secret_is_its_owners_alone(tmp_path: Path, mode: int, shown: bool) -> None:
    path = tmp_path / "pin"
    path.touch()
    path.chmod(mode)
    assert others_may_read(path) is shown


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
@pytest.mark.parametrize(("mode", "shown"), [(0o440, False), (0o640, False), (0o444, True)])
def test_a_secret_of_another_may_be_there_for_our_group(
    tmp_path: Path, mode: int, shown: bool
) -> None:
    path = tmp_path / "pin"
    path.touch()
    path.chmod(mode)
    os.chown(path, 65534, -1)
    assert others_may_read(path) is shown
