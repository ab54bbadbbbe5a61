"""`lienthong signatures validate`: a verdict on any machine, for programs and for people."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.signatures.pdf.reasons import CODES
from tests.support.pki import Pki, draft, now, running
from tools.cli import main
from tools.signatures import WRONG_CALL


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def signed(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("signed") / "signed.pdf"
    path.write_bytes(pki.leader(draft(), tsa=pki.tsa()).pdf)
    return path


def validate(*words: object) -> int:
    return main(["signatures", "validate", *map(str, words)])


def test_a_good_file_passes_with_code_0(
    pki: Pki, signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate(signed, "--trust", pki.data / "trust", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["verdict"], report["reasons"]) == ("TOTAL_PASSED", [])
    assert report["signatures"][0]["signer"]["name"] == "Nguyễn Văn Đức"


def test_the_report_is_written_in_the_form_that_other_software_reads(
    pki: Pki, signed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.xml"
    assert validate(signed, "--trust", pki.data / "trust", "--xml", out) == 0
    assert "mainindication:total-passed" in out.read_text("utf-8")
    assert validate(signed, "--xml", tmp_path / "nowhere" / "report.xml") == WRONG_CALL


def test_without_trust_nothing_passes_and_the_code_is_2(
    signed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRUST_DIR", raising=False)
    assert validate(signed, "--json") == 2
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "INDETERMINATE"
    (reason,) = [one for one in report["reasons"] if one["code"] == "certificate_untrusted"]
    assert (reason["vi"][-1], reason["en"][-1]) == (".", ".")


def test_the_trust_store_may_come_from_the_environment(
    pki: Pki, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUST_DIR", str(pki.data / "trust"))
    assert validate(signed) == 0


def test_the_instant_of_judgement_counts(pki: Pki, signed: Path) -> None:
    long_after = now().replace(year=now().year + 15).isoformat()
    assert validate(signed, "--trust", pki.data / "trust", "--at", long_after) == 2


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"%PDF-1.7\n" + b"[" * 100_000, draft(), draft()[:500]]
)
def test_hostile_input_is_a_verdict_with_code_1_and_no_traceback(
    content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hostile.pdf").write_bytes(content)
    assert validate(tmp_path / "hostile.pdf", "--json") == 1
    said = capfd.readouterr()
    report = json.loads(said.out)
    assert report["verdict"] == "TOTAL_FAILED"
    assert {reason["code"] for reason in report["reasons"]} <= CODES
    assert "Traceback" not in said.err


def test_people_get_a_table_in_both_languages(
    pki: Pki, signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validate(signed, "--trust", pki.data / "trust")
    said = capsys.readouterr().out
    for words in ("TOTAL_PASSED", "Hợp lệ · valid", "người ký · leader", "Nguyễn Văn Đức", "B-T"):
        assert words in said


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere.pdf"],
        [__file__, "--trust", "/nonexistent"],
        ["/", "--json"],
    ],
)
def test_what_cannot_be_read_is_a_wrong_call(words: list[str]) -> None:
    assert validate(*words) == WRONG_CALL


@pytest.mark.parametrize("words", [[], [__file__, "--at", "2026-01-01"], [__file__, "--at", "x"]])
def test_a_wrong_call_is_no_verdict(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        validate(*words)
    assert ending.value.code == WRONG_CALL


def test_it_runs_as_a_command_of_its_own_in_any_folder(signed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.cli", "signatures", "validate", str(signed), "--json"]
    root = str(Path(__file__).parents[2])
    environment = {"PYTHONPATH": root, "PATH": "/usr/bin", "LANG": "C", "PYTHONIOENCODING": "ascii"}
    said = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert said.returncode == 2
    assert json.loads(said.stdout)["verdict"] == "INDETERMINATE"
