"""What the supervisor tells the world: one JSON file, replaced whole at every change."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tools.platform.os_process import Identity, end

PATIENCE = 15.0
"""Seconds between asking a process to end and killing it."""


@dataclass
class ProcessState:
    """One process as `status` shows it."""

    name: str
    state: str = "waiting"
    """waiting (for others), starting, ready, unready (was ready), failing, done (a step), ended."""
    port: int | None = None
    restarts: int = 0
    reason: str = ""
    """Why it is not running or not ready, in one line."""
    process: Identity | None = None


@dataclass
class PlatformState:
    """The whole platform."""

    supervisor: Identity | None = None
    url: str = ""
    processes: dict[str, ProcessState] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether every process does its work."""
        return bool(self.processes) and all(
            process.state in ("ready", "done") for process in self.processes.values()
        )

    @property
    def failing(self) -> list[ProcessState]:
        """The processes that die whenever they are started."""
        return [process for process in self.processes.values() if process.state == "failing"]


def path_of(folder: Path) -> Path:
    """Return where the state of the installation in `folder` lies."""
    return folder / "state.json"


def write(folder: Path, state: PlatformState) -> None:
    """Replace the state; a reader sees the old one or the new one."""
    draft = folder / ".state.json"
    draft.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    draft.replace(path_of(folder))


def read(folder: Path) -> PlatformState:
    """Return the last state written; an empty one if there is none."""
    try:
        raw = json.loads(path_of(folder).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return PlatformState()
    processes = {
        name: ProcessState(**{**entry, "process": _identity(entry["process"])})
        for name, entry in raw["processes"].items()
    }
    return PlatformState(_identity(raw["supervisor"]), raw["url"], processes)


def end_recorded(folder: Path) -> None:
    """End every process in the state that lives: a supervisor that was killed has left them."""
    recorded = [process.process for process in read(folder).processes.values()]
    for process in reversed([process for process in recorded if process]):
        end(process, patience=PATIENCE)


def _identity(raw: dict[str, Any] | None) -> Identity | None:
    return Identity(**raw) if raw else None
