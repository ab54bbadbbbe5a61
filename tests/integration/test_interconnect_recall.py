"""Recalls both ways, inside this installation and by the axis: told, held, answered, kept back."""

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from sqlalchemy import text

from libs import edxml
from libs.eventstore import Context
from services.interconnect import handlers, intake, queries
from services.interconnect.axis import AxisAgency, MessageType, Received
from services.interconnect.domain import packet as packets
from services.interconnect.earlier import opened_dispatch
from services.interconnect.errors import NothingToRecall, NotSentTo
from services.interconnect.intake import Intake, Verdict
from services.interconnect.texts import put_text, read_text
from tests.support.interconnect_world import (
    CLERK_HANDLER,
    CODES,
    COMMUNE,
    DEPARTMENT,
    LIMIT,
    MINISTRY,
    OFFICE,
    PROVINCE,
    World,
    office_document,
    office_status,
    open_world,
)
from tests.support.overlap import lock_awaited
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

pytestmark = pytest.mark.postgres
OLD = "000.00.00.G22,2026/11/19,7816/VPCP-TTĐT"
ASKED_HERE = datetime(2026, 11, 21, 8, 0, 0)  # noqa: DTZ001 - as the format writes it


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def recall(world: World, document_id: UUID, *recipients: UUID) -> handlers.Asked:
    """The province's clerk asks for the document back."""
    note = put_text(world.blobs, {"note": "Sai số liệu"})
    with world.database.unit() as unit:
        found = opened_dispatch(unit, document_id)
        assert found is not None
        opened, trace = found
        context = Context(str(PROVINCE), CLERK_HANDLER, unit.now, trace)
        return handlers.recall(unit, opened, recipients or None, note, context, uuid4())


def answer(world: World, packet: Any, kind: str, **fields: Any) -> None:
    """The documents service says what the recipient's clerk did."""
    document_id = uuid5(UUID(packet.packet_id), "document")
    fields["answered_at"] = fields.get("answered_at", datetime.now(UTC).isoformat())
    world.tell(
        "documents",
        f"document-{document_id}",
        kind,
        CLERK_HANDLER,
        document_id=str(document_id),
        agency_id=packet.recipient_id,
        packet_id=packet.packet_id,
        **fields,
    )
    world.settle()


def delivery(world: World, document_id: UUID) -> dict[str, Any]:
    (found,) = world.dispatch(document_id)["deliveries"]
    assert isinstance(found, dict)
    return found


def desk(world: World) -> list[tuple[str, str]]:
    with world.database.unit() as unit:
        return [(row["kind"], row["reason_code"]) for row in queries.desk(unit.connection, None, 9)]


def recall_packet(world: World, about: str, **changes: Any) -> edxml.DocumentPacket:
    """A packet of type 1 of the Government Office."""
    header = edxml.TraceHeader(organ_id=CODES[OFFICE], timestamp=ASKED_HERE)
    business = edxml.Business(doc_type="1", document_id=about, doc_reason="Sai số liệu")
    trace = edxml.Trace(headers=(header,), business=business)
    return office_document(world, PROVINCE, trace=trace, **changes)


def test_a_recall_inside_reaches_the_recipient_by_one_packet_in_one_act(world: World) -> None:
    document = world.issue(DEPARTMENT)
    world.settle()
    asked = recall(world, document)
    assert (asked.asked, asked.left_out) == ([DEPARTMENT], {})
    world.settle()
    (arrived,) = world.messages("packet", "RecallArrived")
    (told,) = world.messages("delivery", "RecallSent")
    (request,) = world.messages("delivery", "RecallAsked")
    assert arrived.request_packet == told.status_packet
    assert world.events("packet", "RecallArrived")[0].tx == (
        world.events("delivery", "RecallSent")[0].tx
    )
    assert arrived.asked_at == request.asked_at
    packet = edxml.parse(world.blobs.read(told.status_packet), world.blobs)
    assert isinstance(packet, edxml.StatusPacket)
    header = packet.header
    assert (header.status_code, header.description) == ("13", "Sai số liệu")
    assert (header.sender.organ_id, header.response_for.organ_id) == ("H25", "H25.13")
    assert header.response_for.document_id == "H25,2026/11/20,05/CT-UBND"
    assert (header.staff.staff, header.staff.department) == ("Trần Thị Ứng", "Văn thư")
    assert read_text(world.blobs, arrived.note) == {"note": "Sai số liệu"}
    shown = delivery(world, document)
    assert (shown["request"]["kind"], shown["request"]["note"]) == ("recall", "Sai số liệu")


