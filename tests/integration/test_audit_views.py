"""The auditor's two views over real events: what a line says, what was known when, paging."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from libs.blobs import open_store
from libs.contracts import instant_text
from services.audit.names import ERASED
from services.audit.shown import NOT_TOLD, SYSTEM
from tests.integration.audit_client import TRACE, Auditor, front_end
from tests.integration.audit_trail import (
    BEGIN,
    Trail,
    arrive,
    everybody,
    handle,
    identity,
    issue,
    tell,
)
from tests.integration.audit_trail import (
    SYSTEM as DOCUMENTS,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture
def trail(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Trail]:
    with closing(Trail(postgres.fresh_database(), open_store(f"file://{tmp_path}"))) as made:
        yield made


@pytest.fixture
def auditor(trail: Trail) -> Auditor:
    return front_end(trail)


@pytest.fixture
def journey(trail: Trail) -> datetime:
    """From the Government Office to the commune; returns when its last step was recorded."""
    who = everybody(trail)
    signer = {"full_name": "Đỗ Quang Hải", "position": "BỘ TRƯỞNG"}
    directive = trail.text(subject="Công điện", signer=signer)
    arrive(trail, "province", "government", "incoming", "7/CĐ-VPCP", directive)
    handle(trail, "province", "incoming", who)
    issue(trail, "own", trail.text(subject="Chỉ thị của tỉnh"), who)
    arrive(trail, "commune", "province", "copy", "05/CT-UBND", trail.text(subject="Chỉ thị"))
    recorded = tell(trail, "own", "03", datetime(2026, 11, 22, 5, tzinfo=UTC))
    trail.read()
    return recorded


def test_a_trace_shows_every_step_of_every_tier_with_who_where_and_when(
    auditor: Auditor, journey: datetime
) -> None:
    trace = auditor.get(TRACE)
    assert trace["tiers"] == [1, 2, 4]
    assert trace["subject"] == "Công điện"
    shown = [
        (
            line["tier"],
            line["agency_code"],
            line["handler"],
            line["position"],
            line["action_en"],
            line["status_code"],
            line["document_code"],
        )
        for line in trace["lines"]
    ]
    leader, clerk = ("Trần Văn Bình", "CHỦ TỊCH"), ("Nguyễn Thu Ứng", "Văn thư")
    officer, system = ("Lê Minh Đức", "Chuyên viên"), (SYSTEM, "")
    incoming, own = "7/CĐ-VPCP", "05/CT-UBND"
    signer = ("Đỗ Quang Hải", "BỘ TRƯỞNG")
    assert shown == [
        (1, "G22", *signer, "issued and sent through the axis", "", incoming),
        (2, "H42", *system, "arrived", "01", incoming),
        (2, "H42", *system, "signatures checked: valid", "", incoming),
        (2, "H42", *clerk, "accepted and registered", "03", incoming),
        (2, "H42", *leader, "assigned", "04", incoming),
        (2, "H42", *officer, "in process", "05", incoming),
        (2, "H42", *officer, "task finished", "", incoming),
        (2, "H42", *officer, "finished", "06", incoming),
        (2, "H42", *officer, "drafted", "", own),
        (2, "H42", *leader, "approved for signature", "", own),
        (2, "H42", *leader, "signed by the leader", "", own),
        (2, "H42", *clerk, "numbered and registered", "", own),
        (2, "H42", *system, "issued", "", own),
        (4, "H42.101", *system, "arrived", "01", own),
        (1, "G22", NOT_TOLD, "", "accepted", "03", own),
    ]


def test_a_line_names_the_document_the_event_and_the_other_side(
    auditor: Auditor, journey: datetime
) -> None:
    sent, arrived, *others = auditor.get(TRACE)["lines"]
    assert sent["document_id"] == arrived["document_id"] == identity("incoming")
    assert (sent["agency_name"], sent["counterpart"]) == ("Văn phòng Chính phủ", "UBND tỉnh")
    assigned = next(line for line in others if line["event_type"] == "TaskAssigned")
    assert (assigned["unit"], assigned["assignee"]) == ("Phòng Văn xã", "Lê Minh Đức")
    assert assigned["action"] == "Phân công xử lý"
    assert {line["trace_id"] for line in (sent, *others)} == {identity("trace")}


def test_both_views_show_the_same_rows(auditor: Auditor, journey: datetime) -> None:
    assert auditor.all_steps(limit="4") == auditor.get(TRACE)["lines"]


def test_every_page_size_shows_each_row_once(auditor: Auditor, journey: datetime) -> None:
    whole = auditor.get("/v1/steps", limit="200")["lines"]
    for limit in ("1", "7", str(len(whole))):
        assert auditor.all_steps(limit=limit) == whole


def test_an_earlier_instant_shows_what_was_known_then_and_no_number_of_later(
    trail: Trail, auditor: Auditor
) -> None:
    who = everybody(trail)
    trail.append(
        "DocumentDrafted",
        "own",
        handler=who["officer"],
        document_id=identity("own"),
        agency_id=identity("province"),
        text=trail.text(subject="Dự thảo"),
    )
    then = trail.append("DraftReviewed", "own", handler=who["clerk"], document_id=identity("own"))
    trail.append(
        "DocumentNumbered",
        "own",
        document_id=identity("own"),
        number=12,
        notation="CT-UBND",
    )
    trail.read()
    before = auditor.get(TRACE, at=instant_text(then))
    assert [line["event_type"] for line in before["lines"]] == ["DocumentDrafted", "DraftReviewed"]
    assert {line["document_code"] for line in before["lines"]} == {""}
    assert before["as_of"] == instant_text(then)
    now = auditor.get(TRACE)
    assert [line["document_code"] for line in now["lines"]] == ["12/CT-UBND"] * 3
    assert auditor.get("/v1/steps", at=instant_text(then))["lines"] == before["lines"]
    just_before = instant_text(then - timedelta(microseconds=1))
    assert len(auditor.get(TRACE, at=just_before)["lines"]) == 1


def test_what_was_recorded_late_is_unknown_before_and_then_shows_when_it_came(
    trail: Trail, auditor: Auditor
) -> None:
    everybody(trail)
    first = trail.append("DocumentIssued", "own", document_id=identity("own"), text="")
    early = BEGIN - timedelta(hours=1)
    late = trail.append("DraftReviewed", "own", document_id=identity("own"), at=early)
    trail.read()
    assert [line["event_type"] for line in auditor.get(TRACE, at=instant_text(first))["lines"]] == [
        "DocumentIssued"
    ]
    reviewed, _issued = auditor.get(TRACE)["lines"]
    assert (reviewed["at"], reviewed["recorded_at"]) == (instant_text(early), instant_text(late))


def test_the_time_of_recording_is_shown_only_where_it_differs_by_more_than_a_minute(
    trail: Trail, auditor: Auditor
) -> None:
    now = datetime.now(UTC)
    trail.append("DraftReviewed", "own", document_id=identity("own"), at=now)
    trail.append(
        "DraftReturned", "own", document_id=identity("own"), at=now - timedelta(seconds=61)
    )
    trail.read()
    returned, reviewed = auditor.get(TRACE)["lines"]
    assert "recorded_at" in returned
    assert "recorded_at" not in reviewed


def test_a_told_step_stands_at_the_time_told_behind_what_happened_in_its_second(
    trail: Trail, auditor: Auditor
) -> None:
    everybody(trail)
    second = BEGIN + timedelta(hours=3)
    sent = {
        "document_id": identity("own"),
        "channel": "axis",
        "recipient_id": identity("government"),
    }
    trail.append(
        "PacketSent",
        "own",
        at=second + timedelta(milliseconds=400),
        sender_id=identity("province"),
        **sent,
    )
    staff = trail.text(full_name="Lê Thị Dung")
    trail.append(
        "StatusReceived",
        "own",
        at=second + timedelta(seconds=9),
        sender_id=identity("province"),
        status_code="01",
        told_at=instant_text(second),
        unit="Vụ Thư ký",
        staff=staff,
        **sent | {"recipient_id": identity("government")},
    )
    trail.read()
    lines = auditor.get(TRACE)["lines"]
    assert [line["event_type"] for line in lines] == ["PacketSent", "StatusReceived"]
    told = lines[1]
    assert (told["at"], told["handler"], told["unit"]) == (
        instant_text(second),
        "Lê Thị Dung",
        "Vụ Thư ký",
    )
    assert (told["agency_code"], told["tier"]) == ("G22", 1)
    assert lines[0]["counterpart"] == "Văn phòng Chính phủ"


def test_a_step_told_to_the_instant_stands_at_that_instant(trail: Trail, auditor: Auditor) -> None:
    everybody(trail)
    second = BEGIN + timedelta(hours=3)
    tell(trail, "own", "06", second, done_at=instant_text(second + timedelta(milliseconds=600)))
    tell(trail, "own", "05", second, done_at=instant_text(second + timedelta(milliseconds=200)))
    trail.read()
    lines = auditor.get(TRACE)["lines"]
    assert [line["status_code"] for line in lines] == ["05", "06"]
    assert lines[0]["at"] == instant_text(second + timedelta(milliseconds=200))


def test_a_step_that_was_not_told_is_a_line(trail: Trail, auditor: Auditor) -> None:
    everybody(trail)
    trail.append(
        "StatusWithheld",
        "own",
        handler="system:interconnect",
        packet_id=identity("packet"),
        document_id=identity("own"),
        sender_id=identity("government"),
        recipient_id=identity("province"),
        status_code="04",
        level="receipt",
    )
    trail.read()
    (line,) = auditor.get(TRACE)["lines"]
    assert (line["action_en"], line["counterpart"], line["status_code"]) == (
        "not told to the sender, by the disclosure",
        "Văn phòng Chính phủ",
        "",
    )
    assert line["agency_code"] == "H42"


def test_names_and_codes_are_those_of_the_day_of_the_line(trail: Trail, auditor: Auditor) -> None:
    old = {"code": "000.00.00.H42", "valid_from": "2020-01-01", "valid_to": "2026-11-22"}
    new = {"code": "H42", "valid_from": "2026-11-23"}
    entry = {"agency_id": identity("province"), "channel": "inside"}
    trail.append(
        "AgencyRegistered", "province", at=BEGIN, tier=3, name="Huyện cũ", codes=[old], **entry
    )
    day = BEGIN + timedelta(days=1)
    then = trail.append("DraftReviewed", "own", document_id=identity("own"), at=BEGIN)
    trail.append("DraftReviewed", "own", document_id=identity("own"), at=day)
    trail.append(
        "AgencyRegistered", "province", at=day, tier=2, name="Tỉnh mới", codes=[new, old], **entry
    )
    trail.read()
    shown = [
        (line["agency_name"], line["tier"], line["agency_code"])
        for line in auditor.get(TRACE)["lines"]
    ]
    assert shown == [("Huyện cũ", 3, "000.00.00.H42"), ("Tỉnh mới", 2, "H42")]
    assert auditor.get(TRACE, at=instant_text(then))["tiers"] == [3]


def test_an_erased_card_leaves_the_step_and_takes_the_name(trail: Trail, auditor: Auditor) -> None:
    who = everybody(trail)
    trail.append("DraftReviewed", "own", handler=who["clerk"], document_id=identity("own"))
    trail.read()
    trail.blobs.delete(trail.text(full_name="Nguyễn Thu Ứng", salt="s"))
    (line,) = auditor.get(TRACE)["lines"]
    assert (line["handler"], line["position"]) == (ERASED, "Văn thư")
    assert line["handler_id"] == who["clerk"]


def test_steps_are_found_by_handler_agency_status_and_time(
    auditor: Auditor, journey: datetime
) -> None:
    everything = auditor.all_steps()
    clerk = auditor.all_steps(handler=identity("Nguyễn Thu Ứng"))
    assert [line["event_type"] for line in clerk] == ["DocumentAccepted", "DocumentNumbered"]
    signed = auditor.all_steps(handler=identity("Trần Văn Bình"))
    assert "SignatureMade" in {line["event_type"] for line in signed}
    by_code = auditor.all_steps(agency="H42.101")
    assert [line["event_type"] for line in by_code] == ["DocumentArrived"]
    assert auditor.all_steps(agency=identity("commune")) == by_code
    assert {line["tier"] for line in auditor.all_steps(status="03")} == {1, 2}
    start, end = everything[3]["at"], everything[6]["at"]
    within = auditor.all_steps(**{"from": start, "to": end})
    assert within == everything[3:6]
    assert auditor.all_steps(agency="H99") == []


def test_applying_everything_again_changes_nothing(
    trail: Trail, auditor: Auditor, journey: datetime
) -> None:
    before = auditor.get(TRACE)["lines"], auditor.get("/v1/traces")
    with trail.audit.unit() as unit:
        unit.connection.exec_driver_sql("UPDATE es.checkpoint SET tx = 0, position = 0")
    trail.read()
    assert (auditor.get(TRACE)["lines"], auditor.get("/v1/traces")) == before


def test_a_machine_and_the_system_are_shown_as_what_they_are(
    trail: Trail, auditor: Auditor
) -> None:
    trail.append("DraftReviewed", "own", handler="machine:front-end-1", document_id=identity("own"))
    trail.append("DraftReturned", "own", handler=DOCUMENTS, document_id=identity("own"))
    trail.read()
    handlers = [line["handler"] for line in auditor.get(TRACE)["lines"]]
    assert handlers == ["(máy) front-end-1", SYSTEM]
