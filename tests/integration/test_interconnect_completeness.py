"""Completeness by pair numbers: a receiver sees what is missing, a sender what it kept back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from services.interconnect import metrics
from services.interconnect.api import add_routes
from services.interconnect.balance_watch import count_balance
from services.interconnect.completeness import MOST_NUMBERS
from tests.integration.test_interconnect_disclosure import disclose
from tests.integration.test_interconnect_envelopes import die
from tests.integration.test_interconnect_recall import recall
from tests.support.desk import Desk, api_for
from tests.support.interconnect_world import (
    CODES,
    COMMUNE,
    DEPARTMENT,
    MINISTRY,
    NAMES,
    OFFICE,
    PROVINCE,
    World,
    office_document,
    open_world,
)
from tests.support.servers import PostgresForTests
from tools.cli import main

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.seal_for(PROVINCE, DEPARTMENT, COMMUNE)
        made.poll()
        yield made


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    api, issuer = api_for("interconnect", world.database, tmp_path)
    add_routes(api, world.database, world.blobs)
    return Desk(Client(api), issuer, "/v1/desk/interconnect")


def pairs(desk: Desk, query: str = "", role: str = "monitor", agency: UUID | None = None) -> Any:
    token = desk.issuer.issue(str(uuid4()), str(agency or uuid4()), [role])
    headers = {"Authorization": f"Bearer {token}"}
    answer = desk.client.get(f"/v1/balance/pairs{query}", headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json


def pair(desk: Desk, sender: UUID, recipient: UUID) -> Any:
    (found,) = pairs(desk, f"?sender={sender}&recipient={recipient}")["pairs"]
    return found


def came(world: World, sender: UUID, recipient: UUID, *numbers: int) -> None:
    """These numbers came in good envelopes."""
    with world.database.unit() as unit:
        for number in numbers:
            unit.connection.execute(
                text(
                    "INSERT INTO interconnect.pair_received"
                    " VALUES (:sender, :recipient, :number, 'document', now())"
                ),
                {"sender": sender, "recipient": recipient, "number": number},
            )


def test_what_was_numbered_and_came_leaves_nothing_missing(world: World, desk: Desk) -> None:
    for _ in range(3):
        world.issue(DEPARTMENT)
    world.settle()
    assert pair(desk, PROVINCE, DEPARTMENT) == {
        "sender": {"agency_id": str(PROVINCE), "code": "H25", "name": NAMES[PROVINCE]},
        "recipient": {
            "agency_id": str(DEPARTMENT),
            "code": CODES[DEPARTMENT],
            "name": NAMES[DEPARTMENT],
        },
        "sent": {"highest": 3, "count": 3},
        "received": {"highest": 3, "count": 3},
        "missing": {"total": 0, "numbers": [], "more": False},
        "kept_back": 0,
    }


def test_a_hole_below_the_highest_number_is_missing(world: World, desk: Desk) -> None:
    came(world, OFFICE, PROVINCE, 2, 3, 6)
    found = pair(desk, OFFICE, PROVINCE)
    assert (found["sent"], found["received"]) == (None, {"highest": 6, "count": 3})
    assert found["missing"] == {"total": 3, "numbers": [1, 4, 5], "more": False}
    came(world, OFFICE, PROVINCE, 1, 4, 5)
    assert pair(desk, OFFICE, PROVINCE)["missing"]["total"] == 0


def test_of_a_wide_hole_the_lowest_numbers_are_listed_and_all_are_counted(
    world: World, desk: Desk
) -> None:
    came(world, OFFICE, PROVINCE, 2, 2_000_000_000)
    missing = pair(desk, OFFICE, PROVINCE)["missing"]
    assert (missing["total"], missing["more"]) == (1_999_999_998, True)
    assert missing["numbers"] == [1, *range(3, MOST_NUMBERS + 2)]


def test_what_the_sender_kept_back_is_not_missing(world: World, desk: Desk) -> None:
    older = world.issue(DEPARTMENT)
    world.settle()
    world.issue(DEPARTMENT, updates=str(older))
    world.settle()
    # The first update is not answered yet: a second one is not sent, and its number is spent.
    world.issue(DEPARTMENT, updates=str(older))
    world.settle()
    world.issue(DEPARTMENT)
    world.settle()
    found = pair(desk, PROVINCE, DEPARTMENT)
    assert found["sent"] == {"highest": 4, "count": 4}
    assert found["received"] == {"highest": 4, "count": 3}
    assert (found["missing"]["total"], found["kept_back"]) == (0, 1)


def lose(world: World, desk: Desk, kind: str) -> None:
    """A job's packet is numbered, in a transaction of its own, and lost before it is told."""
    broken = world.worker()
    tell = broken.acts[kind]

    def numbered_and_lost(job: Any) -> Any:
        tell(job)
        raise RuntimeError("lost before it was told")

    for _ in range(6):
        with world.database.unit() as unit:
            unit.connection.execute(text("UPDATE interconnect.job SET due_at = now()"))
        type(broken)("test", world.database, {kind: numbered_and_lost}).work_one()
    desk.settle("refuse", kind="job", cause="RuntimeError")
    world.work()


