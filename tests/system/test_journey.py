"""The golden journey: its report is complete, true, and found out when it is not."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.system import Report
from tests.system.conftest import Walked
from tools.check_report.__main__ import main as check_report
from tools.demo.cast import COMMUNES, DEPARTMENT, GOVERNMENT_OFFICE, PROVINCE, person
from tools.platform import Platform

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]

TIMELINE = {
    "at", "tier", "agency_code", "agency_name", "handler", "position", "action", "status_code",
    "event_type",
}  # fmt: skip
BELOW = (DEPARTMENT, *COMMUNES)


def test_the_report_says_all_that_an_auditor_asks(undisturbed: Walked) -> None:
    report = json.loads(undisturbed.file.read_text(encoding="utf-8"))
    assert report == undisturbed.report
    assert set(report) == {"traces", "signatures", "statuses_seen_by_sender", "seconds"}
    (trace,) = report["traces"]
    assert set(trace) == {"trace_id", "subject", "tiers", "timeline"}
    assert trace["timeline"]
    assert all(set(line) == TIMELINE for line in trace["timeline"])
    assert all(line["handler"] and line["agency_name"] for line in trace["timeline"])


def test_one_trace_reaches_all_four_tiers_and_ends_at_the_government_office(
    undisturbed: Walked,
) -> None:
    (trace,) = undisturbed.report["traces"]
    assert trace["tiers"] == [1, 2, 3, 4]
    assert {line["tier"] for line in trace["timeline"]} == {1, 2, 3, 4}
    last = trace["timeline"][-1]
    assert (last["event_type"], last["status_code"]) == ("StatusReceived", "06")
    assert last["agency_name"] == GOVERNMENT_OFFICE.name
    # A step heard of by packet is told in whole seconds and stands at the end of its second.
    seconds = [
        datetime.fromisoformat(line["at"]).replace(microsecond=0) for line in trace["timeline"]
    ]
    assert seconds == sorted(seconds)


def test_every_document_is_signed_numbered_and_sealed_and_found_valid(undisturbed: Walked) -> None:
    roles: dict[str, list[str]] = {}
    for row in undisturbed.report["signatures"]:
        assert row["verdict"] == "TOTAL_PASSED", row
        roles.setdefault(row["file"], []).append(row["role"])
    files = {file.name for file in undisturbed.folder.glob("*.pdf")}
    assert roles == {file: ["leader", "number", "seal"] for file in files}
    assert len(files) == 2 + 1 + len(BELOW)


def test_each_sender_sees_every_step_of_each_recipient_with_handler_and_unit(
    undisturbed: Walked,
) -> None:
    told: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in undisturbed.report["statuses_seen_by_sender"]:
        told.setdefault((row["sender"], row["recipient"]), []).append(row)
    inside = [(PROVINCE, agency) for agency in BELOW] + [(agency, PROVINCE) for agency in BELOW]
    outside = (PROVINCE.name, GOVERNMENT_OFFICE.name)
    assert set(told) == {(a.name, b.name) for a, b in inside} | {outside}
    for sender, recipient in inside:
        steps = told[(sender.name, recipient.name)]
        assert [step["status_code"] for step in steps] == ["01", "03", "04", "05", "06"]
        officer = person(recipient.key, "chuyenvien")
        assert steps[1]["handler"] == person(recipient.key, "vanthu").full_name
        assert steps[2]["handler"] == person(recipient.key, "lanhdao").full_name
        assert (steps[3]["handler"], steps[3]["unit"]) == (officer.full_name, officer.unit)
        assert all(step["handler"] and step["unit"] and step["at"] for step in steps[1:])
        assert [step["envelope"] for step in steps] == ["good"] * 5
        instants = [datetime.fromisoformat(step["at"]) for step in steps]
        took = [(b - a).total_seconds() for a, b in pairwise(instants)]
        assert [step["seconds"] for step in steps[1:]] == pytest.approx(took, abs=0.001)
        assert all(seconds > 0 for seconds in took)
    # The Government Office's system knows no envelopes: its packets tell whole seconds.
    assert [step["status_code"] for step in told[outside]] == ["01", "03", "06"]
    assert [step["envelope"] for step in told[outside]] == [None] * 3


def other_handler(report: Report, _folder: Path) -> None:
    report["traces"][0]["timeline"][5]["handler"] = "Nguyễn Văn Khác"


def missing_line(report: Report, _folder: Path) -> None:
    del report["traces"][0]["timeline"][5]


def other_time(report: Report, _folder: Path) -> None:
    report["traces"][0]["timeline"][5]["at"] = "2026-01-01T00:00:00Z"


def other_status(report: Report, _folder: Path) -> None:
    report["statuses_seen_by_sender"][0]["status_code"] = "02"


def other_envelope(report: Report, _folder: Path) -> None:
    report["statuses_seen_by_sender"][0]["envelope"] = None


def other_instant(report: Report, _folder: Path) -> None:
    row = report["statuses_seen_by_sender"][0]
    row["at"] = datetime.fromisoformat(row["at"]).replace(microsecond=0).isoformat()


def other_verdict(report: Report, _folder: Path) -> None:
    report["signatures"][0]["verdict"] = "TOTAL_FAILED"


def flipped_byte(_report: Report, folder: Path) -> None:
    file = min(folder.glob("*.pdf"))
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)


def test_the_check_finds_the_report_equal_to_the_evidence(
    platform: Platform, undisturbed: Walked
) -> None:
    assert check_report([str(undisturbed.file), "--folder", str(platform.folder)]) == 0


@pytest.mark.parametrize(
    "lie",
    [
        other_handler,
        missing_line,
        other_time,
        other_status,
        other_envelope,
        other_instant,
        other_verdict,
        flipped_byte,
    ],
    ids=lambda lie: lie.__name__,
)
def test_the_check_finds_a_lie(
    platform: Platform, undisturbed: Walked, tmp_path: Path, lie: Callable[[Report, Path], None]
) -> None:
    folder = shutil.copytree(undisturbed.folder, tmp_path / "report")
    report = json.loads(undisturbed.file.read_text(encoding="utf-8"))
    lie(report, folder)
    file = folder / "report.json"
    file.write_text(json.dumps(report), encoding="utf-8")
    assert check_report([str(file), "--folder", str(platform.folder)]) == 1
