"""The one process that starts all others, watches them, and ends what it started.

`python -m tools.platform.supervisor FOLDER [--owner PID]`: runs until TERM, or until the process
`--owner` is gone. It holds a lock in the folder, so that one installation has one supervisor; what
a killed supervisor left behind is ended before anything is started.
"""

import argparse
import fcntl
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from tools.platform import state as states
from tools.platform.child import Child
from tools.platform.installation import Installation
from tools.platform.os_process import Identity, alive, identify
from tools.platform.processes import Process, table

_TURN = 0.05


class Supervisor:
    """Keeps the processes of one installation running; `folder` gets their state and logs."""

    def __init__(
        self, folder: Path, url: str, processes: Sequence[Process], workers: Executor,
        owner: Identity | None = None,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._owner = owner
        self._workers = workers
        self._stopping = False
        self._children = {process.name: Child(process, folder, workers) for process in processes}
        self.state = states.PlatformState(
            supervisor=identify(os.getpid()),
            url=url,
            processes={name: child.state for name, child in self._children.items()},
        )

    def stop(self) -> None:
        """Ask `run` to end everything and return."""
        self._stopping = True

    def run(self) -> None:
        """Start everything and keep it running until asked to stop."""
        states.write(self._folder, self.state)
        try:
            while not self._stopping and (self._owner is None or alive(self._owner)):
                for child in self._children.values():
                    # Written after each change: a process unknown to the file would be orphaned
                    # by a kill of this one.
                    if child.turn(self._may_start(child)):
                        states.write(self._folder, self.state)
                time.sleep(_TURN)
        finally:
            self._end_all()

    def _may_start(self, child: Child) -> bool:
        return all(self._children[name].serves for name in child.process.after)

    def _end_all(self) -> None:
        """End all processes, those first that no other running one needs."""
        running = dict(self._children)
        while running:
            needed = {name for child in running.values() for name in child.process.after}
            wave = [child for name, child in running.items() if name not in needed]
            list(self._workers.map(lambda child: child.stop(states.PATIENCE), wave))
            states.write(self._folder, self.state)
            for child in wave:
                del running[child.process.name]
        states.path_of(self._folder).unlink()


def main(arguments: Sequence[str]) -> int:
    """Run the supervisor; 3 when another one runs this installation."""
    parser = argparse.ArgumentParser(prog="python -m tools.platform.supervisor")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--owner", type=int, help="end when this process is gone")
    options = parser.parse_args(arguments)
    folder: Path = options.folder.resolve()
    with (folder / "lock").open("w") as lock, ThreadPoolExecutor(24) as workers:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another supervisor runs {folder}", file=sys.stderr)
            return 3
        states.end_recorded(folder)
        owner = identify(options.owner) if options.owner else None
        here = Installation.open(folder)
        supervisor = Supervisor(folder, here.url, table(here), workers, owner)
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, lambda *_: supervisor.stop())
        supervisor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