def test_what_two_people_refused_after_it_was_numbered_is_kept_back_too(
    world: World, desk: Desk
) -> None:
    world.issue(DEPARTMENT)
    world.settle()
    packet = world.messages("packet", "PacketArrived")[0]
    world.arrive(packet)
    world.project()
    world.react()
    lose(world, desk, "status")
    world.handle(packet, datetime.now(UTC))
    world.settle()
    found = pair(desk, DEPARTMENT, PROVINCE)
    assert (found["missing"]["total"], found["kept_back"]) == (0, 1)
    (withheld,) = world.messages("packet", "StatusWithheld")
    assert (withheld.level, withheld.pair_number) == ("refused_at_desk", 1)


def test_a_step_that_was_numbered_before_it_was_withheld_is_kept_back_too(
    world: World, desk: Desk
) -> None:
    world.issue(DEPARTMENT)
    world.settle()
    packet = world.messages("packet", "PacketArrived")[0]
    world.arrive(packet)
    world.settle()
    world.handle(packet, datetime.now(UTC))
    world.project()
    world.react()
    worker = world.worker()
    # 03 is told; the worker of 04 dies with its number drawn, and meanwhile less is disclosed.
    assert worker.work_one()
    die(world, "status", "written")
    disclose(world, "receipt")
    world.settle()
    (first, *_) = world.messages("packet", "StatusWithheld")
    assert (first.status_code, first.level, first.pair_number) == ("04", "receipt", 3)
    another = world.issue(PROVINCE, agency_id=str(DEPARTMENT), number=6)
    world.settle()
    assert world.dispatch(another)["deliveries"][0]["transport"] == "sent"
    found = pair(desk, DEPARTMENT, PROVINCE)
    assert found["received"]["highest"] > first.pair_number
    assert (found["missing"]["total"], found["kept_back"]) == (0, 1)


def test_a_recall_that_two_people_refused_is_a_fact_its_number_kept_back(
    world: World, desk: Desk
) -> None:
    document = world.issue(DEPARTMENT)
    world.settle()
    recall(world, document)
    lose(world, desk, "recall")
    (lapsed,) = world.messages("delivery", "RecallLapsed")
    assert (lapsed.reason_code, lapsed.status_packet) == ("refused_at_desk", "")
    assert lapsed.pair_number == 2
    world.settle()
    assert world.dispatch(document)["deliveries"][0]["request"] is None
    recall(world, document)
    world.settle()
    assert world.dispatch(document)["deliveries"][0]["request"]["kind"] == "recall"
    found = pair(desk, PROVINCE, DEPARTMENT)
    assert (found["sent"]["highest"], found["received"]["count"]) == (3, 2)
    assert (found["missing"]["total"], found["kept_back"]) == (0, 1)


def test_pairs_are_paged_and_an_agency_sees_its_own(world: World, desk: Desk) -> None:
    world.issue(DEPARTMENT, COMMUNE)
    world.settle()
    came(world, OFFICE, DEPARTMENT, 2)
    came(world, MINISTRY, PROVINCE, 1)
    found, cursor = [], ""
    while cursor is not None:
        page = pairs(desk, f"?limit=1&cursor={cursor}" if cursor else "?limit=1")
        found += page["pairs"]
        cursor = page["next"]
    assert len(found) == 4
    only = pairs(desk, "?incomplete_only=true")["pairs"]
    assert [each["sender"]["agency_id"] for each in only] == [str(OFFICE)]
    mine = pairs(desk, role="clerk", agency=COMMUNE)["pairs"]
    assert [each["recipient"]["agency_id"] for each in mine] == [str(COMMUNE)]


def test_missing_numbers_are_measured_and_told_by_the_command(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = world.database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["balance", "--pairs"]) == 0
    assert "No packet has borne a number yet" in capsys.readouterr().out
    world.from_office(office_document(world, PROVINCE), "edoc")
    came(world, OFFICE, PROVINCE, 1, 4)
    came(world, OFFICE, DEPARTMENT, 1)
    assert main(["balance", "--pairs"]) == 1
    out = capsys.readouterr().out
    assert ("2, 3" in out, "2 numbers are missing" in out) == (True, True)
    assert main(["balance", "--pairs", "--recipient", CODES[DEPARTMENT]]) == 0
    capsys.readouterr()
    assert main(["balance", "--pairs", "--difference-only", "--json"]) == 1
    (row,) = json.loads(capsys.readouterr().out)["pairs"]
    assert row["missing"] == {"total": 2, "numbers": [2, 3], "more": False}
    count_balance(world.database)
    assert metrics.PAIR_MISSING._value.get() == 2
