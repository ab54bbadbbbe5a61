"""Parked jobs and packets of interconnect at the desk: released they are done, refused they end."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from libs import edxml
from libs.contracts import message
from libs.eventstore import Context
from libs.jobs.worker import Worker
from services.interconnect.api import add_routes
from services.interconnect.axis import AxisAgency, AxisRefused, NationalAxis, Received, Sink
from services.interconnect.backlog import Backlog
from services.interconnect.collector import REFUSALS
from services.interconnect.intake import Intake
from services.interconnect.poller import Poller
from tests.support.desk import LAN, MINH, POST, Desk, api_for
from tests.support.interconnect_world import (
    CLERK,
    CODES,
    DEPARTMENT,
    DESK,
    LIMIT,
    OFFICE,
    PROVINCE,
    World,
    office_document,
    office_status,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
STRANGE = "G77"


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        yield made


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    api, issuer = api_for("interconnect", world.database, tmp_path)
    add_routes(api, world.database, world.blobs)
    return Desk(Client(api), issuer, "/v1/desk/interconnect")


def park_jobs(world: World) -> None:
    """Let every open job fail until it is parked."""
    for _ in range(6):
        with world.database.unit() as unit:
            unit.connection.execute(
                text("UPDATE interconnect.job SET due_at = now() WHERE state = 'open'")
            )
        world.work()


def settle(world: World, desk: Desk, action: str, **chosen: Any) -> Any:
    done = desk.settle(action, **chosen)
    world.work()
    world.project()
    return done


def sent_without_an_account(world: World, *more: UUID) -> UUID:
    """A document to the Government Office while the axis does not know our agencies: 19."""
    document = world.issue(OFFICE, *more)
    world.project()
    world.react()
    park_jobs(world)
    return document


def transports(world: World, document: UUID) -> dict[UUID, tuple[str, str | None]]:
    shown = world.dispatch(document)["deliveries"]
    return {
        each["recipient"]["agency_id"]: (each["transport"], each["reason_code"]) for each in shown
    }


def test_a_parked_job_lies_at_the_desk_with_its_cause_in_plain_words(
    world: World, desk: Desk
) -> None:
    sent_without_an_account(world)
    (letter,) = desk.show()["letters"]
    assert (letter["kind"], letter["what"], letter["attempts"]) == ("job", "send", 6)
    assert letter["cause"].startswith("AxisRefused")
    assert "account" in letter["en"]
    assert "tài khoản" in letter["vi"]
    (cause,) = desk.show("?kind=job")["causes"]
    assert (cause["cause"], cause["count"]) == ("AxisRefused", 1)


@pytest.mark.parametrize("kind", ["send", "status"])
def test_what_the_axis_fails_at_each_time_comes_to_the_desk(
    world: World, desk: Desk, kind: str
) -> None:
    world.poll()
    if kind == "send":
        world.issue(OFFICE)
    else:
        world.from_office(office_document(world, PROVINCE), "edoc")
        world.poll()
        (arrived,) = world.messages("packet", "PacketArrived")
        world.arrive(arrived)
    world.axis.plan(system_error={"methods": ["sendEdoc"]})
    world.project()
    world.react()
    park_jobs(world)
    (letter,) = desk.show()["letters"]
    assert (letter["what"], letter["attempts"]) == (kind, 6)
    assert letter["cause"] == "AxisFailed: the axis refused (20): error 20"
    assert "its operators" in letter["en"]
    world.axis.plan()
    settle(world, desk, "release", items=[letter["item"]])
    assert world.stuck() == []
    assert len(world.for_office("edoc" if kind == "send" else "status")) == 1


def test_a_released_job_is_done_once_its_cause_is_mended(world: World, desk: Desk) -> None:
    document = sent_without_an_account(world)
    world.poll()
    (letter,) = desk.show()["letters"]
    assert settle(world, desk, "release", items=[letter["item"]])["done"] == [letter["item"]]
    assert transports(world, document) == {OFFICE: ("sent", None)}
    assert world.stuck() == []
    assert desk.show()["count"] == 0
    (released,) = world.messages("desk", "ParkedJobReleased")
    assert (released.kind, released.attempts) == ("send", 6)
    assert released.asked_by == f"person:{LAN}/{POST}"
    assert released.confirmed_by == f"person:{MINH}/{POST}"


def test_a_released_job_has_all_its_tries_again(world: World, desk: Desk) -> None:
    sent_without_an_account(world)
    settle(world, desk, "release", kind="job", cause="AxisRefused")
    assert desk.show()["count"] == 0
    park_jobs(world)
    (letter,) = desk.show()["letters"]
    assert letter["attempts"] == 6


def test_what_was_recalled_meanwhile_may_have_left_and_is_sent_and_asked_back(
    world: World, desk: Desk
) -> None:
    document = sent_without_an_account(world)
    world.poll()
    token = desk.issuer.issue(str(CLERK), str(PROVINCE), ["clerk"], position=str(DESK))
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "recall"}
    path = f"/v1/dispatches/{document}/recall"
    answer = desk.client.post(path, headers=headers, json={"note": "Sai số liệu"})
    assert answer.status_code == 200
    settle(world, desk, "release", kind="job", cause="AxisRefused")
    assert transports(world, document) == {OFFICE: ("sent", None)}
    assert world.stuck() == []
    assert len(world.messages("delivery", "RecallSent")) == 1


def test_of_a_refused_sending_each_recipient_on_the_axis_is_told_as_refused(
    world: World, desk: Desk
) -> None:
    document = sent_without_an_account(world, DEPARTMENT)
    settle(world, desk, "refuse", kind="job", cause="AxisRefused")
    assert transports(world, document) == {
        OFFICE: ("refused", "refused_at_desk"),
        DEPARTMENT: ("sent", None),
    }
    refused = world.events("delivery", "DeliveryRefused")[0]
    with world.database.unit() as unit:
        opened = unit.store.read(refused.stream)[0]
    assert refused.trace == opened.trace
    assert world.stuck() == []
    (told,) = world.messages("desk", "ParkedJobRefused")
    assert len(told.reason) == 64


def test_of_a_document_whose_packet_is_never_written_each_recipient_is_refused(
    world: World, desk: Desk
) -> None:
    document = world.issue(OFFICE, DEPARTMENT, file="0" * 64)
    world.project()
    world.react()
    park_jobs(world)
    (letter,) = desk.show()["letters"]
    assert (letter["what"], letter["en"][:14]) == ("prepare", "A file is miss")
    settle(world, desk, "refuse", items=[letter["item"]])
    assert transports(world, document) == {
        OFFICE: ("refused", "refused_at_desk"),
        DEPARTMENT: ("refused", "refused_at_desk"),
    }
    # What is to take its place goes out all the same.
    newer = world.issue(DEPARTMENT, number=6, replaces=str(document))
    world.settle()
    assert transports(world, newer) == {DEPARTMENT: ("sent", None)}


def test_a_refused_status_lets_the_later_ones_of_its_lane_go(world: World, desk: Desk) -> None:
    world.poll()
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    packet = world.messages("packet", "PacketArrived")[0]
    world.arrive(packet)
    world.react()
    with world.database.unit() as unit:
        broken = "UPDATE interconnect.job SET state = 'parked', cause = 'X: y', attempts = 6"
        unit.connection.execute(text(broken))
    ids = {"document_id": str(uuid4()), "agency_id": packet.recipient_id}
    world.tell(
        "documents", f"document-{ids['document_id']}", "DocumentAccepted",
        packet_id=packet.packet_id, register_id="r", arrival_number=1,
        accepted_on="2026-11-20", urgency=0, **ids,
    )  # fmt: skip
    world.react()
    assert world.work() == 0
    (letter,) = desk.show()["letters"]
    assert (letter["what"], letter["behind"]) == ("status", 1)
    settle(world, desk, "refuse", items=[letter["item"]])
    assert [each.status_code for each in world.messages("packet", "StatusSent")] == ["03"]
    assert world.stuck() == []


def strange_packet(world: World) -> str:
    """A packet of a sender whom nobody here knows; the item at the desk."""
    world.poll()
    world.office.register_agency(AxisAgency("stranger", "", STRANGE, "Bộ mới", "a@example.vn"))
    packet = office_document(world, PROVINCE, sender=edxml.Agency(organ_id=STRANGE))
    data = edxml.serialize(packet, world.blobs)
    digest = world.blobs.put_bytes(data).digest
    world.office.send(io.BytesIO(data), message_type="edoc", sender=STRANGE, sha256=digest)
    world.poll()
    world.work()
    (fact,) = world.messages("packet", "PacketUnreadable")
    assert fact.reason_code == "sender_unknown"
    return f"interconnect.packets/{fact.packet_id}"


def know(world: World) -> None:
    """The directory enters the strange code, as one of the Government Office's."""
    codes = [
        {"code": code, "scheme": "qd20", "valid_from": "2020-01-01"}
        for code in (CODES[OFFICE], STRANGE)
    ]
    world.tell(
        "directory", f"agency-{OFFICE}", "AgencyRegistered", agency_id=str(OFFICE), tier=1,
        name="Văn phòng Chính phủ", place="Hà Nội", channel="axis", codes=codes,
        short_sign="VPCP", refuse_invalid=False,
    )  # fmt: skip
    world.project()