def test_an_agreed_recall_ends_it_for_the_sender(world: World) -> None:
    document = world.issue(DEPARTMENT)
    world.settle()
    (packet,) = world.messages("packet", "PacketArrived")
    world.arrive(packet)
    recall(world, document)
    world.settle()
    answer(world, packet, "DocumentWithdrawn")
    shown = delivery(world, document)
    assert (shown["processing"]["code"], shown["outcome"]["kind"]) == ("15", "recalled")
    assert shown["request"] is None
    with pytest.raises(NothingToRecall) as refused:
        recall(world, document)
    assert refused.value.data() == {"left_out": {str(DEPARTMENT): "recalled_already"}}
    with world.database.unit() as unit:
        row = queries.one_arrival(unit.connection, UUID(packet.packet_id))
    assert row is not None
    assert row["withdrawn_at"] is not None


def test_a_refused_recall_may_be_asked_again_under_a_later_second(world: World) -> None:
    document = world.issue(DEPARTMENT)
    world.settle()
    (packet,) = world.messages("packet", "PacketArrived")
    world.arrive(packet)
    recall(world, document)
    with pytest.raises(NothingToRecall):
        recall(world, document)
    world.settle()
    note = put_text(world.blobs, {"note": "Đang xử lý"})
    later = datetime.now(UTC) + timedelta(seconds=5)
    answer(world, packet, "RecallRefused", note=note, answered_at=later.isoformat())
    shown = delivery(world, document)
    assert (shown["request"], shown["outcome"]) == (None, None)
    assert (shown["steps"][-1]["code"], shown["steps"][-1]["note"]) == ("16", "Đang xử lý")
    assert datetime.fromisoformat(str(shown["steps"][-1]["told_at"])) == later.replace(
        microsecond=0
    )
    recall(world, document)
    world.settle()
    times = [each.asked_at for each in world.messages("packet", "RecallArrived")]
    assert times == sorted(set(times))
    assert len(times) == 2


def test_only_recipients_are_asked_and_those_who_cannot_be_are_left_out(world: World) -> None:
    document = world.issue(DEPARTMENT, COMMUNE, MINISTRY)
    world.settle()
    asked = recall(world, document)
    assert set(asked.asked) == {DEPARTMENT, COMMUNE}
    assert asked.left_out == {MINISTRY: "delivery_refused"}
    with pytest.raises(NotSentTo) as refused:
        recall(world, document, OFFICE)
    assert refused.value.data() == {"recipients": [str(OFFICE)]}


def test_a_recall_leaves_by_the_axis_as_status_13(world: World) -> None:
    document = world.issue(OFFICE)
    world.settle()
    recall(world, document)
    world.settle()
    (told,) = world.messages("delivery", "RecallSent")
    (packet,) = world.for_office("status")
    assert (packet.header.status_code, told.channel) == ("13", "axis")
    assert told.axis_doc_id
    foreign = packet.header.response_for.document_id
    world.from_office(office_status(foreign, "15"), "status")
    world.poll()
    assert delivery(world, document)["outcome"]["kind"] == "recalled"


def test_a_recall_that_the_axis_refuses_for_good_is_not_open_and_may_be_asked_again(
    world: World,
) -> None:
    document = world.issue(OFFICE)
    world.settle()
    world.office.delete_agency(CODES[OFFICE])
    recall(world, document)
    world.settle()
    (lapsed,) = world.messages("delivery", "RecallLapsed")
    assert lapsed.reason_code == "axis-23"
    assert delivery(world, document)["request"] is None
    world.office.register_agency(AxisAgency("1", "", CODES[OFFICE], "VPCP", "m@example.vn"))
    assert recall(world, document).asked == [OFFICE]
    world.settle()
    assert [each.header.status_code for each in world.for_office("status")] == ["13"]


def test_what_is_recalled_before_it_left_never_leaves(world: World) -> None:
    document = world.issue(OFFICE)
    world.project()
    world.react()
    worker_once(world)
    recall(world, document)
    world.settle()
    shown = delivery(world, document)
    assert (shown["transport"], shown["outcome"]["kind"]) == ("withdrawn", "recalled")
    assert world.for_office("edoc") == []
    assert world.messages("delivery", "RecallSent") == []


def test_what_may_have_left_before_it_was_recalled_is_sent_and_asked_back(world: World) -> None:
    document = world.issue(OFFICE)
    world.project()
    world.react()
    worker_once(world)
    make_tried(world)
    recall(world, document)
    world.settle()
    assert delivery(world, document)["transport"] == "sent"
    assert len(world.for_office("edoc")) == 1
    assert [each.header.status_code for each in world.for_office("status")] == ["13"]


def worker_once(world: World) -> None:
    """Do the job that prepares the packet, and not yet the one that sends it."""
    assert world.worker().work_one()
    world.project()


def make_tried(world: World) -> None:
    """As if a worker had tried the job that sends, and died."""
    with world.database.unit() as unit:
        unit.connection.execute(
            text("UPDATE interconnect.job SET attempts = 1 WHERE kind = 'send'")
        )


