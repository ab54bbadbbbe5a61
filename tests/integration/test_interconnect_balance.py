"""The balance over HTTP, on a whole installation: jobs, desk, axis and documents behind it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import rfc8785
from prometheus_client import Gauge
from prometheus_client.samples import Sample
from sqlalchemy import text
from werkzeug.test import Client

from libs.contracts.journal import caused_by
from libs.db import Unit
from libs.eventstore import NO_STREAM, NewEvent, Recorded
from libs.messaging.applier import Applier, Handler
from libs.messaging.rebuild import Rebuild
from services.interconnect import balance, completeness, metrics
from services.interconnect.api import add_routes
from services.interconnect.balance_watch import count_balance
from services.interconnect.compose import VIETNAM
from services.interconnect.projections import READ_MODELS
from tests.support.desk import Desk, api_for
from tests.support.interconnect_world import (
    CODES,
    COMMUNE,
    DEPARTMENT,
    NAMES,
    OFFICE,
    PROVINCE,
    World,
    office_document,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
NOTHING_SENT = {"accepted": 0, "delivered": 0, "open": 0, "parked": 0, "refused": 0,
                "withdrawn": 0, "difference": 0}  # fmt: skip
NOTHING_CAME = {"arrived": 0, "registered": 0, "refused": 0, "returned": 0, "waiting": 0,
                "desk": 0, "difference": 0}  # fmt: skip


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        yield made


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    api, issuer = api_for("interconnect", world.database, tmp_path)
    add_routes(api, world.database, world.blobs)
    return Desk(Client(api), issuer, "/v1/desk/interconnect")


def ask(
    desk: Desk,
    query: str = "",
    role: str = "monitor",
    agency: UUID | None = None,
    status: int = 200,
) -> Any:
    token = desk.issuer.issue(str(uuid4()), str(agency or uuid4()), [role])
    headers = {"Authorization": f"Bearer {token}"}
    answer = desk.client.get(f"/v1/balance{query}", headers=headers)
    assert answer.status_code == status, answer.json
    return answer.json


def sent(desk: Desk, query: str = "") -> dict[str, int]:
    """What is not nothing of the sending side's totals."""
    totals = ask(desk, query)["totals"]["sent"]
    return {name: number for name, number in totals.items() if number}


def received(desk: Desk, query: str = "") -> dict[str, int]:
    totals = ask(desk, query)["totals"]["received"]
    return {name: number for name, number in totals.items() if number}


def park(world: World) -> None:
    for _ in range(6):
        with world.database.unit() as unit:
            due = "UPDATE interconnect.job SET due_at = now() WHERE state = 'open'"
            unit.connection.execute(text(due))
        world.work()


def today() -> Any:
    return datetime.now(UTC).astimezone(VIETNAM).date()


def test_without_anything_it_holds(desk: Desk) -> None:
    shown = ask(desk)
    assert shown["totals"] == {"sent": NOTHING_SENT, "received": NOTHING_CAME}
    assert (shown["holds"], shown["rows"], shown["next"]) == (True, [], None)
    assert (shown["from"], shown["to"]) == (str(today() - timedelta(29)), str(today()))


def test_every_recipient_is_accepted_from_the_opening_of_the_dispatch(
    world: World, desk: Desk
) -> None:
    world.poll()
    world.issue(DEPARTMENT, COMMUNE, OFFICE)
    world.project()
    assert sent(desk) == {}
    world.react()
    world.project()
    assert sent(desk) == {"accepted": 3, "open": 3}
    world.settle()
    assert sent(desk) == {"accepted": 3, "delivered": 3}
    shown = ask(desk, f"?recipient={COMMUNE}")
    (row,) = shown["rows"]
    assert row["day"] == str(today())
    assert row["sender"] == {"agency_id": str(PROVINCE), "code": "H25", "name": NAMES[PROVINCE]}
    assert row["recipient"]["code"] == CODES[COMMUNE]
    assert row["sent"] == {**NOTHING_SENT, "accepted": 1, "delivered": 1}
    assert row["received"] == {**NOTHING_CAME, "arrived": 1, "waiting": 1}