def test_a_packet_that_nobody_got_lies_at_the_desk_in_plain_words(world: World, desk: Desk) -> None:
    item = strange_packet(world)
    (letter,) = desk.show()["letters"]
    wanted = {"item": item, "kind": "packet", "what": "unreadable", "cause": "sender_unknown"}
    assert wanted.items() <= letter.items()
    assert "enter it, then release" in letter["en"]


def test_a_released_packet_is_read_again_and_arrives(world: World, desk: Desk) -> None:
    item = strange_packet(world)
    know(world)
    assert settle(world, desk, "release", items=[item])["done"] == [item]
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.sender_id, arrived.recipient_id) == (str(OFFICE), str(PROVINCE))
    assert desk.show()["count"] == 0
    (recovered,) = world.messages("packet", "PacketRecovered")
    assert item.endswith(recovered.packet_id)
    assert world.stuck() == []


def test_a_packet_that_still_cannot_be_taken_stands_at_the_desk_once_more(
    world: World, desk: Desk
) -> None:
    item = strange_packet(world)
    for times in (2, 3):
        desk.settle("release", items=[item])
        world.project()
        assert desk.show()["count"] == 0
        world.work()
        assert len(world.messages("packet", "PacketUnreadable")) == times
        assert [letter["item"] for letter in desk.show()["letters"]] == [item]
    know(world)
    settle(world, desk, "release", items=[item])
    assert len(world.messages("packet", "PacketArrived")) == 1


