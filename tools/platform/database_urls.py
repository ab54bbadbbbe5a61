"""Where an operator's command finds the database: its environment, or a platform's run folder."""

import os
from pathlib import Path

from tools.platform.installation import Installation, InstallationError


def database_url(role: str, folder: Path) -> str:
    """DATABASE_URL when it is set, else the URL by which `role` enters the platform in `folder`.

    Raises `InstallationError` when neither is there.
    """
    if given := os.environ.get("DATABASE_URL"):
        return given
    try:
        return Installation.open(folder).database_url(role)
    except FileNotFoundError:
        raise InstallationError(
            f"no platform was started in {folder}: start it with `lienthong up`, or set"
            f" DATABASE_URL to the database as role {role}"
        ) from None
