"""Updates and replacements both ways: what is asked, what the packet says, how it ends."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from libs import edxml
from libs.eventstore import Context
from services.interconnect import handlers
from services.interconnect.earlier import opened_dispatch
from services.interconnect.texts import put_text
from tests.support.interconnect_world import (
    CLERK_HANDLER,
    CODES,
    COMMUNE,
    DEPARTMENT,
    OFFICE,
    PROVINCE,
    World,
    office_document,
    office_status,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
OLD = "H25,2026/11/20,05/CT-UBND"
FROM_OFFICE = "000.00.00.G22,2026/11/19,7816/VPCP-TTĐT"


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def issued(world: World, *recipients: UUID, **changes: Any) -> UUID:
    document = world.issue(*recipients, **changes)
    world.settle()
    return document


def delivery(world: World, document_id: UUID, recipient: UUID) -> dict[str, Any]:
    deliveries = world.dispatch(document_id)["deliveries"]
    (found,) = (each for each in deliveries if each["recipient"]["agency_id"] == recipient)
    assert isinstance(found, dict)
    return found


def arrival(world: World, number: int = -1) -> Any:
    return world.messages("packet", "PacketArrived")[number]


def told(world: World, packet: Any, kind: str, **fields: Any) -> None:
    """The documents service says what became of an arrival."""
    document_id = uuid5(UUID(packet.packet_id), "document")
    ids = {"document_id": str(document_id), "agency_id": packet.recipient_id}
    ids |= {"packet_id": packet.packet_id}
    stream = f"document-{document_id}"
    world.tell("documents", stream, kind, CLERK_HANDLER, **ids, **fields)
    world.settle()


def business_of(world: World, document_id: UUID) -> edxml.Business:
    packet = edxml.parse(world.blobs.read(world.dispatch(document_id)["packet"]), world.blobs)
    assert isinstance(packet, edxml.DocumentPacket)
    return packet.trace.business


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_an_update_names_the_old_document_and_who_came_and_went(world: World) -> None:
    old = issued(world, DEPARTMENT, COMMUNE)
    new = issued(world, DEPARTMENT, PROVINCE, number=6, updates=str(old))
    business = business_of(world, new)
    assert (business.kind, business.document_id) == (edxml.BusinessKind.UPDATE, OLD)
    assert business.doc_reason == "Cập nhật văn bản 05/CT-UBND"
    changes = business.document_info
    assert (changes.document_info, changes.document_receiver) == ("1", "1")
    receivers = {each.organ_id: each.receiver_type for each in changes.receivers}
    assert receivers == {CODES[COMMUNE]: "0", CODES[PROVINCE]: "1"}
    packets = world.messages("packet", "PacketArrived")[2:]
    assert {(p.business, tuple(p.supersedes)) for p in packets} == {("update", (OLD,))}
    (asked,) = world.messages("delivery", "UpdateAsked")
    assert (asked.document_id, asked.recipient_id, asked.by) == (
        str(old),
        str(DEPARTMENT),
        str(new),
    )


def test_an_agreed_update_is_seen_by_the_sender(world: World) -> None:
    old = issued(world, DEPARTMENT)
    packet = arrival(world)
    world.arrive(packet)
    new = issued(world, DEPARTMENT, number=6, updates=str(old))
    asked = delivery(world, old, DEPARTMENT)["request"]
    assert (asked["kind"], asked["by"]) == ("update", new)
    by = str(uuid5(UUID(arrival(world).packet_id), "document"))
    told(world, packet, "DocumentReplaced", by=by, business="update", answered_at=now())
    shown = delivery(world, old, DEPARTMENT)
    assert shown["outcome"] == {"kind": "updated", "by": new}
    assert (shown["processing"]["code"], shown["request"]) == ("15", None)


def test_a_refused_update_leaves_the_old_document_in_force(world: World) -> None:
    old = issued(world, DEPARTMENT)
    packet = arrival(world)
    world.arrive(packet)
    issued(world, DEPARTMENT, number=6, updates=str(old))
    note = put_text(world.blobs, {"note": "Thiếu phụ lục"})
    by = str(uuid4())
    reason = {"note": note, "reason_code": "missing_file", "answered_at": now()}
    told(world, packet, "UpdateRefused", by=by, **reason)
    shown = delivery(world, old, DEPARTMENT)
    assert (shown["outcome"], shown["request"]) == (None, None)
    assert shown["steps"][-1]["note"] == "Thiếu tệp kèm theo: Thiếu phụ lục"


def test_whoever_has_still_to_answer_gets_no_update(world: World) -> None:
    old = issued(world, DEPARTMENT, COMMUNE)
    with world.database.unit() as unit:
        found = opened_dispatch(unit, old)
        assert found is not None
        context = Context(str(PROVINCE), CLERK_HANDLER, unit.now, found[1])
        note = put_text(world.blobs, {"note": "Sai"})
        handlers.recall(unit, found[0], [DEPARTMENT], note, context, uuid4())
    world.settle()
    new = issued(world, DEPARTMENT, COMMUNE, number=6, updates=str(old))
    refused = delivery(world, new, DEPARTMENT)
    assert (refused["transport"], refused["reason_code"]) == ("refused", "earlier_request_open")
    assert delivery(world, new, COMMUNE)["transport"] == "sent"
    assert delivery(world, old, DEPARTMENT)["request"]["kind"] == "recall"
    recipients = [each.recipient_id for each in world.messages("packet", "PacketArrived")]
    assert recipients.count(str(DEPARTMENT)) == 1


def test_an_update_by_the_axis_that_never_arrives_asks_nothing(world: World) -> None:
    old = issued(world, OFFICE)
    world.office.delete_agency(CODES[OFFICE])
    new = issued(world, OFFICE, number=6, updates=str(old))
    assert delivery(world, new, OFFICE)["transport"] == "refused"
    assert len(world.messages("delivery", "UpdateLapsed")) == 1
    assert delivery(world, old, OFFICE)["request"] is None


def test_an_update_by_the_axis_is_answered_about_the_old_document(world: World) -> None:
    old = issued(world, OFFICE)
    new = issued(world, OFFICE, number=6, updates=str(old))
    assert delivery(world, old, OFFICE)["request"]["by"] == new
    world.from_office(office_status(OLD, "15"), "status")
    world.poll()
    assert delivery(world, old, OFFICE)["outcome"] == {"kind": "updated", "by": new}


def test_a_replacement_asks_nothing_and_counts_once_it_is_accepted(world: World) -> None:
    old = issued(world, DEPARTMENT)
    new = issued(world, DEPARTMENT, number=6, replaces=str(old))
    (replaced,) = business_of(world, new).replacements
    assert (replaced.document_id, replaced.organ_ids) == (OLD, (CODES[DEPARTMENT],))
    packet = arrival(world)
    assert (packet.business, list(packet.supersedes)) == ("replacement", [OLD])
    assert world.messages("delivery", "UpdateAsked") == []
    world.arrive(packet)
    world.settle()
    assert delivery(world, old, DEPARTMENT)["outcome"] is None
    accepted = {"register_id": "r", "arrival_number": 1, "accepted_on": "2026-11-23"}
    told(world, packet, "DocumentAccepted", urgency=0, **accepted)
    assert delivery(world, old, DEPARTMENT)["outcome"] == {"kind": "replaced", "by": new}


def test_the_axis_brings_an_update_into_the_trace_of_the_old_document(world: World) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    business = edxml.Business(doc_type="2", document_id=FROM_OFFICE, doc_reason="Sửa")
    newer = office_document(
        world, PROVINCE, document_id="new", trace=edxml.Trace(business=business)
    )
    world.from_office(newer, "edoc")
    world.poll()
    packet = arrival(world)
    assert (packet.business, list(packet.supersedes)) == ("update", [FROM_OFFICE])
    assert len({event.trace for event in world.events("packet")}) == 1


def test_a_replacement_for_others_replaces_nothing_here(world: World) -> None:
    infos = (
        edxml.ReplacementInfo(document_id="for them", organ_ids=(CODES[DEPARTMENT],)),
        edxml.ReplacementInfo(document_id="for us", organ_ids=("000.00.00.H25",)),
    )
    trace = edxml.Trace(business=edxml.Business(doc_type="3", replacements=infos))
    world.from_office(office_document(world, PROVINCE, trace=trace), "edoc")
    world.poll()
    assert list(arrival(world).supersedes) == ["for us"]


def test_an_update_may_bear_the_name_of_what_it_updates(world: World) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    trace = edxml.Trace(business=edxml.Business(doc_type="2", document_id=FROM_OFFICE))
    world.from_office(office_document(world, PROVINCE, trace=trace, subject="Mới"), "edoc")
    world.poll()
    assert [each.business for each in world.messages("packet", "PacketArrived")] == ["", "update"]


def test_an_update_that_overtakes_its_original_of_the_same_name_keeps_it_from_nobody(
    world: World,
) -> None:
    trace = edxml.Trace(business=edxml.Business(doc_type="2", document_id=FROM_OFFICE))
    world.from_office(office_document(world, PROVINCE, trace=trace, subject="Mới"), "edoc")
    world.poll()
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    assert [each.business for each in world.messages("packet", "PacketArrived")] == ["update", ""]
    assert {each.status for each in world.office.sent("edoc")} == {"done"}
    assert len({event.trace for event in world.events("packet")}) == 1
    world.from_office(office_document(world, PROVINCE, subject="lần nữa"), "edoc")
    world.poll()
    (known,) = world.messages("packet", "PacketUnreadable")
    assert known.reason_code == "document_known"
