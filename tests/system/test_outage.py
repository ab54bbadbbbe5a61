"""Time stamps and OCSP away: everything goes on, is counted and shown, and heals by itself."""

import hashlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated
from tests.support.system import Caller, Report, at_rest, journey, measure, query
from tests.support.wait import eventually
from tools.demo.cast import COMMUNES, DEPARTMENT
from tools.platform import Platform

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(900)]

ADMIN, AUDITOR, CLERK = (f"ubndtinh_{role}" for role in ("quantri", "kiemtoan", "vanthu"))
ISSUED = 1 + 1 + len((DEPARTMENT, *COMMUNES))  # directive, report to the Government, reports
RECEIVED = 1 + 2 * len((DEPARTMENT, *COMMUNES))  # from the Government; ours, one side and the other
NOTHING = {"waiting": 0, "since": None}


@contextmanager
def authorities_away(platform: Platform) -> Iterator[None]:
    """Neither time stamps nor OCSP answer, and no worker remembers what they said before."""
    platform.kill("pki", signal.SIGSTOP)
    try:
        restarts = platform.process("signatures.worker").restarts
        platform.kill("signatures.worker")
        eventually(lambda: _restarted(platform, restarts), within=90)
        yield
    finally:
        platform.kill("pki", signal.SIGCONT)


def _restarted(platform: Platform, before: int) -> bool:
    return platform.state().ready and platform.process("signatures.worker").restarts > before


@pytest.fixture(scope="module")
def outage(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Report, dict[str, Any], int]:
    """A whole journey without authorities; its report, the backlog at its end, the first place."""
    at_rest(platform)
    (before,) = query(platform, "SELECT max(position) FROM es.event")[0]
    admin = Caller(platform.installation, ADMIN)
    with authorities_away(platform):
        report = journey(platform, tmp_path_factory.mktemp("outage"))
        eventually(lambda: _backlog(admin)["evidence"]["waiting"] >= ISSUED, within=60)
        found = _backlog(admin)
        shown = {
            what: measure(platform, "signatures.worker", "lienthong_signatures_waiting", what=what)
            for what in ("evidence", "verdict")
        }
        assert shown["verdict"] == found["verdict"]["waiting"]
        document_id = _events(platform, "DocumentIssued", before)[0]["document_id"]
        early = Caller(platform.installation, AUDITOR).get(f"/v1/archive/{document_id}")
        assert (early.status_code, early.json()["code"]) == (409, "evidence_pending")
    at_rest(platform, within=300)
    return report, found, before


def _backlog(admin: Caller) -> dict[str, Any]:
    answer = admin.get("/v1/evidence")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _events(platform: Platform, kind: str, since: int) -> list[dict[str, Any]]:
    rows = query(
        platform,
        "SELECT convert_from(payload, 'UTF8')::json FROM es.event"
        " WHERE type = %s AND position > %s ORDER BY position",
        kind,
        since,
    )
    return [row[0] for row in rows]


Outage = tuple[Report, dict[str, Any], int]


def test_documents_are_signed_sent_received_and_finished_all_the_same(outage: Outage) -> None:
    report, _, _ = outage
    last = report["traces"][0]["timeline"][-1]
    assert (last["event_type"], last["status_code"]) == ("StatusReceived", "06")


def test_what_is_not_known_is_never_called_valid(platform: Platform, outage: Outage) -> None:
    report, _, since = outage
    assert {row["verdict"] for row in report["signatures"]} == {"INDETERMINATE"}
    first = [one for one in _events(platform, "FileValidated", since) if not one["supersedes"]]
    assert len(first) == RECEIVED
    assert {(one["verdict"], one["pending"]) for one in first} == {("INDETERMINATE", True)}


def test_signatures_are_made_without_timestamp_and_say_so(
    platform: Platform, outage: Outage
) -> None:
    made = _events(platform, "SignatureMade", outage[2])
    assert len(made) == 3 * ISSUED
    assert {(one["level"], one["revocation"]) for one in made} == {("B-B", "unknown")}


