"""A bench in its short form, run as somebody runs it."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.bench.crew import ROOT

Rows = dict[str, Any]


def short_form(bench: str, file: Path, *words: str, within: float) -> Rows:
    """Run `tools.bench.<bench> --quick`; its report, whether targets were met or missed."""
    ran = _run(bench, "--quick", "--json", str(file), *words, within=within)
    assert ran.returncode in (0, 1), ran.stderr[-2000:]
    report: Rows = json.loads(file.read_text(encoding="utf-8"))
    assert {"machine", "versions", "measures"} == set(report)
    return report


def with_targets(report: Rows) -> Rows:
    """The rows that have a target, by name."""
    return {row["name"]: row for row in report["measures"] if row["target"]}


def targets(rows: Rows) -> dict[str, tuple[str, float]]:
    """What each row is held against."""
    return {name: (row["target"]["op"], row["target"]["value"]) for name, row in rows.items()}


def left_out_of_help(bench: str, parts: Iterable[str]) -> list[str]:
    """The parts that `--help` does not name."""
    ran = _run(bench, "--help", within=60)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return [part for part in parts if part not in ran.stdout]


def _run(bench: str, *words: str, within: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"tools.bench.{bench}", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=within, check=False,
    )  # fmt: skip
