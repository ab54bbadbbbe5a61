"""Starting a process so that it can be found and ended with all that it starts."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


def spawn(
    command: list[str], *, log: Path, environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:  # fmt: skip
    """Start `command` as leader of a session of its own, its output appended to `log`.

    It sees `environment` alone (the caller's without one) and no standard input.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(os.environ if environment is None else environment),
            cwd=folder,
            start_new_session=True,
        )
