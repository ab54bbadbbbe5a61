"""The platform as other programs hold it: start, look, kill, stop."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from tools.platform import state as states
from tools.platform.installation import REPLACEABLE, Installation, InstallationError
from tools.platform.os_process import alive, end
from tools.platform.rabbitmq import RabbitMQ
from tools.platform.spawn import spawn
from tools.platform.state import PlatformState, ProcessState
from tools.platform.world import World

ROOT = Path(__file__).resolve().parents[2]
RUN_FOLDER = ROOT / "build" / "run"
_STOP_WITHIN = 120.0

NO_BROKER = """\
RabbitMQ is needed and was not found. There are three ways out:
  1. as root:            apt-get install rabbitmq-server
  2. with a container:   docker compose -f docker/compose.yaml up -d   (it says what to export)
  3. with a broker that runs already:   export AMQP_URL=amqp://user:password@host:5672/vhost"""


class PlatformError(Exception):
    """The platform did not start or stop; the message says which process and why."""


class Platform:
    """One installation in `folder`. As a context manager it is stopped at the end.

    `settings` are further environment variables for all services, and replace parts (see
    `installation.REPLACEABLE`; those of this process' environment count too, and are weaker).
    """

    def __init__(
        self, folder: Path = RUN_FOLDER, *, world: World | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder.resolve()
        self._world = world
        given = {name: os.environ[name] for name in REPLACEABLE if os.environ.get(name)}
        self._settings = {**given, **(settings or {})}

    def __enter__(self) -> "Platform":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stop()

    def start(
        self, *, within: float = 180, owned: bool = True,
        watch: Callable[[PlatformState], None] = lambda _state: None,
    ) -> None:  # fmt: skip
        """Start everything and return when all is ready; `watch` sees the progress.

        An `owned` platform ends with the calling process, whatever becomes of that. Raises
        `PlatformError` for a process that dies again and again, or when time is up; what runs
        then stays until `stop`. Raises `InstallationError` when nothing can be started at all.
        """
        if self.running():
            raise PlatformError(f"the platform of {self.folder} runs already")
        if "AMQP_URL" not in self._settings and not RabbitMQ.installed():
            raise InstallationError(NO_BROKER)
        states.end_recorded(self.folder)
        states.path_of(self.folder).unlink(missing_ok=True)
        here = Installation.create(self.folder, self._settings)
        self._tell_world(here)
        command = [sys.executable, "-m", "tools.platform.supervisor", str(self.folder)]
        owner = ["--owner", str(os.getpid())] if owned else []
        log = self.folder / "logs" / "supervisor.log"
        supervisor = spawn([*command, *owner], log=log, folder=ROOT)
        self._wait_until_ready(supervisor, within, watch)

    def stop(self) -> None:
        """End everything that this installation runs; harmless when nothing runs."""
        supervisor = self.state().supervisor
        if supervisor and alive(supervisor):
            os.kill(supervisor.pid, signal.SIGTERM)
            deadline = time.monotonic() + _STOP_WITHIN
            while alive(supervisor) and time.monotonic() < deadline:
                time.sleep(0.05)
            if alive(supervisor):
                end(supervisor, patience=1)
        states.end_recorded(self.folder)
        states.path_of(self.folder).unlink(missing_ok=True)

    def running(self) -> bool:
        """Whether a supervisor runs this installation."""
        try:
            with (self.folder / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def state(self) -> PlatformState:
        """Return what the supervisor last said."""
        return states.read(self.folder)

    def process(self, name: str) -> ProcessState:
        """Return the state of one process; KeyError for a stranger."""
        return self.state().processes[name]

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one process and all that it started (postgres has many processes)."""
        process = self.process(name).process
        if process is None or not alive(process):
            raise PlatformError(f"{name} does not run now")
        os.killpg(process.pid, how)

    @property
    def installation(self) -> Installation:
        """Ports, secrets and addresses of the installation that was started."""
        return Installation.open(self.folder)

    @property
    def url(self) -> str:
        """The one base URL."""
        return self.installation.url

    def database_url(self, role: str) -> str:
        """Return the URL by which a role enters the database."""
        return self.installation.database_url(role)

    def _tell_world(self, here: Installation) -> None:
        """Write the stand-ins' files; without a world they keep those of an earlier start."""
        files = (here.folder / "pki", here.folder / "issuer", here.folder / "axis")
        if self._world or not (files[0] / "subjects.json").exists():
            (self._world or World()).write(*files, here.credentials)

    def _wait_until_ready(
        self, supervisor: subprocess.Popen[bytes], within: float,
        watch: Callable[[PlatformState], None],
    ) -> None:  # fmt: skip
        deadline = time.monotonic() + within
        while not (state := self.state()).ready:
            watch(state)
            if supervisor.poll() is not None:
                raise PlatformError(f"the supervisor ended; see {self.folder}/logs/supervisor.log")
            if time.monotonic() > deadline or _settled(state):
                raise PlatformError(_complaint(state, self.folder))
            time.sleep(0.1)
        watch(state)


def _settled(state: PlatformState) -> bool:
    """Whether waiting longer is in vain: something fails, and nothing else is on its way."""
    on_the_way = any(process.state == "starting" for process in state.processes.values())
    return bool(state.failing) and not on_the_way


def _complaint(state: PlatformState, folder: Path) -> str:
    lines = [
        f"  {process.name}: {process.state} {process.reason}; see {folder}/logs/{process.name}.log"
        for process in state.processes.values()
        if process.state not in ("ready", "done")
    ]
    return "\n".join(["not everything became ready:", *lines])


__all__ = ["RUN_FOLDER", "Platform", "PlatformError"]
