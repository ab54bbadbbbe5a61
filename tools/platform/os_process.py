"""Processes of the operating system, told apart by pid and start time.

A pid alone is recycled by the kernel; with the boot and the start time it names one process for
ever, so that a signal never reaches somebody else. Linux only (/proc).
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SESSION, _START_TIME, _STATE = 3, 19, 0  # fields behind the command name in proc_pid_stat(5)


@dataclass(frozen=True)
class Identity:
    """One process: its pid, and when it started (clock ticks since the boot `boot`)."""

    pid: int
    started: int
    boot: str


def identify(pid: int) -> Identity | None:
    """Say which process has `pid` now; None if there is none (a zombie counts as none)."""
    fields = _stat(pid)
    if fields is None or fields[_STATE] in "ZX":
        return None
    return Identity(pid, int(fields[_START_TIME]), _boot())


def alive(process: Identity) -> bool:
    """Whether exactly this process still runs."""
    return identify(process.pid) == process


def end(process: Identity, *, how: signal.Signals = signal.SIGTERM, patience: float = 10) -> None:
    """End a session leader and all that it started in its session.

    `how` asks the leader; what is left after `patience` seconds is killed. Returns when all are
    gone, and does nothing when the pid belongs to another process by now.
    """
    if alive(process):
        _signal(process, how)
        _until_gone(process, patience)
    for member in [*_session(process), process]:
        if alive(member):
            _signal(member, signal.SIGKILL)
            _until_gone(member, patience)


def _session(leader: Identity) -> Iterator[Identity]:
    """Yield the other living members of the leader's session.

    The kernel gives no new process a pid that still names a session; only when the session is
    empty can the pid return, and then its holder is not `leader` and nothing is yielded.
    """
    holder = identify(leader.pid)
    if leader.boot != _boot() or holder not in (None, leader):
        return
    for entry in _PROC.iterdir():
        fields = _stat(int(entry.name)) if entry.name.isdigit() else None
        if fields is None or int(fields[_SESSION]) != leader.pid:
            continue
        member = identify(int(entry.name))
        if member and member != leader and member.started >= leader.started:
            yield member


def _stat(pid: int) -> list[str] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()  # the command name may hold spaces and brackets


def _boot() -> str:
    return _BOOT_ID.read_text().strip()


def _signal(process: Identity, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, how)


def _until_gone(process: Identity, patience: float) -> None:
    deadline = time.monotonic() + patience
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
