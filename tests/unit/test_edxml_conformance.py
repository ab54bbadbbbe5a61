"""The conformance kit and the fuzzer, run and seen to complain."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from libs.edxml import reader
from tools.edxml import conformance, fuzz
from tools.edxml.conformance import GOLDEN, Result, conform, rows

FUZZ_CASES = int(os.environ.get("EDXML_FUZZ_CASES", "300"))
"""300 take some 4 s; `python -m tools.edxml.fuzz --seconds N` runs as long as one likes."""
# Rows of the tables in the field's facts, sections 1.2 to 1.6, a list or a repetition as one more.
ROWS = {"1.2": 15, "1.3": 54, "1.4": 35, "1.5": 13, "1.6": 27}


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A copy of the golden files, to be spoilt."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "golden"))


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return conform()


def test_every_golden_file_keeps_its_promise(results: dict[str, Result]) -> None:
    assert {kind: result.failed for kind, result in results.items() if result.failed} == {}
    assert results["golden"].run == len(list(GOLDEN.glob("*.edxml"))) >= 16
    assert results["tolerated"].run >= 12
    assert results["refused"].run >= 12


def test_every_row_of_the_tables_has_a_file(results: dict[str, Result]) -> None:
    assert {section: len(places) for section, places in rows().items()} == ROWS
    assert all(names for places in rows().values() for names in places.values())
    assert {section: results[f"rows of {section}"].run for section in ROWS} == ROWS


@pytest.mark.parametrize(
    ("kind", "name", "old", "new", "complaint"),
    [
        ("golden", "status_03", "<edXML:Code>", "<edXML:Code >", "written back with other bytes"),
        ("golden", "status_03", ">03<", ">44<", "status_unknown"),
        ("refused", "refused/bad_date", "2018/02/30", "2018/02/28", "not found: bad_date"),
        ("rows of 1.4", "document_csharp", "actor=", "next=", "TraceHeaderList@actor"),
    ],
)
def test_a_spoilt_golden_file_is_complained_of(
    golden: Path, kind: str, name: str, old: str, new: str, complaint: str
) -> None:
    path = golden / f"{name}.edxml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert any(complaint in each for each in conform(golden, golden / "none")[kind].failed)


def test_the_kit_reports_how_many_it_ran(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    results: dict[str, Result],
) -> None:
    monkeypatch.setattr(conformance, "conform", lambda: results)
    assert conformance.main(["--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["golden"]["run"] >= 16
    assert conformance.main([]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"golden +{report['golden']['run']} +0\s", out)
    assert re.search(rf"rows of 1.3 +{ROWS['1.3']} +0\s", out)
    results["samples"].failed.append("a sample")
    assert conformance.main(["--json"]) == 1
    results["samples"].failed.remove("a sample")


def test_whatever_the_bytes_the_reader_reads_or_refuses() -> None:
    report = fuzz.fuzz(20261122, cases=FUZZ_CASES)
    assert report.broken == []
    assert report.cases == FUZZ_CASES
    # A fuzzer whose cases are all refused for the same reason finds nothing.
    assert report.outcomes["read"] > FUZZ_CASES // 50
    assert len(report.outcomes) >= 8


def test_the_fuzzer_names_what_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*_arguments: Any) -> bool:
        raise KeyError("status")

    monkeypatch.setattr(reader, "_has_status_code", careless)
    report = fuzz.fuzz(1, cases=20)
    assert report.broken
    number = int(report.broken[0].split()[1].rstrip(":"))
    sources = [path.read_bytes() for path in sorted(GOLDEN.rglob("*.edxml"))]
    assert fuzz.case(1, number, sources) == fuzz.case(1, number, sources)