@pytest.mark.parametrize("kind", ["status", "edoc"])
def test_the_axis_brings_a_recall_in_either_form(world: World, kind: str) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    ask(world, kind)
    ask(world, kind, again=True)
    world.poll()
    (asked,) = world.messages("packet", "RecallArrived")
    (packet,) = world.messages("packet", "PacketArrived")
    assert (asked.packet_id, asked.sender_id) == (packet.packet_id, str(OFFICE))
    assert asked.asked_at == "2026-11-21T01:00:00.000000Z"
    assert read_text(world.blobs, asked.note) == {"note": "Sai số liệu"}
    assert desk(world) == []
    events = world.events("packet")
    assert len({event.trace for event in events}) == 1


@pytest.mark.parametrize("kind", ["status", "edoc"])
def test_a_recall_that_overtakes_its_document_is_held_and_joins_it(world: World, kind: str) -> None:
    ask(world, kind)
    world.poll()
    assert desk(world) == [("held", "document_not_here")]
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    arrived, asked = world.events("packet")[-2:]
    assert (arrived.type, asked.type) == ("PacketArrived", "RecallArrived")
    assert arrived.tx == asked.tx
    assert desk(world) == []
    assert {each.status for each in world.office.sent("status")} <= {"done"}


@pytest.mark.parametrize("kind", ["status", "edoc"])
def test_a_recall_finds_its_document_that_an_older_transaction_hides_from_read_models(
    world: World, kind: MessageType
) -> None:
    with world.others["directory"].unit() as older:
        older.connection.execute(text("SELECT pg_current_xact_id()"))
        world.from_office(office_document(world, PROVINCE), "edoc")
        world.poll()
        ask(world, kind)
        world.poll()
    assert [event.type for event in world.events("packet")] == ["PacketArrived", "RecallArrived"]
    assert {each.status for each in world.office.sent(kind)} == {"done"}


def test_a_recall_that_came_first_joins_one_document(world: World) -> None:
    ask(world, "status")
    world.poll()
    update = edxml.Trace(business=edxml.Business(doc_type="2", document_id=OLD))
    for change in ({}, {"trace": update, "subject": "Mới"}):
        world.from_office(office_document(world, PROVINCE, **change), "edoc")
        world.poll()
    assert len(world.messages("packet", "PacketArrived")) == 2
    assert len(world.messages("packet", "RecallArrived")) == 1


def test_a_recall_for_one_who_is_nobody_is_seen_on_the_desk(world: World) -> None:
    recall = office_status(OLD, "13")
    received = Received("1", "status", CODES[OFFICE], ("H25", "H25.77"), "initial", "")
    file = io.BytesIO(edxml.serialize(recall, world.blobs))
    verdict = Intake(world.database, world.blobs, LIMIT).take(received, "0" * 64, file)
    assert verdict == Verdict(done=("H25",), failed=("H25.77",))
    (unreadable,) = world.messages("packet", "PacketUnreadable")
    assert list(unreadable.recipient_codes) == ["H25.77"]


@pytest.mark.parametrize("first", ["documents", "statuses"])
def test_a_recall_and_its_document_that_come_at_once_find_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    lanes = world.poller.lanes
    other = threading.Thread(target=lanes["statuses" if first == "documents" else "documents"])

    def then_the_other(step: Callable[..., Any]) -> Callable[..., Any]:
        """The step of the first lane between its questions and its append."""

        def run(*arguments: Any) -> Any:
            other.start()
            eventually(lambda: lock_awaited(world.database) or not other.is_alive(), within=30)
            return step(*arguments)

        return run

    world.from_office(office_document(world, PROVINCE), "edoc")
    ask(world, "status")
    with monkeypatch.context() as patched:
        owner, step = (packets, "join") if first == "documents" else (intake, "_held")
        patched.setattr(owner, step, then_the_other(getattr(owner, step)))
        lanes[first]()
        other.join(30)
    world.project()
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    (asked,) = world.messages("packet", "RecallArrived")
    assert asked.packet_id == packet.packet_id
    assert desk(world) == []


def ask(world: World, kind: str, again: bool = False) -> None:
    """The Government Office asks the province for its document back; `again` in other bytes."""
    named = edxml.Agency(organ_id=CODES[OFFICE], organ_name="VPCP" if again else "")
    if kind == "edoc":
        world.from_office(recall_packet(world, OLD, sender=named), "edoc")
        return
    about = edxml.ResponseFor(organ_id="H25", code="7816/VPCP-TTĐT", document_id=OLD)
    status = office_status(OLD, "13", sender=named, response_for=about, description="Sai số liệu")
    world.from_office(status, "status")


def test_nobody_recalls_what_another_sent(world: World) -> None:
    world.issue(PROVINCE, agency_id=str(DEPARTMENT))
    world.settle()
    (packet,) = world.messages("packet", "PacketArrived")
    about = edxml.ResponseFor(organ_id="H25", code="x", document_id=packet.foreign_id)
    world.from_office(office_status("", "13", response_for=about), "status")
    world.poll()
    assert world.messages("packet", "RecallArrived") == []
    assert desk(world) == [("held", "document_not_here")]