def test_the_backlog_is_counted_and_told_since_when(outage: Outage) -> None:
    _, backlog, _ = outage
    assert backlog["evidence"]["waiting"] == ISSUED
    assert backlog["verdict"]["waiting"] == RECEIVED
    for what in ("evidence", "verdict"):
        since = datetime.fromisoformat(backlog[what]["since"])
        assert 0 < (datetime.now(UTC) - since).total_seconds() < 900


def test_when_they_return_nothing_is_left(platform: Platform, outage: Outage) -> None:
    admin = Caller(platform.installation, ADMIN)
    assert _backlog(admin) == {"evidence": NOTHING, "verdict": NOTHING, "renewal": NOTHING}

    def gauges() -> set[float]:
        measured = ("lienthong_signatures_waiting", "lienthong_signatures_waiting_seconds")
        return {
            measure(platform, "signatures.worker", name, what=what)
            for name in measured
            for what in ("evidence", "verdict", "renewal")
        }

    eventually(lambda: gauges() == {0.0}, within=30)


def test_every_verdict_is_given_again_and_the_clerk_sees_both(
    platform: Platform, outage: Outage
) -> None:
    later = [one for one in _events(platform, "FileValidated", outage[2]) if one["supersedes"]]
    assert len(later) == RECEIVED
    assert {(one["verdict"], one["pending"]) for one in later} == {("TOTAL_PASSED", False)}
    clerk = Caller(platform.installation, CLERK)
    rows = clerk.get("/v1/documents?direction=incoming&limit=200").json()["documents"]
    mine = [row for row in rows if row["document_id"] in {one["document_id"] for one in later}]
    assert {row["state"] for row in mine} == {"accepted"}
    assert {(row["verdict"], row["verdict_before"], row["verdict_pending"]) for row in mine} == {
        ("TOTAL_PASSED", "INDETERMINATE", False)
    }


def test_auditors_get_every_file_with_evidence_that_makes_it_good_for_years(
    platform: Platform, outage: Outage
) -> None:
    issued = _events(platform, "DocumentIssued", outage[2])
    auditor = Caller(platform.installation, AUDITOR)
    here = platform.installation
    setup = Setup(
        trust=platform.folder / "pki" / "trust", hosts=(f"127.0.0.1:{here.ports['pki']}",)
    )
    with Isolated(setup, seconds=60) as engine:
        for document in issued:
            kept = auditor.get(f"/v1/archive/{document['document_id']}")
            assert kept.status_code == 200, kept.text
            report = engine.validate(kept.content, at=datetime.now(UTC))
            assert report.verdict == "TOTAL_PASSED"
            levels = [one.level for one in report.signatures if one.role != "timestamp"]
            assert levels == ["B-LTA"] * 3
            sent = _sent(platform, document["file"])
            assert kept.content.startswith(sent)
            assert hashlib.sha256(sent).hexdigest() == document["file"]


def test_an_agency_sees_its_own_evidence_and_nobody_elses(
    platform: Platform, outage: Outage
) -> None:
    document = _events(platform, "DocumentIssued", outage[2])[0]
    path = f"/v1/evidence/{document['document_id']}"
    clerk = Caller(platform.installation, CLERK)
    shown = clerk.get(path).json()
    assert (shown["file"], shown["authority"]) == (
        document["file"],
        "Dấu thời gian Chính phủ (thử nghiệm)",
    )
    assert shown["renew_at"] < shown["holds_until"]
    assert clerk.get(f"{path}/file").content.startswith(_sent(platform, document["file"]))
    stranger = Caller(platform.installation, f"{DEPARTMENT.key}_vanthu")
    assert stranger.get(path).status_code == stranger.get(f"{path}/file").status_code == 404
    assert clerk.get(f"/v1/archive/{document['document_id']}").status_code == 403
    assert clerk.get("/v1/evidence").status_code == 403


def _sent(platform: Platform, digest: str) -> bytes:
    (path,) = (Path(platform.folder) / "blobs").rglob(f"*{digest}*")
    return path.read_bytes()
