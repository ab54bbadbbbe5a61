"""The drill in its short form: what was backed up comes back, an older past is refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.crew import ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(1500)]


def test_an_installation_comes_back_and_an_older_past_is_refused(
    server_folder: Path, tmp_path: Path
) -> None:
    file, folder = tmp_path / "drill.json", server_folder / "drill"
    where = ["--folder", str(folder), "--json", str(file)]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tools.drill", "--short", *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1450,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-2000:]
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["passed"]
    facts = {step["step"]: step for step in report["steps"]}
    whole = facts["database recovered to the end of its WAL"]
    point = facts["database recovered to the point"]
    lost = facts["a newer copy of the log names what is lost"]["missing"]
    assert whole["events"] == whole["verified against the log"] == point["events"] + lost
    forked = facts["the sealer refuses; two persons let the log go on"]
    assert forked["up to entry"] - forked["lost from entry"] + 1 == lost > 0
    assert forked["applied again"] > 0
    assert not folder.exists()
