"""Disclosure at work: what the sender of a document sees, plain and in the step record."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import edxml
from libs.envelope import Step, find, unchecked
from libs.eventstore import Context
from services.interconnect import handlers, queries, tables, views
from services.interconnect.texts import put_text
from tests.integration.test_interconnect_envelopes import make_due
from tests.support.interconnect_world import (
    CLERK_HANDLER,
    DEPARTMENT,
    LEADER_HANDLER,
    PROVINCE,
    World,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
START = datetime(2026, 11, 22, 18, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def disclose(world: World, level: str) -> None:
    with world.database.unit() as unit:
        context = Context(str(DEPARTMENT), LEADER_HANDLER, unit.now, uuid4())
        handlers.disclose(unit, DEPARTMENT, level, context, uuid4())


def arrived(world: World, number: int = 5) -> tuple[UUID, Any]:
    document = world.issue(DEPARTMENT, number=number)
    world.settle()
    packet = world.messages("packet", "PacketArrived")[-1]
    world.arrive(packet, START - timedelta(minutes=1))
    return document, packet


def steps(world: World, document: UUID) -> list[dict[str, Any]]:
    (delivery,) = world.dispatch(document)["deliveries"]
    found: list[dict[str, Any]] = delivery["steps"]
    return found


def told(world: World) -> list[tuple[edxml.StatusHeader, Step | None]]:
    """What left in the status packets, plain and sealed."""
    found = []
    for each in world.messages("packet", "StatusSent"):
        packet = edxml.parse(world.blobs.read(each.status_packet), world.blobs)
        assert isinstance(packet, edxml.StatusPacket)
        sealed = find(packet, world.blobs)
        found.append((packet.header, unchecked(sealed).step if sealed else None))
    return found


def test_by_unit_no_person_is_named_anywhere_in_the_packet(world: World) -> None:
    world.seal_for(DEPARTMENT)
    disclose(world, "unit")
    document, packet = arrived(world)
    world.handle(packet, START)
    world.settle()
    seen = steps(world, document)
    assert [each["code"] for each in seen] == ["01", "03", "04", "05", "06"]
    assert {each["handler"] for each in seen} == {None}
    assert [each["unit"] for each in seen[1:4]] == ["Văn thư", "Phòng Ngân sách", "Văn thư"]
    for header, step in told(world):
        assert header.staff.staff == ""
        assert step is not None
        assert step.handler is None
    assert {each.staff for each in world.messages("delivery", "StatusReceived")} == {""}


def test_by_receipt_the_outcome_alone_is_told_and_the_rest_is_recorded_as_not_told(
    world: World,
) -> None:
    world.seal_for(DEPARTMENT)
    disclose(world, "receipt")
    document, packet = arrived(world)
    world.handle(packet, START)
    world.settle()
    seen = steps(world, document)
    assert [each["code"] for each in seen] == ["01", "03", "06"]
    assert {(each["unit"], each["handler"]) for each in seen} == {(None, None)}
    withheld = world.messages("packet", "StatusWithheld")
    assert [(each.status_code, each.level) for each in withheld] == [
        ("04", "receipt"),
        ("05", "receipt"),
    ]
    assert {each.recipient_id for each in withheld} == {str(DEPARTMENT)}
    # What is not told takes no number: its receiver would look for a packet that was lost.
    numbers = world.numbers(tables.pair_sent)[(DEPARTMENT, PROVINCE)]
    assert [number for number, _ in numbers] == [1, 2, 3]
    with world.database.unit() as unit:
        row = queries.one_arrival(unit.connection, UUID(packet.packet_id))
        assert row is not None
        sent = queries.sent_statuses(unit.connection, UUID(packet.packet_id))
    shown = views.packet(row, sent, world.blobs)["statuses"]
    assert [(each["code"], each["withheld"], each["pair_number"]) for each in shown] == [
        ("01", None, 1),
        ("03", None, 2),
        ("04", "receipt", None),
        ("05", "receipt", None),
        ("06", None, 3),
    ]


def test_the_reason_of_a_refusal_is_told_at_every_level(world: World) -> None:
    disclose(world, "receipt")
    document, packet = arrived(world)
    world.settle()
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
    refused = steps(world, document)[-1]
    assert (refused["code"], refused["handler"]) == ("02", None)
    assert refused["note"] == "Gửi sai nơi nhận: Văn bản thuộc Sở Y tế"


def test_what_is_laid_down_counts_from_then_on(world: World) -> None:
    document, packet = arrived(world)
    world.settle()
    disclose(world, "unit")
    world.handle(packet, START)
    world.settle()
    disclose(world, "all")
    assert steps(world, document)[1]["handler"] is None
    document, packet = arrived(world, number=6)
    world.handle(packet, START)
    world.settle()
    assert steps(world, document)[1]["handler"] == "Trần Thị Ứng"


def test_a_packet_that_waits_is_sealed_anew_when_less_may_be_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.seal_for(DEPARTMENT)
    document, packet = arrived(world)
    world.settle()
    world.handle(packet, START)
    world.project()
    world.react()
    with monkeypatch.context() as patched:

        def dies(*_: Any) -> None:
            raise OSError("no place left")

        patched.setattr(edxml, "serialize", dies)
        assert world.worker().work_one()
    disclose(world, "unit")
    make_due(world)
    world.settle()
    accepted = steps(world, document)[1]
    assert (accepted["code"], accepted["handler"]) == ("03", None)
    assert accepted["envelope"]["verdict"] == "good"
    assert all(step and step.handler is None for _, step in told(world))
    numbers = world.numbers(tables.pair_sent)
    assert numbers == world.numbers(tables.pair_received)
    assert [number for number, _ in numbers[(DEPARTMENT, PROVINCE)]] == [1, 2, 3, 4, 5]
