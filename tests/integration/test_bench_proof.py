"""The log's bench in its short form: it runs, and leaves a row for every target.

The bundle's part takes a platform of its own: tests/system/test_bundle.py has its rows.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.crew import ROOT
from tools.bench.proof.__main__ import PARTS

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900)]

_BENCH = [sys.executable, "-m", "tools.bench.proof"]
ROWS = {
    "sealing: entry, chain and sealer, of the append's rate": ("<=", 5.0),
    "commit to signed checkpoint, 500 events/s, p99": ("<=", 150.0),
    "inclusion proof of any event in 1,000,000, slowest event": ("<=", 20.0),
    "full verification against the decoded read rate": (">=", 0.8),
    "tree, tiles and root every 50, to SHA-256": (">=", 0.3),
    "tree, tiles and root every 1000, to SHA-256": (">=", 0.3),
    "inclusion proof made": ("<=", 10),
}


def test_the_short_bench_runs_and_fills_every_row(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    ran = subprocess.run(
        [
            *_BENCH,
            "--quick",
            "--json",
            str(file),
            "--only",
            *(each for each in PARTS if each != "bundle"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=850,
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
