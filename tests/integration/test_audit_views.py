"""The auditor's two views over real events: what a line says, what was known when, paging."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import Client

from libs.blobs import open_store
from libs.contracts import instant_text
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.principal import Principal
from services.audit.api import add_routes
from services.audit.names import ERASED, Names
from services.audit.shown import NOT_TOLD, SYSTEM
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
from tools.platform.handle import ROOT

pytestmark = pytest.mark.postgres
TRACE = f"/v1/traces/{identity('trace')}"


class RoleIsToken:
    """A verifier that takes the token for the caller's one role."""

    def verify(self, token: str) -> Principal:
        return Principal(
            str(UUID(int=1)), str(UUID(int=2)), frozenset({token}), None, None, "person"
        )


class Auditor:
    """Asks the API, and shows the JSON of what is answered well."""

    def __init__(self, api: Api) -> None:
        self._client = Client(api)

    def ask(self, path: str, role: str = "auditor", **args: str) -> Any:
        return self._client.get(
            path, query_string=args, headers={"Authorization": f"Bearer {role}"}
        )

    def get(self, path: str, **args: str) -> dict[str, Any]:
        answer = self.ask(path, **args)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json
        return body

    def all_steps(self, **args: str) -> list[dict[str, Any]]:
        page = self.get("/v1/steps", **args)
        found: list[dict[str, Any]] = page["lines"]
        while "next" in page:
            page = self.get("/v1/steps", cursor=page["next"], **args)
            found += page["lines"]
        return found


@pytest.fixture
def trail(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Trail]:
    made = Trail(postgres.fresh_database(), open_store(f"file://{tmp_path}"))
    yield made
    made.close()


@pytest.fixture
def auditor(trail: Trail) -> Auditor:
    api = Api("audit", RoleIsToken(), AccessTable.read(ROOT / "proto" / "access.toml"))
    add_routes(api, trail.audit, Names(trail.blobs))
    return Auditor(api)


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
    assert (told["agency_code"], told["tier"], told["counterpart"]) == ("G22", 1, "UBND tỉnh")


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


def test_traces_are_listed_newest_first_each_once(trail: Trail, auditor: Auditor) -> None:
    everybody(trail)
    for number in range(5):
        trail.append(
            "DocumentDrafted",
            f"draft {number}",
            trace=f"trace {number}",
            document_id=identity(f"draft {number}"),
            agency_id=identity("commune"),
            text=trail.text(subject=f"Việc {number}"),
        )
    trail.append("DraftReviewed", "draft 0", trace="trace 0", document_id=identity("draft 0"))
    trail.read()
    found, page = [], auditor.get("/v1/traces", limit="2")
    while page["traces"]:
        found += page["traces"]
        page = (
            auditor.get("/v1/traces", limit="2", cursor=page["next"])
            if "next" in page
            else {"traces": []}
        )
    assert [row["subject"] for row in found] == [f"Việc {n}" for n in (4, 3, 2, 1, 0)]
    assert (found[-1]["tiers"], found[-1]["lines"]) == ([2, 4], 2)
    assert found[0]["first_at"] == found[0]["last_at"]


def test_the_directory_makes_no_trace(trail: Trail, auditor: Auditor) -> None:
    everybody(trail)
    trail.read()
    assert auditor.get("/v1/traces") == {"traces": []}


def test_applying_everything_again_changes_nothing(
    trail: Trail, auditor: Auditor, journey: datetime
) -> None:
    before = auditor.get(TRACE)["lines"], auditor.get("/v1/traces")
    with trail.audit.unit() as unit:
        unit.connection.exec_driver_sql("UPDATE es.checkpoint SET tx = 0, position = 0")
    trail.read()
    assert (auditor.get(TRACE)["lines"], auditor.get("/v1/traces")) == before


HOSTILE: list[tuple[str, dict[str, str]]] = [
    (TRACE, {"at": "yesterday"}),
    (TRACE, {"at": "2026-11-22T09:00:00"}),
    (TRACE, {"at": "0001-01-01T00:00+23:00"}),
    (TRACE, {"from": "2026-11-22"}),
    ("/v1/steps", {"from": "'; DROP TABLE audit.line; --"}),
    ("/v1/steps", {"to": "9999-12-31"}),
    ("/v1/steps", {"handler": "Nguyễn"}),
    ("/v1/steps", {"agency": "H42%"}),
    ("/v1/steps", {"agency": "a" * 65}),
    ("/v1/steps", {"status": "3"}),
    ("/v1/steps", {"status": "٠٣"}),
    ("/v1/steps", {"limit": "0"}),
    ("/v1/steps", {"limit": "100000"}),
    ("/v1/steps", {"cursor": "x"}),
    ("/v1/steps", {"cursor": "eyJhdCI6IngiLCJwb3NpdGlvbiI6MSwidHgiOjF9"}),
    ("/v1/traces", {"cursor": "e30"}),
    ("/v1/traces", {"at": "2026-11-22"}),
    ("/v1/steps", {"at": "2026-11-22\x00"}),
]


def test_hostile_arguments_are_refused_by_a_problem(trail: Trail, auditor: Auditor) -> None:
    trail.append("DraftReviewed", "own", document_id=identity("own"))
    trail.read()
    for path, args in HOSTILE:
        answer = auditor.ask(path, **args)
        assert answer.status_code == 400, (path, args)
        assert answer.content_type == "application/problem+json"


def test_an_unknown_trace_is_not_found(auditor: Auditor) -> None:
    assert auditor.ask(f"/v1/traces/{uuid4()}").status_code == 404
    assert auditor.ask("/v1/traces/not-a-uuid").status_code == 404


def test_only_auditors_and_operators_read_the_trail(auditor: Auditor) -> None:
    for role in ("clerk", "leader", "officer", "head", "machine"):
        answers = [auditor.ask(path, role=role) for path in (TRACE, "/v1/traces", "/v1/steps")]
        assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert auditor.ask("/v1/steps", role="admin").status_code == 200


def test_a_machine_and_the_system_are_shown_as_what_they_are(
    trail: Trail, auditor: Auditor
) -> None:
    trail.append("DraftReviewed", "own", handler="machine:front-end-1", document_id=identity("own"))
    trail.append("DraftReturned", "own", handler=DOCUMENTS, document_id=identity("own"))
    trail.read()
    handlers = [line["handler"] for line in auditor.get(TRACE)["lines"]]
    assert handlers == ["(máy) front-end-1", SYSTEM]
