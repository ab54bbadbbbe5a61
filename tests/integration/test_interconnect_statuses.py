"""Processing statuses: told by our agencies, heard from others, and what the sender sees."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from libs import edxml
from services.interconnect import queries
from services.interconnect.axis import AxisAgency, Received
from services.interconnect.intake import Intake
from services.interconnect.texts import put_text, read_text
from tests.support.interconnect_world import (
    CLERK_HANDLER,
    CODES,
    DEPARTMENT,
    LIMIT,
    MINISTRY,
    NAMES,
    OFFICE,
    PROVINCE,
    World,
    office_document,
    office_status,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
START = datetime(2026, 11, 22, 18, 30, 15, 999_000, tzinfo=UTC)
START_HERE = datetime(2026, 11, 23, 1, 30, 15)  # noqa: DTZ001 - as the format writes it


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def sent_inside(world: World) -> tuple[UUID, Any]:
    """A document of the province to the department: its id, and the packet that arrived."""
    document = world.issue(DEPARTMENT)
    world.settle()
    (packet,) = world.messages("packet", "PacketArrived")
    world.arrive(packet, START - timedelta(minutes=1))
    world.settle()
    return document, packet


def test_the_sender_inside_sees_every_step_with_who_and_when(world: World) -> None:
    document, packet = sent_inside(world)
    world.handle(packet, START)
    world.settle()
    (delivery,) = world.dispatch(document)["deliveries"]
    steps = delivery["steps"]
    assert [each["code"] for each in steps] == ["01", "03", "04", "05", "06"]
    assert all(each["permitted"] for each in steps)
    told = {each["code"]: (each["unit"], each["handler"], each["told_at"]) for each in steps}
    first = START.replace(microsecond=0)
    assert told["03"] == ("Văn thư", "Trần Thị Ứng", first)
    minute = timedelta(minutes=1)
    assert told["04"] == ("Phòng Ngân sách", "Nguyễn Văn Ước", first + minute)
    assert told["05"] == ("Văn thư", "Trần Thị Ứng", first + 2 * minute)
    assert told["06"] == (None, None, first + 3 * minute)
    assert (told["01"][0], told["01"][1]) == (None, None)
    assert delivery["processing"]["code"] == "06"
    assert delivery["processing"]["vi"] == "Hoàn thành"
    assert [each["seconds"] for each in steps[1:]] == [60, 60, 60, 60]
    assert steps[0]["agency"]["name"] == NAMES[DEPARTMENT]


def test_a_step_inside_is_told_and_heard_in_one_act_through_the_same_packet(world: World) -> None:
    document, _ = sent_inside(world)
    (sent,) = world.events("packet", "StatusSent")
    (heard,) = world.events("delivery", "StatusReceived")
    assert sent.tx == heard.tx
    (told,) = world.messages("packet", "StatusSent")
    (received,) = world.messages("delivery", "StatusReceived")
    assert told.status_packet == received.status_packet
    packet = edxml.parse(world.blobs.read(told.status_packet), world.blobs)
    assert isinstance(packet, edxml.StatusPacket)
    assert packet.header.sender.organ_id == CODES[DEPARTMENT]
    assert packet.header.response_for.organ_id == CODES[PROVINCE]
    assert packet.header.response_for.document_id == "H25,2026/11/20,05/CT-UBND"
    assert (told.sender_id, told.recipient_id) == (str(PROVINCE), str(DEPARTMENT))
    assert (received.document_id, received.recipient_id) == (str(document), str(DEPARTMENT))
    assert sent.trace == heard.trace


def test_a_refusal_carries_its_reason_in_words(world: World) -> None:
    document, packet = sent_inside(world)
    note = put_text(world.blobs, {"note": "Văn bản thuộc Sở Y tế"})
    incoming = world.messages("packet", "StatusSent")[0].document_id
    world.tell(
        "documents",
        f"document-{incoming}",
        "DocumentRefused",
        CLERK_HANDLER,
        document_id=incoming,
        agency_id=packet.recipient_id,
        packet_id=packet.packet_id,
        note=note,
        reason_code="wrong_address",
    )
    world.settle()
    (delivery,) = world.dispatch(document)["deliveries"]
    assert delivery["processing"]["code"] == "02"
    assert delivery["steps"][-1]["note"] == "Gửi sai nơi nhận: Văn bản thuộc Sở Y tế"
    assert delivery["transport"] == "sent"


def test_the_axis_gets_our_statuses_in_the_order_of_the_steps(world: World) -> None:
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    world.arrive(packet)
    world.handle(packet, START)
    world.settle()
    statuses = [each.header for each in world.for_office("status")]
    assert [each.status_code for each in statuses] == ["01", "03", "04", "05", "06"]
    accepted = statuses[1]
    assert (accepted.staff.department, accepted.staff.staff) == ("Văn thư", "Trần Thị Ứng")
    assert accepted.timestamp == START_HERE
    assert accepted.sender.organ_id == CODES[DEPARTMENT]
    assert accepted.response_for.organ_id == CODES[OFFICE]
    assert accepted.response_for.document_id == "000.00.00.G22,2026/11/19,7816/VPCP-TTĐT"
    assert [each.channel for each in world.messages("packet", "StatusSent")] == ["axis"] * 5
    assert all(each.axis_doc_id for each in world.messages("packet", "StatusSent"))


def test_a_status_waits_behind_one_that_cannot_leave_yet(world: World) -> None:
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    world.arrive(packet)
    world.handle(packet, START)
    world.react()
    world.axis.process.kill()
    world.axis.process.wait()
    assert world.work() == 1
    causes = sorted(cause.partition(":")[0] for cause in world.stuck())
    assert causes == ["AxisUnreachable", *["None"] * 4]
    assert world.events("packet", "StatusSent") == []


def retry(world: World) -> None:
    """Do every open job now, however long it should wait."""
    with world.database.unit() as unit:
        unit.connection.execute(text("UPDATE interconnect.job SET due_at = now()"))
    world.work()


def test_a_status_that_the_axis_refuses_for_good_is_a_fact_and_the_next_goes_on(
    world: World,
) -> None:
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    world.axis.plan(wrong_hash={"times": 6})  # in both renderings
    world.arrive(packet)
    world.react()
    for _ in range(3):
        retry(world)
    (refused,) = world.messages("packet", "StatusRefused")
    assert (refused.status_code, refused.reason_code) == ("01", "axis-10")
    assert world.blobs.exists(refused.status_packet)
    world.axis.plan()
    world.handle(packet, START)
    world.settle()
    told = [each.header.status_code for each in world.for_office("status")]
    assert told == ["03", "04", "05", "06"]
    with world.database.unit() as unit:
        (on_desk,) = queries.desk(unit.connection, None, 9)
        steps = queries.sent_statuses(unit.connection, UUID(packet.packet_id))
    assert (on_desk["kind"], on_desk["reason_code"]) == ("status_refused", "axis-10")
    assert (on_desk["status_code"], on_desk["foreign_id"]) == ("01", packet.foreign_id)
    shown = [(each["status_code"], each["reason_code"]) for each in steps]
    assert shown[:2] == [("01", "axis-10"), ("03", None)]


def test_statuses_are_kept_for_a_sender_who_is_locked_and_told_in_order_when_he_is_back(
    world: World,
) -> None:
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    world.office.delete_agency(CODES[OFFICE])
    world.arrive(packet)
    world.handle(packet, START)
    world.project()
    world.react()
    for _ in range(6):
        retry(world)
    with world.database.unit() as unit:
        jobs = "SELECT job_id, cause FROM interconnect.job WHERE state = 'parked'"
        ((parked, cause),) = unit.connection.execute(text(jobs))
    assert cause.startswith("AddresseeAway: the axis refused (23)")
    world.office.register_agency(AxisAgency("1", "", CODES[OFFICE], "VPCP", "m@example.vn"))
    with world.database.unit() as unit:
        unit.jobs.release([parked])
    retry(world)
    told = [each.header.status_code for each in world.for_office("status")]
    assert told == ["01", "03", "04", "05", "06"]


def test_a_status_that_seems_damaged_is_sent_again_before_it_is_given_up(world: World) -> None:
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    world.axis.plan(wrong_hash={"times": 2})
    world.arrive(packet)
    world.react()
    for _ in range(3):
        with world.database.unit() as unit:
            unit.connection.execute(text("UPDATE interconnect.job SET due_at = now()"))
        world.work()
    assert world.axis.happened() == {"wrong_hash": 2}
    assert [each.status_code for each in world.messages("packet", "StatusSent")] == ["01"]


def test_a_status_that_seems_damaged_after_the_axis_was_away_is_not_given_up(world: World) -> None:
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    world.axis.plan(server_error={"methods": ["sendEdoc"]})
    world.arrive(packet)
    world.react()

    def retry() -> None:
        with world.database.unit() as unit:
            unit.connection.execute(text("UPDATE interconnect.job SET due_at = now()"))
        world.work()

    for _ in range(3):
        retry()
    world.axis.plan(wrong_hash={"times": 2})
    for _ in range(3):
        retry()
    assert world.messages("packet", "StatusRefused") == []
    assert [each.status_code for each in world.messages("packet", "StatusSent")] == ["01"]


def test_statuses_from_the_axis_are_all_kept_and_one_is_shown(world: World) -> None:
    document = world.issue(OFFICE, trace=UUID(int=4))
    world.settle()
    foreign = world.for_office("edoc")[0].header.document_id
    early = office_status(foreign, "03")
    late = {
        code: office_status(foreign, code, timestamp=early.header.timestamp + timedelta(hours=h))
        for code, h in (("06", 2), ("05", 3), ("13", 4))
    }
    for packet in (late["06"], early, late["05"], late["13"]):
        world.from_office(packet, "status")
    world.poll()
    world.poll()
    (delivery,) = world.dispatch(document)["deliveries"]
    assert [each["code"] for each in delivery["steps"]] == ["03", "06", "05", "13"]
    assert [each["permitted"] for each in delivery["steps"]] == [False, True, False, True]
    shown = delivery["processing"]
    assert (shown["code"], shown["reopened"]) == ("05", True)
    first = delivery["steps"][0]
    assert (first["unit"], first["handler"]) == ("Vụ I", "Lê Thị Mẫu")
    assert first["told_at"] == datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    fact = world.messages("delivery", "StatusReceived")[0]
    assert read_text(world.blobs, fact.staff) == {
        "full_name": "Lê Thị Mẫu",
        "email": "mau@example.vn",
    }
    assert {event.trace for event in world.events("delivery", "StatusReceived")} == {UUID(int=4)}
    assert {each.status for each in world.office.sent("status")} == {"done"}


def test_the_same_status_in_other_bytes_is_recorded_once(world: World) -> None:
    world.issue(OFFICE)
    world.settle()
    foreign = world.for_office("edoc")[0].header.document_id
    world.from_office(office_status(foreign, "03"), "status")
    named = edxml.Agency(organ_id=CODES[OFFICE], organ_name="VPCP")
    world.from_office(office_status(foreign, "03", sender=named), "status")
    world.poll()
    assert len(world.messages("delivery", "StatusReceived")) == 1
    assert {each.status for each in world.office.sent("status")} == {"done"}


def test_a_status_about_nothing_of_ours_is_kept_on_the_desk(world: World) -> None:
    doc_id = world.from_office(office_status("H25,2020/01/01,1/X", "03"), "status")
    world.poll()
    world.poll()
    (unmatched,) = world.messages("packet", "StatusUnmatched")
    assert (unmatched.axis_doc_id, unmatched.status_code) == (doc_id, "03")
    assert unmatched.foreign_id == "H25,2020/01/01,1/X"
    assert {each.status for each in world.office.sent("status")} == {"done"}


def test_a_status_on_a_document_sent_to_somebody_else_is_not_theirs_to_tell(world: World) -> None:
    world.issue(DEPARTMENT)
    world.settle()
    world.from_office(office_status("H25,2026/11/20,05/CT-UBND", "06"), "status")
    world.poll()
    assert world.messages("delivery", "StatusReceived") == []
    assert len(world.messages("packet", "StatusUnmatched")) == 1


def test_the_successor_of_an_agency_that_ended_tells_its_steps(world: World) -> None:
    world.seal_for(MINISTRY)
    document = world.issue(OFFICE)
    world.settle()
    foreign = world.dispatch(document)["foreign_id"]
    world.tell(
        "directory",
        f"agency-{OFFICE}",
        "AgencyClosed",
        agency_id=str(OFFICE),
        closed_on="2026-11-21",
        successor_id=str(MINISTRY),
    )
    world.project()
    status = office_status(foreign, "06", sender=edxml.Agency(organ_id=CODES[MINISTRY]))
    received = Received("1", "status", CODES[MINISTRY], ("H25",), "initial", "")
    file = io.BytesIO(edxml.serialize(status, world.blobs))
    Intake(world.database, world.blobs, LIMIT).take(received, "0" * 64, file)
    world.project()
    (step,) = world.dispatch(document)["deliveries"][0]["steps"]
    assert (step["code"], step["agency"]["agency_id"]) == ("06", MINISTRY)
    assert step["agency"]["code"] == CODES[MINISTRY]


def test_a_note_with_what_no_packet_can_carry_is_told_without_it(world: World) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    document = world.arrive(packet)
    note = put_text(world.blobs, {"note": "Thiếu chữ ký\vđề nghị gửi lại"})
    fields = {"document_id": str(document), "agency_id": packet.recipient_id}
    fields |= {"packet_id": packet.packet_id, "reason_code": "wrong_form", "note": note}
    world.tell("documents", f"document-{document}", "DocumentRefused", **fields)
    world.settle()
    last = world.for_office("status")[-1]
    assert "Thiếu chữ ký đề nghị gửi lại" in last.header.description


def test_a_status_finds_its_delivery_before_our_read_model_has_that(world: World) -> None:
    world.issue(OFFICE)
    world.project()
    world.react()
    world.project = lambda: None  # type: ignore[method-assign]
    world.work()
    foreign = world.for_office("edoc")[0].header.document_id
    world.from_office(office_status(foreign, "03"), "status")
    world.poller.poll()
    assert world.events("packet", "StatusUnmatched") == []
    assert len(world.messages("delivery", "StatusReceived")) == 1
