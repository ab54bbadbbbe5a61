"""What a packet claims is held against what the directory says."""

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import edxml
from services.interconnect.axis import Received
from services.interconnect.intake import Intake, Verdict
from tests.support.interconnect_world import (
    CODES,
    DEPARTMENT,
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


@pytest.fixture(scope="module")
def world(postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(postgres, tmp_path_factory.mktemp("intake")) as made:
        yield made


def take(
    world: World, packet: Any, named: str, to: str, kind: str = "edoc"
) -> tuple[Verdict, list[Any]]:
    """Offer a packet as the axis would; the verdict, and what stands on the desk for it."""
    doc_id = str(uuid4())
    received = Received(doc_id, kind, named, (to,) if to else (), "initial", "")
    file = io.BytesIO(edxml.serialize(packet, world.blobs))
    verdict = Intake(world.database, world.blobs, LIMIT).take(received, "0" * 64, file)
    unreadable = world.messages("packet", "PacketUnreadable")
    return verdict, [each.reason_code for each in unreadable if each.axis_doc_id == doc_id]


def document(world: World, written: str = CODES[OFFICE]) -> Any:
    """A new document each time."""
    sender = edxml.Agency(organ_id=written)
    return office_document(world, PROVINCE, sender=sender, document_id=str(uuid4()))


@pytest.mark.parametrize(
    ("named", "written", "to", "reason"),
    [
        ("G99", "G99", "H25", "sender_unknown"),
        (CODES[OFFICE], "G99", "H25", "sender_unknown"),
        (CODES[DEPARTMENT], CODES[DEPARTMENT], "H25", "sender_not_on_axis"),
        (CODES[DEPARTMENT], CODES[OFFICE], "H25", "sender_mismatch"),
        ("G99", CODES[OFFICE], "H25", "sender_mismatch"),
        (CODES[OFFICE], CODES[OFFICE], "H25.77", "recipient_unknown"),
        (CODES[OFFICE], CODES[OFFICE], CODES[OFFICE], "recipient_unknown"),
        (CODES[OFFICE], CODES[OFFICE], "", "recipient_unknown"),
    ],
)
def test_an_inconsistent_address_goes_to_the_desk(
    world: World, named: str, written: str, to: str, reason: str
) -> None:
    verdict, reasons = take(world, document(world, written), named, to)
    assert verdict == Verdict(failed=(to,) if to else ())
    assert reasons == [reason]


def test_an_old_code_still_finds_its_agency(world: World) -> None:
    verdict, reasons = take(world, document(world), CODES[OFFICE], "000.00.00.H25")
    assert (verdict, reasons) == (Verdict(done=("000.00.00.H25",)), [])
    fact = world.messages("packet", "PacketArrived")[-1]
    assert (fact.recipient_id, fact.recipient_code) == (str(PROVINCE), "000.00.00.H25")


@pytest.mark.parametrize("kind", ["edoc", "status"])
def test_a_packet_under_the_wrong_message_type_goes_to_the_desk(world: World, kind: str) -> None:
    packet = document(world) if kind == "status" else office_status("x", "03")
    _, reasons = take(world, packet, CODES[OFFICE], "H25", kind)
    assert reasons == ["wrong_message_type"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status_code": "44"}, "status_code_unknown"),
        ({"year": 1}, "bad_timestamp"),
        ({"year": 9999}, "bad_timestamp"),
        ({"staff": edxml.StaffInfo(department="x" * 501)}, "text_too_long"),
        ({"sender": edxml.Agency(organ_id=CODES[DEPARTMENT])}, "sender_not_on_axis"),
        ({"sender": edxml.Agency(organ_id="G99")}, "sender_unknown"),
    ],
)
def test_a_status_that_makes_no_sense_goes_to_the_desk(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    year = changes.pop("year", None)
    packet = office_status("x", changes.pop("status_code", "03"), **changes)
    if year:
        packet = office_status("x", "03", timestamp=packet.header.timestamp.replace(year=year))
    verdict, reasons = take(world, packet, CODES[OFFICE], "H25", "status")
    assert (verdict, reasons) == (Verdict(failed=("H25",)), [reason])


def test_some_recipients_may_have_what_others_may_not(world: World) -> None:
    doc_id = str(UUID(int=5))
    received = Received(doc_id, "edoc", CODES[OFFICE], ("H25", "H25.77"), "initial", "")
    file = io.BytesIO(edxml.serialize(document(world), world.blobs))
    verdict = Intake(world.database, world.blobs, LIMIT).take(received, "0" * 64, file)
    assert verdict == Verdict(("H25",), ("H25.77",))
    facts = [e for e in world.messages("packet", "PacketArrived") if e.axis_doc_id == doc_id]
    assert [each.recipient_id for each in facts] == [str(PROVINCE)]
