"""Keys of coming years, made before their first day so that witnesses know them in time."""

import os
from pathlib import Path
from typing import Any

from libs.translog import VerifierKey
from services.audit.sealing.errors import KeyMissing
from services.audit.sealing.keys import KeyFiles
from services.audit.sealing.shards import ShardName
from tools.platform.installation import Installation, InstallationError
from tools.platform.log import LogHome


def make(options: Any) -> VerifierKey:
    """Make a shard's key unless it is there. Raises `KeyMissing`, `InstallationError`."""
    try:
        name = ShardName.parse(options.shard)
    except ValueError as error:
        raise KeyMissing(f"{error}; it is a year, as 2027") from error
    return key_files(options.folder).make(name).key


def key_files(run: Path) -> KeyFiles:
    """LOG_KEYS and LOG_ORIGIN, else those of the platform in `run`."""
    folder, origin = os.environ.get("LOG_KEYS"), os.environ.get("LOG_ORIGIN")
    if folder and origin:
        return KeyFiles(Path(folder), origin)
    try:
        home = LogHome(Installation.open(run))
    except FileNotFoundError:
        raise InstallationError(
            f"no platform was started in {run}: set LOG_KEYS (a folder) and LOG_ORIGIN"
        ) from None
    return KeyFiles(home.folder / "keys", home.origin)