def test_a_refused_packet_is_nobodys_and_its_story_stays(world: World, desk: Desk) -> None:
    item = strange_packet(world)
    assert settle(world, desk, "refuse", items=[item])["done"] == [item]
    assert desk.show()["count"] == 0
    (refused,) = world.messages("desk", "ParkedPacketRefused")
    assert (refused.reason_code, len(refused.reason)) == ("sender_unknown", 64)
    know(world)
    world.poll()
    assert world.messages("packet", "PacketArrived") == []


def test_a_packet_is_settled_once_whatever_the_read_model_shows(world: World, desk: Desk) -> None:
    item = strange_packet(world)
    first, second = desk.ask("release", items=[item]), None
    with world.database.unit() as unit:
        # The second request stands for one that was asked before the first one was listed.
        unit.connection.execute(text("UPDATE es.desk_request SET state = 'declined'"))
    second = desk.ask("refuse", items=[item])
    assert desk.confirm(first)["done"] == [item]
    assert desk.confirm(second)["passed_over"] == [item]


def test_a_status_that_fits_nothing_is_read_again_too(world: World, desk: Desk) -> None:
    world.poll()
    world.from_office(office_status("H25,2026/11/20,05/CT-UBND", "03"), "status")
    world.poll()
    (letter,) = desk.show()["letters"]
    assert (letter["what"], letter["cause"]) == ("unmatched", "no_such_delivery")
    settle(world, desk, "release", items=[letter["item"]])
    assert desk.show()["count"] == 1
    document = world.issue(OFFICE)
    world.settle()
    settle(world, desk, "release", items=[letter["item"]])
    (step,) = world.dispatch(document)["deliveries"][0]["steps"]
    assert step["code"] == "03"
    assert desk.show()["count"] == 0


def test_a_packet_without_kept_bytes_can_only_be_refused(world: World, desk: Desk) -> None:
    received = Received("doc-1", "edoc", CODES[OFFICE], (CODES[PROVINCE],), "initial", "")
    Intake(world.database, world.blobs, 999).reject(received, None, "axis-too-large")
    world.project()
    (letter,) = desk.show()["letters"]
    assert desk.settle("release", items=[letter["item"]])["passed_over"] == [letter["item"]]
    assert desk.settle("refuse", items=[letter["item"]])["done"] == [letter["item"]]


class RefusingClient(NationalAxis):
    """The real client of an axis that lists packets and gives none out."""

    def fetch(self, doc_id: str, into: Sink, limit: int) -> None:
        raise AxisRefused("http-410", "", 410)


def test_the_axis_is_told_that_nobody_has_what_it_withholds_once_two_people_refused_it(
    world: World, desk: Desk
) -> None:
    world.poll()
    world.from_office(office_document(world, PROVINCE), "edoc")
    client = RefusingClient(world.axis.url, "province", "province-secret")
    world.poller = Poller(world.database, world.blobs, client, LIMIT, "m@example.vn", Backlog(0))
    world.poll(REFUSALS)
    (letter,) = desk.show()["letters"]
    assert [each.status for each in world.office.sent("edoc")] == ["initial"]
    assert desk.settle("refuse", items=[letter["item"]])["done"] == [letter["item"]]
    world.poll()
    assert [each.status for each in world.office.sent("edoc")] == ["fail"]
    assert desk.show()["count"] == 0


def test_a_recall_that_waits_for_its_document_is_not_given_up(world: World, desk: Desk) -> None:
    world.poll()
    world.from_office(office_status("nowhere", "13"), "status")
    world.poll()
    assert [message(each) for each in world.events("packet", "RecallHeld")]
    assert desk.show()["count"] == 0


def test_the_cause_of_a_job_shows_no_values_of_rows(world: World, desk: Desk) -> None:
    secret = "Nguyễn Văn Mật"

    def act(_job: Any) -> Any:
        with world.database.unit() as unit:
            insert = "INSERT INTO interconnect.person (person_id, card) VALUES (NULL, :name)"
            unit.connection.execute(text(insert), {"name": secret})

    context = Context("a", "system:test", datetime.now(UTC), UUID(int=7))
    with world.database.unit() as unit:
        unit.jobs.add(uuid4(), "leak", {}, context)
    for _ in range(6):
        with world.database.unit() as unit:
            unit.connection.execute(text("UPDATE interconnect.job SET due_at = now()"))
        assert Worker("test", world.database, {"leak": act}).work_one()
    (letter,) = desk.show()["letters"]
    assert letter["cause"].startswith("IntegrityError")
    assert secret not in letter["cause"]
