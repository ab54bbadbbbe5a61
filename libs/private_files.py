"""Files that nobody but their owner may read."""

import os
from pathlib import Path


def others_may_read(path: Path) -> bool:
    """Tell whether others than its owner may read a secret's file. Raises `OSError`.

    Of another owner it may be there for our group too, as a cluster mounts its secrets.
    """
    status = path.stat()
    allowed = 0o600 if status.st_uid == os.geteuid() else 0o640
    return bool(status.st_mode & 0o777 & ~allowed)
