"""Processor time of a platform's processes, each with all that it started."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from tools.platform import Platform

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
# Fields behind the command name in proc_pid_stat(5): utime, stime, and those of reaped children.
_PARENT, _TIMES = 1, slice(11, 15)


def of_trees(roots: Mapping[str, int], without: Collection[int] = ()) -> dict[str, float]:
    """Seconds used so far by each named process and its descendants, those `without` left out.

    What a process used that has ended counts in the one that waited for it.
    """
    stats = dict(_stats())
    names = {pid: name for name, pid in roots.items()}
    used = dict.fromkeys(roots, 0.0)
    for pid, (_, seconds) in stats.items():
        ancestor: int | None = pid
        while ancestor is not None and ancestor not in names:
            ancestor = stats[ancestor][0] if ancestor in stats else None
        if ancestor is not None and pid not in without:
            used[names[ancestor]] += seconds
    return used


def of_platform(platform: Platform, without: Collection[int] = ()) -> dict[str, float]:
    """Seconds used so far by each process of the platform."""
    running = platform.state().processes
    roots = {name: each.process.pid for name, each in running.items() if each.process}
    return of_trees(roots, without)


def since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What was used between two looks."""
    return {name: used - before.get(name, 0.0) for name, used in now.items()}


def _stats() -> Iterator[tuple[int, tuple[int, float]]]:
    """Every process with its parent and its seconds."""
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        seconds = sum(map(int, fields[_TIMES])) / _TICKS
        yield int(entry.name), (int(fields[_PARENT]), seconds)
