"""Keys of coming years, made before their first day so that witnesses know them in time."""

import os
from pathlib import Path
from typing import Any

from libs.config import SettingsError, load
from libs.translog import VerifierKey
from services.audit.sealing.errors import KeyMissing
from services.audit.sealing.key_settings import KeySettings
from services.audit.sealing.keys import Keys
from services.audit.sealing.shards import ShardName
from tools.platform.installation import Installation, InstallationError
from tools.platform.log import LogHome

_PLACES = ("LOG_KEYS", "LOG_TOKEN_MODULE", "LOG_TOKEN_LABEL")


def make(options: Any) -> VerifierKey:
    """Make a shard's key unless it is there. Raises `KeyMissing`, `InstallationError`."""
    try:
        name = ShardName.parse(options.shard)
    except ValueError as error:
        raise KeyMissing(f"{error}; it is a year, as 2027") from error
    return log_keys(options.folder).make(name).key


def log_keys(run: Path) -> Keys:
    """The keys of `key_settings`."""
    return key_settings(run).keys()


def key_settings(run: Path) -> KeySettings:
    """LOG_ORIGIN, and LOG_KEYS or the LOG_TOKEN ones; else those of the platform in `run`.

    Raises `InstallationError`.
    """
    try:
        if os.environ.get("LOG_ORIGIN") and any(map(os.environ.get, _PLACES)):
            return load(KeySettings, os.environ)
        return LogHome(Installation.open(run)).key_settings
    except SettingsError as error:
        raise InstallationError(str(error)) from error
    except FileNotFoundError:
        raise InstallationError(
            f"no platform was started in {run}: set LOG_ORIGIN, and LOG_KEYS (a folder) or "
            "LOG_TOKEN_MODULE, LOG_TOKEN_LABEL and LOG_TOKEN_PIN_FILE"
        ) from None
