"""The real sealer as a process beside the bench, on folders of its own."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from libs.translog import Checkpoint, TranslogError
from libs.translog.files import log_in
from services.audit.sealing.files import SIGNED
from services.audit.sealing.keys import KeyFiles
from services.audit.sealing.shards import ShardName, year_of
from tests.support.servers import stop_process
from tests.support.wait import eventually
from tools.bench.crew import ROOT
from tools.platform.os_process import identify
from tools.platform.ports import free_ports
from tools.platform.spawn import spawn

ORIGIN = "log.bench.example"


class RunningSealer:
    """A sealer that can be paused, so that other arms have the machine to themselves."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid, self._folder = pid, folder

    @property
    def signed(self) -> Path:
        """The newest checkpoint's file."""
        return self._folder / SIGNED

    def size(self) -> int:
        """How many entries are signed."""
        with suppress(FileNotFoundError, TranslogError):
            return Checkpoint.parse(log_in(self._folder).note(SIGNED).text).size
        return 0

    def pause(self) -> None:
        """SIGSTOP."""
        os.kill(self._pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        os.kill(self._pid, signal.SIGCONT)


@contextmanager
def sealing(url: str, folder: Path) -> Iterator[RunningSealer]:
    """Seal the store at `url` (role audit); without witnesses, for they are others' machines."""
    name = ShardName(year_of(datetime.now(UTC)))
    KeyFiles(folder / "keys", ORIGIN).make(name)
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "LOG_DIR": str(folder / "log"),
        "LOG_STATE": str(folder / "state"),
        "LOG_KEYS": str(folder / "keys"),
        "LOG_ORIGIN": ORIGIN,
        "OPS_PORT": str(free_ports(1)[0]),
    }
    log = folder / "sealer.log"
    process = spawn(
        [sys.executable, "-m", "services.audit.sealer"],
        log=log, environment=environment, folder=ROOT,
    )  # fmt: skip
    try:
        eventually(lambda: log.exists() and "sealer_active" in log.read_text(), within=60)
        assert identify(process.pid)
        yield RunningSealer(process.pid, folder / "log" / str(name))
    finally:
        stop_process(process, signal.SIGKILL)
