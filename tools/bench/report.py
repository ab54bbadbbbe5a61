"""Measures with their targets, as a table for people and as JSON for machines."""

import json
import operator
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

OPERATORS = {">=": operator.ge, "<=": operator.le, "==": operator.eq}


@dataclass(frozen=True)
class Target:
    """What a value is held against: `op` is one of >=, <=, ==."""

    op: str
    value: float

    def __str__(self) -> str:
        return f"{self.op} {self.value:g}"


@dataclass(frozen=True)
class Measure:
    """One row: the median of its repeats, or no value and a note that says why."""

    name: str
    unit: str
    repeats: tuple[float, ...] = ()
    target: Target | None = None
    note: str = ""

    @property
    def value(self) -> float | None:
        """The median of the repeats."""
        return median(self.repeats) if self.repeats else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one. What was not measured is not met."""
        if self.target is None:
            return None
        return self.value is not None and OPERATORS[self.target.op](self.value, self.target.value)

    def as_json(self) -> dict[str, Any]:
        """The row as docs/benchmarks and CI read it."""
        return {
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "target": asdict(self.target) if self.target else None,
            "met": self.met,
            "repeats": list(self.repeats),
            "note": self.note,
        }


def ratio(
    name: str,
    over: Sequence[float],
    under: Sequence[float],
    target: Target | None = None,
    note: str = "",
) -> Measure:
    """`over` to `under`, repeat by repeat: each pair was measured side by side."""
    repeats = tuple(a / b for a, b in zip(over, under, strict=True))
    return Measure(name, "ratio", repeats, target, note)


def machine() -> dict[str, Any]:
    """The machine: figures of two machines are not comparable, ratios nearly so."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpus": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def versions(*packages: str, **others: str) -> dict[str, str]:
    """Versions of Python, of installed packages, and what else is named."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        **others,
    }


def save(
    file: Path, measures: Sequence[Measure], about: Mapping[str, Any], used: Mapping[str, str]
) -> None:
    """Write `build/bench/<name>.json`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": dict(about),
        "versions": dict(used),
        "measures": [measure.as_json() for measure in measures],
    }
    file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def show(measures: Sequence[Measure], console: Console) -> None:
    """Print the rows: median, lowest and highest repeat, target, and whether it was met.

    A row without a value is followed by its note; the file has all notes.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("measure", "median", "lowest", "highest", "unit", "target", ""):
        figure = title in ("median", "lowest", "highest")
        table.add_column(title, justify="right" if figure else "left", no_wrap=figure)
    for measure in measures:
        values = (
            measure.value,
            min(measure.repeats, default=None),
            max(measure.repeats, default=None),
        )
        table.add_row(
            measure.name if measure.repeats else f"{measure.name}\n  {measure.note}",
            *(_figure(value) for value in values),
            measure.unit,
            str(measure.target or ""),
            {True: "[green]met", False: "[red]missed", None: ""}[measure.met],
        )
    console.print(table)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
