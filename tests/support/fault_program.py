"""A process under test: started, killed, paused, and seen to die."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.support.servers import stop_process
from tests.support.wait import eventually
from tools.platform.spawn import spawn


class Program:
    """One Python module run as a process, as often as the test wants; its output is kept."""

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self._module = module
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), **environment}
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *words: str) -> "Program":
        """Start it with these arguments."""
        self._process = spawn(
            [sys.executable, "-m", self._module, *words],
            log=self.log,
            environment=self._environment,
        )
        return self

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL, if it still lives."""
        if self._process is not None:
            stop_process(self._process, signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def pauses(self, within: float = 60) -> None:
        """Return when it has stopped itself (SIGSTOP)."""
        assert self._process is not None
        state = Path(f"/proc/{self._process.pid}/stat")
        eventually(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", within)

    def dies(self, within: float = 60) -> None:
        """Return when it has ended by itself."""
        eventually(lambda: not self.alive, within, every=0.02)

    @property
    def ops_port(self) -> str:
        """Where it shows its health and its measures."""
        return self._environment["OPS_PORT"]

    def measures(self) -> str:
        """Everything that the program measures, as Prometheus reads it."""
        return requests.get(f"http://127.0.0.1:{self.ops_port}/metrics", timeout=5).text

    def measure(self, name: str) -> float:
        """The sum of a measure that the program shows; 0 when it shows none of that name."""
        lines = self.measures().splitlines()
        values = [line.rpartition(" ")[2] for line in lines if line.startswith(name)]
        return sum(map(float, values))

    def said(self, word: str) -> bool:
        """Whether its output holds the word."""
        return self.log.exists() and word in self.log.read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
