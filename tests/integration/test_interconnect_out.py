"""Documents on their way out: inside, by the axis, and what the sender sees of it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.interconnect.domain import delivery_id, inside_packet_id
from tests.support.interconnect_world import (
    CODES,
    COMMUNE,
    DEPARTMENT,
    MINISTRY,
    NAMES,
    OFFICE,
    PDF,
    PROVINCE,
    World,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
FOREIGN = "H25,2026/11/20,05/CT-UBND"


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def transports(world: World, document: object) -> dict[str, tuple[str, str, str | None]]:
    shown = world.dispatch(document)  # type: ignore[arg-type]
    return {
        each["recipient"]["name"]: (each["channel"], each["transport"], each["reason_code"])
        for each in shown["deliveries"]
    }


def test_one_packet_reaches_two_recipients_inside_and_one_by_the_axis(world: World) -> None:
    trace = uuid4()
    document = world.issue(DEPARTMENT, COMMUNE, OFFICE, trace=trace)
    world.settle()
    assert transports(world, document) == {
        NAMES[DEPARTMENT]: ("inside", "sent", None),
        NAMES[COMMUNE]: ("inside", "sent", None),
        NAMES[OFFICE]: ("axis", "sent", None),
    }
    (packet,) = world.for_office("edoc")
    header = packet.header
    assert [each.organ_id for each in header.recipients] == [
        CODES[each] for each in (DEPARTMENT, COMMUNE, OFFICE)
    ]
    assert (header.sender.organ_id, header.sender.organ_name) == ("H25", NAMES[PROVINCE])
    assert header.document_id == FOREIGN
    assert (header.code.number, header.code.notation) == ("05", "CT-UBND")
    assert (header.document_type.type, header.document_type.name) == ("3", "Chỉ thị")
    assert header.subject == "Về việc phòng chống lụt bão"
    signer = header.signer
    assert (signer.competence, signer.position, signer.full_name) == (
        "TM.",
        "Chủ tịch",
        "Nguyễn Văn Ước",
    )
    assert [each.organ_id for each in packet.trace.headers] == ["H25"]
    (file,) = packet.attachments
    assert (file.name, world.blobs.read(file.digest)) == ("05-CT-UBND.pdf", PDF)

    arrived = world.events("packet", "PacketArrived")
    assert {event.trace for event in arrived} == {trace}
    facts = world.messages("packet", "PacketArrived")
    assert {each.packet_id for each in facts} == {
        str(inside_packet_id(document, each)) for each in (DEPARTMENT, COMMUNE)
    }
    assert {(each.foreign_id, each.code, each.issued_on) for each in facts} == {
        (FOREIGN, "05/CT-UBND", "2026-11-20")
    }
    assert {(each.sender_code, each.channel) for each in facts} == {("H25", "inside")}


def test_a_repeated_preparation_writes_the_same_packet(world: World) -> None:
    world.issue(DEPARTMENT, OFFICE)
    world.project()
    world.react()
    ordered_at = "2026-11-20T18:00:00+00:00"
    with world.database.unit() as unit:
        unit.connection.execute(
            text("UPDATE interconnect.job SET context = context || jsonb_build_object(:name, :at)"),
            {"name": "occurred_at", "at": ordered_at},
        )
    world.work()
    before = [(event.event_id, event.payload) for event in world.events("delivery")]
    with world.database.unit() as unit:
        unit.connection.exec_driver_sql("UPDATE interconnect.job SET state = 'open'")
    world.work()
    # Another digest under the same event id would be refused by the store, and the job stuck.
    assert world.stuck() == []
    assert [(event.event_id, event.payload) for event in world.events("delivery")] == before
    (prepared,) = world.messages("dispatch", "PacketPrepared")
    assert world.blobs.exists(prepared.packet)
    (packet,) = world.for_office("edoc")
    # The time of the order, not that of the try, stands in the packet.
    assert packet.trace.headers[0].timestamp.isoformat() == "2026-11-21T01:00:00"


def test_a_recipient_unknown_to_the_axis_keeps_it_from_nobody_else(world: World) -> None:
    document = world.issue(MINISTRY, OFFICE)
    world.settle()
    assert transports(world, document) == {
        NAMES[MINISTRY]: ("axis", "refused", "axis-18"),
        NAMES[OFFICE]: ("axis", "sent", None),
    }
    assert len(world.for_office("edoc")) == 1


def retry(world: World) -> None:
    """Do the jobs that wait after a try."""
    with world.database.unit() as unit:
        unit.connection.execute(text("UPDATE interconnect.job SET due_at = now()"))
    world.work()
    world.project()


def test_what_the_axis_refuses_as_damaged_after_it_was_away_is_tried_again(world: World) -> None:
    document = world.issue(OFFICE)
    world.project()
    world.axis.plan(server_error={"methods": ["sendEdoc"]})
    world.react()
    for _ in range(4):
        retry(world)
    world.axis.plan(wrong_hash={"times": 2})
    for _ in range(3):
        retry(world)
    assert transports(world, document) == {NAMES[OFFICE]: ("axis", "sent", None)}


def test_an_axis_that_knows_hashes_as_the_sdk_writes_them_gets_every_document(
    world: World,
) -> None:
    world.axis.plan(sdk_hash={})
    documents = [world.issue(OFFICE, number=number) for number in range(1, 4)]
    world.settle()
    for document in documents:
        assert transports(world, document) == {NAMES[OFFICE]: ("axis", "sent", None)}
    assert len(world.for_office("edoc")) == 3


def test_what_the_axis_refuses_as_damaged_three_times_is_final(world: World) -> None:
    document = world.issue(OFFICE)
    world.project()
    world.axis.plan(wrong_hash={})
    world.react()
    for _ in range(2):
        retry(world)
    assert transports(world, document) == {NAMES[OFFICE]: ("axis", "opened", None)}
    retry(world)
    assert transports(world, document) == {NAMES[OFFICE]: ("axis", "refused", "axis-10")}


def test_a_recipient_without_a_code_is_refused_and_the_others_served(world: World) -> None:
    nameless = uuid4()
    world.tell(
        "directory",
        f"agency-{nameless}",
        "AgencyRegistered",
        agency_id=str(nameless),
        tier=3,
        name="Sở cũ",
        place="Hà Nam",
        channel="inside",
        codes=[
            {
                "code": "H25.99",
                "scheme": "qd20",
                "valid_from": "2020-01-01",
                "valid_to": "2025-06-30",
            }
        ],
        short_sign="SC",
        refuse_invalid=False,
    )
    document = world.issue(nameless, DEPARTMENT)
    world.settle()
    assert transports(world, document) == {
        "Sở cũ": ("inside", "refused", "recipient_has_no_code"),
        NAMES[DEPARTMENT]: ("inside", "sent", None),
    }
    alone = world.issue(nameless)
    world.settle()
    assert transports(world, alone) == {"Sở cũ": ("inside", "refused", "recipient_has_no_code")}
    assert len(world.messages("dispatch", "PacketPrepared")) == 1


def test_an_answer_names_what_it_answers_by_its_senders_names(world: World) -> None:
    asked = world.issue(PROVINCE, number=9)
    world.settle()
    (arrived,) = world.messages("packet", "PacketArrived")
    incoming = world.arrive(arrived)
    world.settle()
    answer = world.issue(PROVINCE, OFFICE, answers=str(incoming))
    world.settle()
    (packet,) = world.for_office("edoc")
    (response,) = packet.header.responses
    assert (response.organ_id, response.code, response.document_id) == (
        "H25",
        "09/CT-UBND",
        "H25,2026/11/20,09/CT-UBND",
    )
    back = [p for p in world.messages("packet", "PacketArrived") if p.code == "05/CT-UBND"]
    assert [each.answers for each in back] == [str(asked)]
    assert delivery_id(answer, PROVINCE) in {
        each.delivery_id for each in world.messages("delivery", "PacketSent")
    }


def test_attachments_reach_every_recipient_behind_the_document_itself(world: World) -> None:
    appendix, table = b"%PDF-1.7 appendix", b"stt\r\n1\r\n"
    attachments = [
        {"name": name, "content_type": kind, "digest": world.blobs.put_bytes(data).digest}
        | {"size": len(data)}
        for name, kind, data in (
            ("phu luc.pdf", "application/pdf", appendix),
            ("bieu.csv", "text/csv", table),
        )
    ]
    world.issue(DEPARTMENT, OFFICE, attachments=attachments)
    world.settle()
    (packet,) = world.for_office("edoc")
    (arrived,) = world.messages("packet", "PacketArrived")
    for files in (packet.attachments, arrived.files):
        assert [
            (file.name, file.content_type, world.blobs.read(file.digest)) for file in files
        ] == [
            ("05-CT-UBND.pdf", "application/pdf", PDF),
            ("phu luc.pdf", "application/pdf", appendix),
            ("bieu.csv", "text/csv", table),
        ]
    names = [file.content_id for file in packet.attachments]
    assert len(set(names)) == len(names)


def test_a_document_without_recipients_is_sent_to_nobody(world: World) -> None:
    world.issue()
    world.settle()
    assert world.events("dispatch") == []
