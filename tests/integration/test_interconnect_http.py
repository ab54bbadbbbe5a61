"""The interconnect service over HTTP: real tokens, the checked-in access table, the real store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import Client, TestResponse

from libs.db import CommandRunner
from libs.eventstore import Context
from libs.messaging.read_after import ReadAfter
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.issuer import TokenIssuer
from libs.web.tokens import TokenVerifier
from services.interconnect import queries
from services.interconnect.api import add_routes
from services.interconnect.commands import AskRecall, Command, RecordStatus
from services.interconnect.domain import delivery_id
from services.interconnect.errors import InterconnectError
from services.interconnect.journal import JOURNAL, delivery_writes
from services.interconnect.texts import put_text
from tests.support.interconnect_world import (
    CLERK,
    CLERK_HANDLER,
    COMMUNE,
    DEPARTMENT,
    DESK,
    MINISTRY,
    NAMES,
    OFFICE,
    PROVINCE,
    World,
    office_status,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
ISSUER = "http://issuer.test"
START = datetime(2026, 11, 22, 18, 30, 15, tzinfo=UTC)


@dataclass
class Desk:
    """The API, and tokens for whoever calls it."""

    client: Client
    issuer: TokenIssuer
    world: World

    def get(self, path: str, agency: UUID | str = PROVINCE, role: str = "clerk") -> TestResponse:
        token = self.issuer.issue(str(uuid4()), str(agency), [role])
        return self.client.get(path, headers={"Authorization": f"Bearer {token}"})

    def post(
        self, path: str, body: Any, agency: UUID = PROVINCE, role: str = "clerk", key: str = ""
    ) -> TestResponse:
        return self.client.post(path, headers=self._commander(agency, role, key), json=body)

    def put(
        self, path: str, body: Any, agency: UUID = PROVINCE, role: str = "leader", key: str = ""
    ) -> TestResponse:
        return self.client.put(path, headers=self._commander(agency, role, key), json=body)

    def _commander(self, agency: UUID, role: str, key: str) -> dict[str, str]:
        token = self.issuer.issue(str(CLERK), str(agency), [role], position=str(DESK))
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid4())}


@pytest.fixture(scope="module")
def desk(postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    issuer = TokenIssuer(ISSUER, folder / "key.pem")
    documents = {
        f"{ISSUER}/.well-known/openid-configuration": issuer.discovery(),
        f"{ISSUER}/jwks": issuer.jwks(),
    }
    with open_world(postgres, folder) as world:
        api = Api(
            "interconnect",
            TokenVerifier((ISSUER,), fetch=documents.__getitem__),
            AccessTable.read(Path("proto/access.toml")),
            CommandRunner(world.database),
            ReadAfter(world.database, "interconnect.projections"),
            refusal=InterconnectError,
        )
        add_routes(api, world.database, world.blobs)
        world.poll()
        yield Desk(Client(api), issuer, world)


def test_the_sender_sees_both_statuses_and_every_step(desk: Desk) -> None:
    world = desk.world
    document = world.issue(DEPARTMENT, OFFICE, MINISTRY, number=31)
    world.settle()
    packet = world.messages("packet", "PacketArrived")[-1]
    incoming = world.arrive(packet, START - timedelta(minutes=1))
    world.handle(packet, START)
    world.settle()
    shown: dict[str, Any] = desk.get(f"/v1/dispatches/{document}").json  # type: ignore[assignment]
    assert set(shown) == {
        "document_id", "agency_id", "foreign_id", "packet", "urgency", "opened_at", "trace",
        "deliveries", "updates", "replaces",
    }  # fmt: skip
    assert shown["foreign_id"] == "H25,2026/11/20,31/CT-UBND"
    deliveries = {each["recipient"]["agency_id"]: each for each in shown["deliveries"]}
    refused = deliveries[str(MINISTRY)]
    assert (refused["transport"], refused["reason_code"]) == ("refused", "axis-18")
    assert (refused["processing"], refused["steps"], refused["sent_at"]) == (None, [], None)
    told = deliveries[str(DEPARTMENT)]
    assert told["recipient"] == {
        "agency_id": str(DEPARTMENT),
        "code": "H25.13",
        "name": NAMES[DEPARTMENT],
    }
    assert told["processing"] == {
        "code": "06",
        "vi": "Hoàn thành",
        "en": "finished",
        "told_at": "2026-11-22T18:33:15+00:00",
        "reopened": False,
    }
    step = told["steps"][2]
    assert step.pop("received_at") >= shown["opened_at"]
    assert step == {
        "code": "04",
        "vi": "Phân công",
        "en": "assigned",
        "agency": told["recipient"],
        "unit": "Phòng Ngân sách",
        "handler": "Nguyễn Văn Ước",
        "note": None,
        "told_at": "2026-11-22T18:31:15+00:00",
        "seconds": 60,
        "envelope": None,
        "permitted": True,
    }
    came: dict[str, Any] = desk.get(f"/v1/packets/{packet.packet_id}", DEPARTMENT).json  # type: ignore[assignment]
    assert came["document_id"] == str(incoming)
    assert came["sender"] == {"agency_id": str(PROVINCE), "code": "H25", "name": NAMES[PROVINCE]}
    assert came["subject"] == "Về việc phòng chống lụt bão"
    assert [each["code"] for each in came["statuses"]] == ["01", "03", "04", "05", "06"]


def test_the_sender_sees_one_instant_whatever_comes_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = desk.world
    document = world.issue(DEPARTMENT)
    world.settle()
    ask = AskRecall(at=START, note=put_text(world.blobs, {"note": "Sai số liệu"}))
    record(world, document, ask)
    read = queries.received_statuses

    def meanwhile(*wanted: Any) -> list[dict[str, Any]]:
        at = START + timedelta(minutes=1)
        answer = RecordStatus(
            status_code="15",
            told_at=at,
            unit="",
            staff=None,
            note=None,
            status_packet="s",
            channel="inside",
        )
        record(world, document, answer)
        return read(*wanted)

    monkeypatch.setattr(queries, "received_statuses", meanwhile)
    before = the_delivery(desk, document)
    monkeypatch.undo()
    after = the_delivery(desk, document)
    told = [
        (each["request"] is None, each["outcome"], [step["code"] for step in each["steps"]])
        for each in (before, after)
    ]
    assert told == [(False, None, []), (True, {"kind": "recalled", "by": None}, ["15"])]


def record(world: World, document: UUID, command: Command) -> None:
    """A command on the delivery to the department, and its row."""
    with world.database.unit() as unit:
        writes = delivery_writes(unit, delivery_id(document, DEPARTMENT), [command])
        context = Context(str(PROVINCE), CLERK_HANDLER, unit.now, uuid4())
        JOURNAL.append_all(unit.store, writes, context, uuid4())
    world.project()


def the_delivery(desk: Desk, document: UUID) -> Any:
    shown: Any = desk.get(f"/v1/dispatches/{document}").json
    (delivery,) = shown["deliveries"]
    return delivery


def test_only_the_sending_agency_sees_a_dispatch(desk: Desk) -> None:
    document = desk.world.issue(DEPARTMENT)
    desk.world.settle()
    assert desk.get(f"/v1/dispatches/{document}", PROVINCE).status_code == 200
    strangers = [desk.get(f"/v1/dispatches/{document}", each) for each in (DEPARTMENT, COMMUNE)]
    nothing = desk.get(f"/v1/dispatches/{uuid4()}")
    for answer in (*strangers, nothing):
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")  # type: ignore[index]


def test_only_the_receiving_agency_sees_a_packet(desk: Desk) -> None:
    desk.world.issue(COMMUNE)
    desk.world.settle()
    packet = desk.world.messages("packet", "PacketArrived")[-1]
    path = f"/v1/packets/{packet.packet_id}"
    assert desk.get(path, COMMUNE).status_code == 200
    for agency in (PROVINCE, DEPARTMENT):
        assert desk.get(path, agency).status_code == 404
    assert desk.get(f"/v1/packets/{uuid4()}", COMMUNE).status_code == 404


def test_the_list_is_the_agencys_own_newest_first_page_by_page(desk: Desk) -> None:
    documents = [str(desk.world.issue(DEPARTMENT, OFFICE)) for _ in range(3)]
    desk.world.settle()
    listed: list[Any] = []
    path = "/v1/dispatches?limit=2"
    while path:
        page: dict[str, Any] = desk.get(path).json  # type: ignore[assignment]
        listed += page["dispatches"]
        path = f"/v1/dispatches?limit=2&cursor={page['next']}" if page["next"] else ""
    assert [each["document_id"] for each in listed[:3]] == documents[::-1]
    assert listed[0]["deliveries"] == {
        "opened": 0,
        "sent": 2,
        "refused": 0,
        "withdrawn": 0,
    }
    assert len({each["document_id"] for each in listed}) == len(listed)
    assert desk.get("/v1/dispatches", COMMUNE).json == {"dispatches": [], "next": None}


@pytest.mark.parametrize("cursor", ["x", "eyJhdCI6IngiLCJpZCI6IngifQ"])
def test_a_strange_cursor_is_refused(desk: Desk, cursor: str) -> None:
    answer = desk.get(f"/v1/dispatches?cursor={cursor}")
    assert (answer.status_code, answer.json["code"]) == (400, "cursor_malformed")  # type: ignore[index]


def test_the_desk_is_the_operators_alone(desk: Desk) -> None:
    desk.world.from_office(office_status("H25,2020/01/01,1/X", "03"), "status")
    desk.world.poll()
    shown: dict[str, Any] = desk.get("/v1/packets/desk", PROVINCE, "admin").json  # type: ignore[assignment]
    (entry,) = shown["packets"]
    assert (entry["kind"], entry["reason_code"]) == ("unmatched", "no_such_delivery")
    assert (entry["status_code"], entry["foreign_id"]) == ("03", "H25,2020/01/01,1/X")
    assert desk.get("/v1/packets/desk").status_code == 403


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_who_has_no_part_in_an_agencys_work_reads_no_dispatches(desk: Desk, role: str) -> None:
    assert desk.get("/v1/dispatches", PROVINCE, role).status_code == 403


def test_an_agency_that_is_no_id_finds_nothing(desk: Desk) -> None:
    assert desk.get("/v1/dispatches", "H25").status_code == 404


WHY = {"note": "Sai số liệu"}


def test_the_clerk_asks_for_a_document_back_once_for_one_key(desk: Desk) -> None:
    document = desk.world.issue(DEPARTMENT, COMMUNE)
    desk.world.settle()
    path = f"/v1/dispatches/{document}/recall"
    body = {**WHY, "recipients": [str(DEPARTMENT)]}
    answers = [desk.post(path, body, key="one") for _ in range(2)]
    for answer in answers:
        assert answer.json == {
            "document_id": str(document),
            "asked": [str(DEPARTMENT)],
            "left_out": [],
        }
    assert "X-Read-After" in answers[0].headers
    (asked,) = [
        e for e in desk.world.events("delivery", "RecallAsked") if str(document) in e.stream
    ]
    assert asked.handler == CLERK_HANDLER
    again = desk.post(path, WHY, role="leader").json
    assert again is not None
    assert (again["asked"], again["left_out"]) == (
        [str(COMMUNE)],
        [{"recipient": str(DEPARTMENT), "code": "request_open"}],
    )
    nobody = desk.post(path, WHY)
    assert (nobody.status_code, nobody.json["code"]) == (409, "nothing_to_recall")  # type: ignore[index]
    desk.world.settle()
    shown: dict[str, Any] = desk.get(f"/v1/dispatches/{document}").json  # type: ignore[assignment]
    assert {each["request"]["note"] for each in shown["deliveries"]} == {"Sai số liệu"}


def test_only_the_sender_in_a_fit_role_and_with_a_reason_asks_for_a_document_back(
    desk: Desk,
) -> None:
    document = desk.world.issue(DEPARTMENT)
    desk.world.settle()
    path = f"/v1/dispatches/{document}/recall"
    assert desk.post(path, WHY, agency=DEPARTMENT).status_code == 404
    assert desk.post(f"/v1/dispatches/{uuid4()}/recall", WHY).status_code == 404
    assert desk.post(path, WHY, role="officer").status_code == 403
    bodies: list[dict[str, Any]] = [
        {},
        {"note": " "},
        {"note": "x" * 1001},
        {**WHY, "recipients": []},
        {**WHY, "recipients": ["x"]},
        {**WHY, "recipients": [str(OFFICE)]},
    ]
    assert {desk.post(path, body).status_code for body in bodies} == {422}
    assert desk.post(path, WHY).status_code == 200


def test_an_agency_lays_down_what_senders_see_and_everyone_in_it_reads_that(desk: Desk) -> None:
    path = f"/v1/disclosures/{COMMUNE}"
    first = desk.get(path, COMMUNE).json
    assert first is not None
    assert (first["agency_id"], first["level"]) == (str(COMMUNE), "all")
    laid_down = desk.put(path, {"level": "unit"}, COMMUNE, key="d1")
    assert laid_down.status_code == 200
    assert laid_down.json == {
        "agency_id": str(COMMUNE),
        "level": "unit",
        "vi": "Chỉ công khai đơn vị xử lý",
        "en": "the unit is told, the handler is not",
    }
    assert desk.put(path, {"level": "unit"}, COMMUNE, key="d1").json == laid_down.json
    assert desk.put(path, {"level": "unit"}, COMMUNE, "admin").status_code == 200
    assert desk.get(path, COMMUNE, "officer").json == laid_down.json
    (event,) = desk.world.events("disclosure")
    assert (event.agency, event.handler) == (str(COMMUNE), CLERK_HANDLER)


@pytest.mark.parametrize(
    ("agency", "role", "body", "status", "code"),
    [
        (COMMUNE, "clerk", {"level": "all"}, 403, "action_not_allowed"),
        (COMMUNE, "machine", {"level": "all"}, 403, "action_not_allowed"),
        (PROVINCE, "leader", {"level": "all"}, 404, "not_found"),
        (PROVINCE, "admin", {"level": "all"}, 404, "not_found"),
        (COMMUNE, "leader", {"level": "none"}, 422, "body_invalid"),
        (COMMUNE, "leader", {}, 422, "body_invalid"),
        (COMMUNE, "leader", {"level": "all", "more": 1}, 422, "body_invalid"),
    ],
)
def test_nobody_else_and_nothing_else_is_laid_down(
    desk: Desk, agency: UUID, role: str, body: Any, status: int, code: str
) -> None:
    before = len(desk.world.events("disclosure"))
    answer = desk.put(f"/v1/disclosures/{COMMUNE}", body, agency, role)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert len(desk.world.events("disclosure")) == before
    assert desk.get(f"/v1/disclosures/{COMMUNE}", PROVINCE, "leader").status_code == 404
