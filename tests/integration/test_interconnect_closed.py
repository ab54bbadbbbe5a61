"""Agencies that ended and recipients whom nobody knows: nothing is sent to them, and both sides
are told in plain words."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import edxml
from services.interconnect.axis import Received
from services.interconnect.compose import VIETNAM
from services.interconnect.intake import Intake, Verdict
from tests.support.interconnect_world import (
    CODES,
    COMMUNE,
    DEPARTMENT,
    LIMIT,
    MINISTRY,
    NAMES,
    OFFICE,
    World,
    office_document,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def today() -> date:
    return datetime.now(UTC).astimezone(VIETNAM).date()


def close(world: World, agency: UUID, on: date, successor: UUID | None = None) -> None:
    fields: dict[str, Any] = {"agency_id": str(agency), "closed_on": str(on)}
    if successor:
        fields["successor_id"] = str(successor)
    world.tell("directory", f"agency-{agency}", "AgencyClosed", **fields)


def delivery(world: World, document: UUID, to: UUID) -> Any:
    world.settle()
    shown = world.dispatch(document)["deliveries"]
    return next(each for each in shown if each["recipient"]["agency_id"] == to)


@pytest.mark.parametrize("agency", [COMMUNE, MINISTRY])
def test_nothing_is_sent_to_an_agency_after_its_last_day_and_the_successor_is_named(
    world: World, agency: UUID
) -> None:
    close(world, agency, today() - timedelta(1), DEPARTMENT)
    document = world.issue(agency, DEPARTMENT)
    refused = delivery(world, document, agency)
    assert (refused["transport"], refused["reason_code"]) == ("refused", "recipient_closed")
    assert refused["reason"]["successor"] == {
        "id": DEPARTMENT,
        "code": CODES[DEPARTMENT],
        "name": NAMES[DEPARTMENT],
    }
    assert "kết thúc hoạt động" in refused["reason"]["vi"]
    assert "successor" in refused["reason"]["en"]
    other = delivery(world, document, DEPARTMENT)
    assert (other["transport"], other["reason"]) == ("sent", None)
    (packet,) = [edxml.parse(world.blobs.read(world.dispatch(document)["packet"]), world.blobs)]
    assert isinstance(packet, edxml.DocumentPacket)
    assert [to.organ_id for to in packet.header.recipients] == [CODES[DEPARTMENT]]


@pytest.mark.parametrize("kind", ["updates", "replaces"])
def test_what_reached_nobody_is_sent_to_the_successor_by_a_newer_one_as_a_new_document(
    world: World, kind: str
) -> None:
    close(world, COMMUNE, today() - timedelta(1), DEPARTMENT)
    older = world.issue(COMMUNE)
    assert delivery(world, older, COMMUNE)["transport"] == "refused"
    newer = world.issue(DEPARTMENT, number=6, **{kind: str(older)})
    assert delivery(world, newer, DEPARTMENT)["transport"] == "sent"
    packet = edxml.parse(world.blobs.read(world.dispatch(newer)["packet"]), world.blobs)
    assert isinstance(packet, edxml.DocumentPacket)
    assert packet.trace.business.kind == edxml.BusinessKind.NEW
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.business, list(arrived.supersedes)) == ("", [])


def test_on_its_last_day_an_agency_still_gets_what_is_sent(world: World) -> None:
    close(world, COMMUNE, today(), DEPARTMENT)
    assert delivery(world, world.issue(COMMUNE), COMMUNE)["transport"] == "sent"


def test_a_recipient_whom_the_whole_directory_does_not_know_is_refused_at_once(
    world: World,
) -> None:
    stranger = uuid4()
    document = world.issue(stranger, DEPARTMENT)
    refused = delivery(world, document, stranger)
    assert (refused["transport"], refused["reason_code"]) == ("refused", "recipient_unknown")
    assert refused["reason"]["vi"] == "Cơ quan nhận không có trong danh bạ."
    assert delivery(world, document, DEPARTMENT)["transport"] == "sent"


def test_while_the_directory_lags_nobody_is_called_unknown(world: World) -> None:
    stranger = uuid4()
    document = world.issue(stranger)
    world.project()
    world.react()
    fields = {"tier": 2, "name": "Sở mới", "place": "Hà Nam", "channel": "inside"}
    codes = [{"code": "H25.99", "scheme": "qd20", "valid_from": "2020-01-01"}]
    entry: dict[str, Any] = {
        **fields,
        "agency_id": str(stranger),
        "codes": codes,
        "short_sign": "S",
    }
    world.tell("directory", f"agency-{stranger}", "AgencyRegistered", **entry)
    assert world.work() == 1
    assert "NotKnownYet" in world.stuck()[0]
    assert world.messages("delivery", "DeliveryRefused") == []
    assert world.dispatch(document)["deliveries"] == []


def test_what_arrived_before_the_last_day_is_not_refused_when_it_comes_again(world: World) -> None:
    data = edxml.serialize(office_document(world, DEPARTMENT), world.blobs)
    received = Received("1", "edoc", CODES[OFFICE], (CODES[DEPARTMENT],), "initial", "")
    intake = Intake(world.database, world.blobs, LIMIT)
    for _ in range(2):
        verdict = intake.take(received, "0" * 64, io.BytesIO(data))
        assert verdict == Verdict(done=(CODES[DEPARTMENT],))
        world.tell(
            "directory",
            f"agency-{DEPARTMENT}",
            "AgencyClosed",
            agency_id=str(DEPARTMENT),
            closed_on="2026-11-20",
            successor_id="",
        )
        world.project()


def take(world: World, *to: UUID) -> tuple[Verdict, list[str]]:
    doc_id = str(uuid4())
    codes = tuple(CODES[each] for each in to)
    received = Received(doc_id, "edoc", CODES[OFFICE], codes, "initial", "")
    file = io.BytesIO(edxml.serialize(office_document(world, *to), world.blobs))
    verdict = Intake(world.database, world.blobs, LIMIT).take(received, "0" * 64, file)
    unreadable = world.messages("packet", "PacketUnreadable")
    return verdict, [each.reason_code for each in unreadable if each.axis_doc_id == doc_id]


def test_a_packet_for_an_agency_that_ended_goes_to_the_desk(world: World) -> None:
    close(world, COMMUNE, today() - timedelta(1), DEPARTMENT)
    world.project()
    verdict, reasons = take(world, COMMUNE, DEPARTMENT)
    assert verdict == Verdict((CODES[DEPARTMENT],), (CODES[COMMUNE],))
    assert reasons == ["recipient_closed"]


def test_a_packet_that_comes_on_the_last_day_is_taken(world: World) -> None:
    close(world, COMMUNE, today(), DEPARTMENT)
    world.project()
    assert take(world, COMMUNE) == (Verdict(done=(CODES[COMMUNE],)), [])


def test_the_axis_is_not_told_anew_of_an_agency_that_ended(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with open_world(postgres, tmp_path) as world:
        close(world, COMMUNE, today() - timedelta(1))
        world.project()
        world.poll()
        told = {each.code for each in world.office.agencies()}
        assert CODES[DEPARTMENT] in told
        assert CODES[COMMUNE] not in told