def test_what_was_given_up_is_parked_until_two_people_release_it(world: World, desk: Desk) -> None:
    world.issue(OFFICE, DEPARTMENT)
    world.project()
    world.react()
    park(world)
    assert sent(desk) == {"accepted": 2, "delivered": 1, "parked": 1}
    world.poll()
    desk.settle("release", kind="job", cause="AxisRefused")
    assert sent(desk) == {"accepted": 2, "delivered": 1, "open": 1}
    world.work()
    assert sent(desk) == {"accepted": 2, "delivered": 2}


def test_what_two_people_refused_is_refused(world: World, desk: Desk) -> None:
    world.issue(OFFICE, DEPARTMENT, file="0" * 64)
    world.project()
    world.react()
    park(world)
    assert sent(desk) == {"accepted": 2, "parked": 2}
    desk.settle("refuse", kind="job", cause="BlobMissing")
    world.work()
    assert sent(desk) == {"accepted": 2, "refused": 2}
    assert ask(desk)["holds"] is True


def test_a_job_that_vanished_is_a_difference_that_is_found_and_measured(
    world: World, desk: Desk
) -> None:
    world.issue(COMMUNE)
    world.settle()
    world.issue(OFFICE, DEPARTMENT)
    world.project()
    world.react()
    world.project()
    with world.database.unit() as unit:
        unit.connection.execute(text("DELETE FROM interconnect.job WHERE state = 'open'"))
    shown = ask(desk, "?difference_only=true")
    assert shown["holds"] is False
    assert shown["totals"]["sent"]["difference"] == 2
    assert {row["recipient"]["agency_id"] for row in shown["rows"]} == {
        str(OFFICE), str(DEPARTMENT),
    }  # fmt: skip
    count_balance(world.database)
    assert metrics.DIFFERENCE._value.get() == 2
    assert metrics.BALANCE.labels("accepted")._value.get() == 3


def test_a_count_that_fails_keeps_no_other_from_being_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_asked: Any) -> int:
        raise RuntimeError("canceling statement due to statement timeout")

    world.issue(COMMUNE)
    world.project()
    world.react()
    world.project()
    with world.database.unit() as unit:
        unit.connection.execute(text("DELETE FROM interconnect.job WHERE state = 'open'"))
    metrics.BALANCE_COUNTED.clear()
    monkeypatch.setattr(completeness, "missing", too_late)
    monkeypatch.setattr(balance, "totals", too_late)
    count_balance(world.database)
    assert metrics.DIFFERENCE._value.get() == 1
    counted = [sample.labels["what"] for sample in samples_of(metrics.BALANCE_COUNTED)]
    assert counted == ["difference"]
    monkeypatch.undo()
    began = time.time()
    count_balance(world.database)
    told = {sample.labels["what"]: sample.value for sample in samples_of(metrics.BALANCE_COUNTED)}
    assert set(told) == {"difference", "missing", "states"}
    assert min(told.values()) >= began


def samples_of(gauge: Gauge) -> list[Sample]:
    return [sample for metric in gauge.collect() for sample in metric.samples]


def test_what_this_read_model_has_not_seen_yet_is_open_and_no_difference(
    world: World, desk: Desk
) -> None:
    world.issue(DEPARTMENT)
    world.project()
    world.react()
    world.project()
    assert world.worker().work_one()
    assert sent(desk) == {"accepted": 1, "open": 1}
    world.project()
    assert sent(desk) == {"accepted": 1, "delivered": 1}


def test_what_came_is_waiting_then_registered_or_refused(world: World, desk: Desk) -> None:
    world.poll()
    for number in ("1", "2"):
        packet = office_document(world, PROVINCE, document_id=f"x{number}")
        world.from_office(packet, "edoc")
    world.poll()
    assert received(desk) == {"arrived": 2, "waiting": 2}
    first, second = world.messages("packet", "PacketArrived")
    world.arrive(first)
    world.arrive(second)
    world.handle(first, datetime.now(UTC))
    refused = {"agency_id": second.recipient_id, "packet_id": second.packet_id, "note": ""}
    refused |= {"document_id": str(uuid4()), "reason_code": "wrong_address"}
    world.tell("documents", f"document-{refused['document_id']}", "DocumentRefused", **refused)
    world.project()
    assert received(desk) == {"arrived": 2, "registered": 1, "refused": 1}
    assert received(desk, f"?sender={OFFICE}&recipient={PROVINCE}") == received(desk)


