"""The signatures' bench in its short form: it runs, and leaves a row for every target.

The requests' part takes a whole platform to itself: `make bench-signatures` runs it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.crew import ROOT
from tools.bench.signatures.__main__ import PARTS

pytestmark = pytest.mark.timeout(600)

_BENCH = [sys.executable, "-W", "ignore", "-m", "tools.bench.signatures"]
ROWS = {
    "sign 100 kB, B-B": ("<=", 8),
    "sign 5 MB, B-B": ("<=", 3),
    "two signing workers / one": (">=", 1.8),
    "judge 100 kB, B-T": ("<=", 40),
    "judge 5 MB, B-T": ("<=", 4),
    "report of the same 5 MB again / hashing it": ("<=", 1.2),
    "judge 10 signatures with archive evidence": ("<=", 2),
}


def test_the_short_bench_runs_and_fills_every_row(tmp_path: Path) -> None:
    file = tmp_path / "signatures.json"
    parts = [each for each in PARTS if each != "requests"]
    ran = subprocess.run(
        [*_BENCH, "--quick", "--json", str(file), "--only", *parts],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr[-2000:]
    report = json.loads(file.read_text(encoding="utf-8"))
    assert {"machine", "versions", "measures"} == set(report)
    rows = {row["name"]: row for row in report["measures"] if row["target"]}
    assert {
        name: (row["target"]["op"], row["target"]["value"]) for name, row in rows.items()
    } == ROWS
    assert [name for name, row in rows.items() if row["value"] is None] == []


def test_its_help_names_every_part() -> None:
    told = subprocess.run(
        [*_BENCH, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert [part for part in PARTS if part not in told] == []
