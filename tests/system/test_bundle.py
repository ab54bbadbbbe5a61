"""The golden journey in one file, checked where nothing of ours is installed."""

import json
import zipfile
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.fresh_venv import FreshVenv
from tests.support.wait import eventually
from tests.system.conftest import Walked
from tools.bench.proof.bundle import rows
from tools.bundle import source
from tools.cli import main as lienthong
from tools.platform import Platform
from tools.platform.log import LogHome

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(900)]


def test_the_journeys_bundle_is_verified_without_the_project(
    platform: Platform, undisturbed: Walked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (trace,) = undisturbed.report["traces"]
    case, folder = tmp_path / "case.zip", ["--folder", str(platform.folder)]

    def all_witnessed() -> bool:
        capsys.readouterr()
        assert lienthong(["bundle", trace["trace_id"], "-o", str(case), "--json", *folder]) == 0
        return not json.loads(capsys.readouterr().out)["younger"]

    eventually(all_witnessed, within=60, every=0.5)
    with zipfile.ZipFile(case) as file:
        program = file.extract("verify_bundle.py", tmp_path)
        lines = json.loads(file.read("timeline.json"))
        pdf = file.read("timeline.pdf")
        names = file.namelist()
    told = trace["timeline"]
    assert [{name: line[name] for name in line if name in told[0]} for line in lines] == [
        {name: line[name] for name in line if name != "tier"} for line in told
    ]
    assert pdf.startswith(b"%PDF-")
    # Six issued documents are there as their readers got them.
    sent = {path.read_bytes() for path in undisturbed.folder.glob("*.pdf")}
    with zipfile.ZipFile(case) as file:
        assert sent <= {file.read(name) for name in names if name.endswith(".pdf")}
    policy = LogHome(platform.installation).policy
    done = FreshVenv(tmp_path / "fresh").run(
        [program, case, "--policy", policy, "--json"], tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["verified"], found["missing"], found["keys_from"]) == (True, {}, "policy")
    trust = str(platform.folder / "pki" / "trust")
    log = str(platform.installation.environment("audit")["LOG_DIR"])
    words = [str(case), "--log", log, "--signatures", "--trust", trust, "--json"]
    assert lienthong(["verify-bundle", *words]) == 0
    judged = json.loads(capsys.readouterr().out)["verdicts"]
    assert len(judged) == len(sent)
    assert "TOTAL_FAILED" not in {each["verdict"] for each in judged.values()}


def test_its_bench_has_a_row_for_each_target(platform: Platform, undisturbed: Walked) -> None:
    (trace,) = undisturbed.report["traces"]
    with source(platform.folder) as store:
        found = rows(store, UUID(trace["trace_id"]), 2)
    targets = [(row.name.rpartition(" ")[2], str(row.target)) for row in found]
    assert targets == [("made", "<= 5"), ("verified", "<= 2")]
    assert all(len(row.repeats) == 2 and min(row.repeats) > 0 for row in found)