def documents(world: World, **handlers: Handler) -> Applier:
    """The consumer of the documents service that records arrivals, with these handlers."""
    return Applier("documents.policies", world.others["documents"], handlers)


def came(world: World) -> None:
    """A document comes by the axis."""
    world.poll()
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()


def test_what_documents_read_and_never_recorded_is_a_difference(world: World, desk: Desk) -> None:
    came(world)
    documents(world).catch_up("packet")
    assert received(desk) == {"arrived": 1, "difference": 1}
    count_balance(world.database)
    assert metrics.DIFFERENCE._value.get() == 1
    world.arrive(world.messages("packet", "PacketArrived")[0])
    world.project()
    assert received(desk) == {"arrived": 1, "waiting": 1}


def test_what_documents_has_not_read_yet_is_waiting_however_long_it_is_away(
    world: World, desk: Desk
) -> None:
    came(world)
    assert received(desk) == {"arrived": 1, "waiting": 1}
    count_balance(world.database)
    assert metrics.DIFFERENCE._value.get() == 0
    documents(world).catch_up("packet")
    assert received(desk) == {"arrived": 1, "difference": 1}


def test_what_documents_tries_again_or_has_on_its_desk_is_waiting(world: World, desk: Desk) -> None:
    def fail(*_event: Any) -> None:
        raise ValueError("not today")

    came(world)
    documents(world, PacketArrived=fail).catch_up("packet")
    assert received(desk) == {"arrived": 1, "waiting": 1}
    with world.others["documents"].unit() as unit:
        unit.connection.execute(text("UPDATE es.retry SET parked = true"))
    assert received(desk) == {"arrived": 1, "waiting": 1}
    with world.others["documents"].unit() as unit:
        unit.connection.execute(text("DELETE FROM es.retry"))
    assert received(desk) == {"arrived": 1, "difference": 1}


def test_what_this_read_model_has_not_seen_of_documents_is_waiting(
    world: World, desk: Desk
) -> None:
    def record(_message: Any, recorded: Recorded, unit: Unit) -> None:
        context = caused_by(recorded, agency="a", handler="system:documents", now=unit.now)
        event = NewEvent(uuid4(), "DocumentArrived", 1, rfc8785.dumps(arrival))
        unit.store.append(f"document-{uuid4()}", NO_STREAM, [event], context)

    def fail(*_event: Any) -> None:
        raise ValueError("not today")

    came(world)
    (packet,) = world.messages("packet", "PacketArrived")
    arrival = {"document_id": str(uuid4()), "agency_id": packet.recipient_id}
    arrival |= {"packet_id": packet.packet_id, "sender_id": packet.sender_id}
    documents(world, PacketArrived=record).catch_up("packet")
    assert received(desk) == {"arrived": 1, "waiting": 1}
    own = Applier("interconnect.projections", world.database, {"DocumentArrived": fail})
    own.catch_up("document")
    assert received(desk) == {"arrived": 1, "waiting": 1}
    with world.database.unit() as unit:
        unit.connection.execute(text("DELETE FROM es.retry"))
    assert received(desk) == {"arrived": 1, "difference": 1}


def test_what_is_registered_stays_so_when_it_is_given_back(world: World, desk: Desk) -> None:
    world.poll()
    for number in ("1", "2"):
        world.from_office(office_document(world, PROVINCE, document_id=f"x{number}"), "edoc")
    world.poll()
    for packet, accepted in zip(
        world.messages("packet", "PacketArrived"), (True, False), strict=True
    ):
        document = world.arrive(packet)
        if accepted:
            world.handle(packet, datetime.now(UTC))
        world.tell(
            "documents", f"document-{document}", "DocumentWithdrawn", document_id=str(document),
            agency_id=packet.recipient_id, packet_id=packet.packet_id,
            answered_at=datetime.now(UTC).isoformat(),
        )  # fmt: skip
    world.project()
    assert received(desk) == {"arrived": 2, "registered": 1, "returned": 1}


