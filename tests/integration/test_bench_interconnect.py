"""The exchange's bench in its short form: it runs, and leaves a row for every target."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.crew import ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(900)]

ROWS = {
    "CPU of a delivered document / its parts alone": ("<=", 3),
    "issue to 01 in the sender's view, p95": ("<=", 1.5),
    "issue to 01 and the receiver's verdict, p95": ("<=", 1.5),
    "a receiving step in the sender's view, p95": ("<=", 2.0),
    "a step beyond the axis in the sender's view, p95": ("<=", 10.0),
    "a step of ours on the axis, p95": ("<=", 10.0),
}


def test_the_short_bench_runs_and_fills_every_row(tmp_path: Path) -> None:
    file = tmp_path / "interconnect.json"
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "tools.bench.interconnect",
            "--quick",
            "--only",
            "exchange",
            "--json",
            str(file),
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
    assert [name for name, row in rows.items() if not row["value"]] == []
