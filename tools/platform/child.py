"""One process under supervision: started, watched, started again with back-off."""

import subprocess
import time
from concurrent.futures import Executor, Future
from pathlib import Path

from tools.platform.os_process import end, identify
from tools.platform.processes import Process
from tools.platform.spawn import spawn
from tools.platform.state import ProcessState

BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the first, second, ... start after deaths without work between them."""
FAILING = 4
"""After so many of these a process counts as failing; it is still tried, every five seconds."""
STEADY = 30.0
"""Seconds that a ready process must live for its earlier deaths to be forgotten."""
_PROBE_EVERY = {"starting": 0.2, "unready": 0.5}
_PROBE_READY_EVERY = 2.0


class Child:
    """A line of the process table with its living process, if there is one."""

    def __init__(self, process: Process, folder: Path, probes: Executor) -> None:
        self.process = process
        self.state = ProcessState(process.name, port=process.port)
        self._log = folder / "logs" / f"{process.name}.log"
        self._probes = probes
        self._running: subprocess.Popen[bytes] | None = None
        self._probe: Future[object] | None = None
        self._deaths = 0
        self._start_at = self._started_at = self._probe_at = 0.0

    @property
    def serves(self) -> bool:
        """Whether those that wait for this process may start."""
        return self.state.state in ("ready", "unready", "done")

    def turn(self, may_start: bool) -> bool:
        """Do what is due now without waiting; return whether the state changed."""
        before = repr(self.state)
        if self._running is None:
            if may_start and self.state.state != "done" and time.monotonic() >= self._start_at:
                self._start()
        elif self._running.poll() is not None:
            self._ended(self._running.returncode)
        elif not self.process.once:
            self._look()
        return repr(self.state) != before

    def stop(self, patience: float) -> None:
        """End the process and all that it started."""
        if self.state.process:
            end(self.state.process, how=self.process.stop_signal, patience=patience)
        if self._running:
            self._running.wait()
        self._running, self.state.process, self.state.state = None, None, "ended"

    def _start(self) -> None:
        if self._deaths:
            self.state.restarts += 1
        try:
            self.process.prepare()
            self._running = spawn(
                self.process.command, log=self._log, environment=self.process.environment
            )
        except Exception as error:  # whatever hinders one process must not end the others
            self._died(f"{type(error).__name__}: {error}")
            return
        self.state.process = identify(self._running.pid)
        self._probe, self._probe_at, self._started_at = None, 0.0, time.monotonic()
        if self.state.state != "failing":
            self.state.state, self.state.reason = "starting", ""

    def _ended(self, code: int) -> None:
        self._running = None
        if self.state.process:
            end(self.state.process, patience=5)  # what it leaves behind holds its ports
        if self.process.once and code == 0:
            self.state.process, self.state.state, self.state.reason = None, "done", ""
            return
        self._died(f"ended by signal {-code}" if code < 0 else f"ended with {code}")

    def _died(self, reason: str) -> None:
        self.state.process = None
        self.state.reason = reason
        self._start_at = time.monotonic() + BACK_OFF[min(self._deaths, len(BACK_OFF) - 1)]
        self._deaths += 1
        self.state.state = "failing" if self._deaths >= FAILING else "starting"

    def _look(self) -> None:
        """Ask whether it does its work; the answer is taken at a later turn."""
        if self._probe is None:
            if time.monotonic() >= self._probe_at:
                self._probe = self._probes.submit(self.process.ready)
            return
        if not self._probe.done():
            return
        error = self._probe.exception()
        ready = error is None and bool(self._probe.result())
        self._probe = None
        if ready:
            if time.monotonic() - self._started_at > STEADY:
                self._deaths = 0
            self.state.state, self.state.reason = "ready", ""
        elif self.state.state == "ready":
            self.state.state, self.state.reason = "unready", f"{error or 'not ready'}"
        pause = _PROBE_EVERY.get(self.state.state, _PROBE_READY_EVERY)
        self._probe_at = time.monotonic() + pause