def test_packets_on_the_desk_are_counted_for_their_pair_until_they_are_settled(
    world: World, desk: Desk
) -> None:
    world.poll()
    yesterday = str(today() - timedelta(1))
    closed = {"agency_id": str(COMMUNE), "closed_on": yesterday}
    world.tell("directory", f"agency-{COMMUNE}", "AgencyClosed", **closed)  # type: ignore[arg-type]
    world.project()
    world.from_office(office_document(world, COMMUNE, DEPARTMENT), "edoc")
    world.poll()
    assert received(desk, f"?recipient={COMMUNE}") == {"arrived": 1, "desk": 1}
    assert received(desk, f"?sender={OFFICE}") == {"arrived": 2, "waiting": 1, "desk": 1}
    desk.settle("refuse", kind="packet", cause="recipient_closed")
    world.project()
    assert received(desk, f"?recipient={COMMUNE}") == {"arrived": 1, "refused": 1}


def test_a_rebuild_gives_the_same_balance(
    world: World, desk: Desk, postgres: PostgresForTests
) -> None:
    world.issue(OFFICE, DEPARTMENT)
    world.project()
    world.react()
    park(world)
    world.poll()
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    before = ask(desk)
    engine = world.database.engine.url
    owner = postgres.server.database.url(str(engine.database), "migrator")
    Rebuild(owner, "interconnect", READ_MODELS).run()
    assert ask(desk) == before
    assert before["totals"]["sent"]["parked"] == 1


def test_an_agencys_own_people_see_its_own_pairs_and_monitors_all(world: World, desk: Desk) -> None:
    world.issue(DEPARTMENT, COMMUNE)
    world.settle()
    for role in ("monitor", "auditor", "admin"):
        assert len(ask(desk, role=role)["rows"]) == 2
    mine = ask(desk, role="clerk", agency=COMMUNE)
    assert [row["recipient"]["agency_id"] for row in mine["rows"]] == [str(COMMUNE)]
    assert mine["totals"]["sent"]["accepted"] == 1
    assert len(ask(desk, role="leader", agency=PROVINCE)["rows"]) == 2
    assert ask(desk, f"?recipient={DEPARTMENT}", "clerk", COMMUNE)["rows"] == []
    assert ask(desk, role="stranger", status=403)["code"] == "action_not_allowed"


def test_rows_are_paged_without_losing_one_and_days_are_chosen(world: World, desk: Desk) -> None:
    world.issue(DEPARTMENT, COMMUNE)
    world.settle()
    with world.database.unit() as unit:
        older = "UPDATE interconnect.balance_sent SET day = day - 40 WHERE recipient_id = :r"
        unit.connection.execute(text(older), {"r": DEPARTMENT})
    days = f"from={today() - timedelta(60)}&to={today()}"
    found, cursor = [], ""
    while cursor is not None:
        page = ask(desk, f"?{days}&limit=1&cursor={cursor}" if cursor else f"?{days}&limit=1")
        found += [(row["day"], row["recipient"]["agency_id"]) for row in page["rows"]]
        cursor = page["next"]
    now, then = str(today()), str(today() - timedelta(40))
    assert sorted(found) == sorted(
        [(now, str(DEPARTMENT)), (now, str(COMMUNE)), (then, str(DEPARTMENT))]
    )
    assert found[-1][0] == then
    assert sent(desk) == {"accepted": 1, "delivered": 1}
    assert sent(desk, f"?to={then}") == {"accepted": 1, "delivered": 1}


@pytest.mark.parametrize(
    "query",
    [
        "?from=2026-01-02&to=2026-01-01",
        "?from=2020-01-01&to=2026-01-01",
        "?from=0001-01-01",
        "?to=9999-12-31",
        "?from=yesterday",
        "?sender=H25",
    ],
)
def test_strange_days_and_names_are_refused(desk: Desk, query: str) -> None:
    assert ask(desk, query, status=400)["code"] == "arguments_invalid"


def test_a_strange_cursor_is_refused(desk: Desk) -> None:
    assert ask(desk, "?cursor=x", status=400)["code"] == "cursor_malformed"
