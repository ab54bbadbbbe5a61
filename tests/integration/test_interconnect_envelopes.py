"""Envelopes on their way: sealed and numbered by the sender, opened and judged by the receiver."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from libs import edxml
from libs.envelope import (
    NAME,
    Envelope,
    KeyFolder,
    PairNumber,
    Step,
    files_of,
    find,
    put,
    seal,
    unchecked,
    unseal,
)
from libs.eventstore import Context
from libs.jobs.queue import Job, Share
from services.interconnect import tables
from services.interconnect.collector import FETCHES
from services.interconnect.metrics import PLAIN_PACKETS
from services.interconnect.opening import open_envelope
from services.interconnect.sealing import Sealer
from services.interconnect.texts import read_text
from tests.integration.test_interconnect_recall import recall
from tests.support.interconnect_world import (
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
from tests.support.service_keys import PASSPHRASE, keep, service_key

pytestmark = pytest.mark.postgres
START = datetime(2026, 11, 22, 18, 30, 15, 999_000, tzinfo=UTC)
DIRECTIVE = "000.00.00.G22,2026/11/19,7816/VPCP-TTĐT"
Packet = edxml.DocumentPacket | edxml.StatusPacket


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def numbers(*found: int, kind: str) -> list[tuple[int, str]]:
    return [(number, kind) for number in found]


def plain_packets(reason: str) -> float:
    return float(PLAIN_PACKETS.labels(reason)._value.get())


def plain_of_all() -> list[float]:
    return [each.value for metric in PLAIN_PACKETS.collect() for each in metric.samples]


def handled(world: World, document: UUID) -> list[dict[str, Any]]:
    """The recipient's steps on a document that came inside, as its sender sees them."""
    (packet,) = [p for p in world.messages("packet", "PacketArrived") if p.channel == "inside"]
    world.arrive(packet, START - timedelta(minutes=1))
    world.handle(packet, START)
    world.settle()
    (delivery,) = world.dispatch(document)["deliveries"]
    steps: list[dict[str, Any]] = delivery["steps"]
    return steps


# Inside


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_a_document_inside_comes_with_a_good_envelope_and_without_it_among_its_files(
    world: World, kind: str
) -> None:
    world.seal_for(PROVINCE, kind=kind)
    world.issue(DEPARTMENT, COMMUNE)
    world.settle()
    arrived = world.messages("packet", "PacketArrived")
    assert [(each.envelope, each.pair_number) for each in arrived] == [("good", 1)] * 2
    assert {file.name for each in arrived for file in each.files} == {"05-CT-UBND.pdf"}
    opened = world.messages("delivery", "DeliveryOpened")
    assert [each.pair_number for each in opened] == [1, 1]
    expected = {
        (PROVINCE, DEPARTMENT): numbers(1, kind="document"),
        (PROVINCE, COMMUNE): numbers(1, kind="document"),
    }
    assert world.numbers(tables.pair_sent) == world.numbers(tables.pair_received) == expected


def test_documents_and_answers_are_counted_together_both_ways(world: World) -> None:
    world.seal_for(PROVINCE, DEPARTMENT)
    document = world.issue(DEPARTMENT)
    world.settle()
    steps = handled(world, document)
    assert [each["envelope"]["verdict"] for each in steps] == ["good"] * 5
    assert [each["envelope"]["pair_number"] for each in steps] == [1, 2, 3, 4, 5]
    world.issue(DEPARTMENT, number=6)
    world.settle()
    expected = {
        (PROVINCE, DEPARTMENT): numbers(1, 2, kind="document"),
        (DEPARTMENT, PROVINCE): numbers(1, 2, 3, 4, 5, kind="status"),
    }
    assert world.numbers(tables.pair_sent) == world.numbers(tables.pair_received) == expected


def test_the_sender_sees_each_step_to_the_instant_and_how_long_it_took(world: World) -> None:
    world.seal_for(DEPARTMENT)
    document = world.issue(DEPARTMENT)
    world.settle()
    steps = handled(world, document)
    minute = timedelta(minutes=1)
    assert [each["told_at"] for each in steps] == [START + n * minute for n in (-1, 0, 1, 2, 3)]
    assert [each["seconds"] for each in steps[1:]] == [60.0] * 4
    assert (steps[1]["unit"], steps[1]["handler"]) == ("Văn thư", "Trần Thị Ứng")
    facts = world.messages("delivery", "StatusReceived")
    assert {datetime.fromisoformat(each.told_at).microsecond for each in facts} == {0}
    assert {datetime.fromisoformat(each.done_at).microsecond for each in facts} == {999_000}


def test_an_agency_without_a_key_sends_plain_packets_and_they_are_counted(world: World) -> None:
    before = plain_packets("no_service_key")
    document = world.issue(DEPARTMENT)
    world.settle()
    steps = handled(world, document)
    assert [each["envelope"] for each in steps] == [None] * 5
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.envelope, arrived.pair_number) == ("", 0)
    assert plain_packets("no_service_key") - before == 1 + 5
    assert world.events("pair") == []
    assert world.dispatch(document)["deliveries"][0]["pair_number"] is None


def spoil_passphrase(folder: Path) -> None:
    (folder / f"{PROVINCE}.pin").write_bytes(PASSPHRASE[:-1])


def spoil_key(folder: Path) -> None:
    (folder / f"{PROVINCE}.p12").write_bytes(b"no key")


def other_kind_of_key(folder: Path) -> None:
    keep(folder, PROVINCE, service_key(PROVINCE, "p384"))


def lose_key(folder: Path) -> None:
    (folder / f"{PROVINCE}.p12").unlink()


def expired(folder: Path) -> None:
    keep(folder, PROVINCE, service_key(PROVINCE, days=-1))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_passphrase, "service_key_unusable"),
        (spoil_key, "service_key_unusable"),
        (other_kind_of_key, "envelope_algorithm_refused"),
        (expired, "certificate_not_valid"),
    ],
)
def test_a_key_that_cannot_sign_keeps_no_packet_back_and_takes_no_number(
    world: World, spoil: Callable[[Path], None], reason: str
) -> None:
    world.seal_for(PROVINCE)
    spoil(world.keys)
    before = plain_packets(reason)
    world.issue(DEPARTMENT)
    world.settle()
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.envelope, arrived.pair_number) == ("", 0)
    assert world.events("pair") == []
    assert plain_packets(reason) - before == 1


@pytest.mark.parametrize("event", ["CertificateRevoked", "DeviceReturned", "DeviceLost"])
def test_a_service_certificate_that_the_directory_ended_is_believed_no_more(
    world: World, event: str
) -> None:
    keep(world.keys, PROVINCE, service_key(PROVINCE))
    name = str(world.register(PROVINCE, service_key(PROVINCE)))
    about = {"certificate_id": name} if event == "CertificateRevoked" else {"certificates": [name]}
    world.tell("directory", f"certificate-{PROVINCE}", event, owner_id=str(PROVINCE), **about)
    world.issue(DEPARTMENT)
    world.settle()
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.envelope, arrived.pair_number) == ("envelope_signer_unknown", 0)


def test_a_document_with_a_file_of_the_envelopes_name_goes_plain(world: World) -> None:
    world.seal_for(PROVINCE)
    file = world.blobs.put_bytes(b"mine")
    attachment = {"name": NAME, "content_type": "text/plain", "digest": file.digest, "size": 4}
    world.issue(DEPARTMENT, attachments=[attachment])
    world.settle()
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.envelope, arrived.pair_number) == ("envelope_malformed", 0)
    assert [file.name for file in arrived.files] == ["05-CT-UBND.pdf", NAME]
    assert world.events("pair") == []


def test_a_certificate_that_the_directory_does_not_know_is_told_and_stops_nothing(
    world: World,
) -> None:
    keep(world.keys, PROVINCE, service_key(PROVINCE))
    world.issue(DEPARTMENT)
    world.settle()
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.envelope, arrived.pair_number) == ("envelope_signer_unknown", 0)
    assert world.numbers(tables.pair_received) == {}
    # Registered: the next is believed, and tells by its number that one came before.
    world.register(PROVINCE, service_key(PROVINCE))
    world.issue(DEPARTMENT, number=6)
    world.settle()
    assert world.numbers(tables.pair_received) == {
        (PROVINCE, DEPARTMENT): numbers(2, kind="document")
    }


def test_an_envelope_waits_for_a_certificate_that_may_be_on_its_way(world: World) -> None:
    keep(world.keys, PROVINCE, service_key(PROVINCE))
    world.issue(DEPARTMENT)
    world.project()
    world.react()
    world.register(PROVINCE, service_key(PROVINCE))
    worker = world.worker()
    assert worker.work_one()
    assert [cause.partition(":")[0] for cause in world.stuck()] == ["NotKnownYet"]
    world.project()
    make_due(world)
    world.settle()
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.envelope, arrived.pair_number) == ("good", 1)


def test_a_recall_inside_is_counted_and_believed(world: World) -> None:
    world.seal_for(PROVINCE)
    document = world.issue(DEPARTMENT)
    world.settle()
    recall(world, document)
    world.settle()
    (asked,) = world.messages("packet", "RecallArrived")
    assert (asked.envelope, asked.pair_number) == ("good", 2)
    assert world.numbers(tables.pair_received) == world.numbers(tables.pair_sent)
    both = [(1, "document"), (2, "status")]
    assert world.numbers(tables.pair_sent) == {(PROVINCE, DEPARTMENT): both}


def test_a_packet_for_a_whole_province_is_sealed_and_opened_at_once(world: World) -> None:
    world.seal_for(PROVINCE)
    recipients = {uuid4(): f"H25.{number:04}" for number in range(1707)}
    to = tuple(edxml.Agency(organ_id=code) for code in recipients.values())
    letter = office_document(world, PROVINCE)
    header = replace(letter.header, sender=edxml.Agency(organ_id=CODES[PROVINCE]), recipients=to)
    context = Context(str(PROVINCE), "system:test", START, uuid4())
    job = Job(uuid4(), "prepare", {}, context, 1)
    sealer = Sealer(world.database, world.blobs, KeyFolder(world.keys))
    began = monotonic()
    packet, drawn = sealer.document(
        replace(letter, header=header),
        job,
        sender_id=PROVINCE,
        recipients=recipients,
        document_id=uuid4(),
    )
    opened = open_envelope(world.database, world.blobs, packet, PROVINCE)
    marks = [opened.mark(code) for code in recipients.values()]
    took = monotonic() - began
    assert set(drawn.values()) == {1}
    assert {(each.envelope, each.pair_number) for each in marks} == {("good", 1)}
    assert took < 20, "far below a statement, or a signature, for each recipient"


# A crash at every point


class Killed(Exception):
    """The worker died here."""


def make_due(world: World) -> None:
    with world.database.unit() as unit:
        unit.connection.execute(text("UPDATE interconnect.job SET due_at = clock_timestamp()"))


def die(world: World, kind: str, where: str) -> None:
    """Take the job of a kind and die: "written" before its transaction, or "recorded" inside it."""
    with world.database.unit() as unit:
        job = unit.jobs.take("test", Share([kind]), urgent_only=False, lease_seconds=60)
    assert job is not None
    assert job.kind == kind
    finish = world.worker().acts[kind](job)
    if where == "recorded":
        with suppress(Killed), world.database.unit() as unit:
            assert unit.jobs.finish(job, "test")
            finish(unit)
            raise Killed
    with world.database.unit() as unit:
        unit.jobs.free("test")


@pytest.mark.parametrize("gone", [lose_key, spoil_key, expired])
@pytest.mark.parametrize("kind", ["prepare", "recall"])
def test_who_finds_no_key_any_more_sends_what_was_sealed_before(
    world: World, kind: str, gone: Callable[[Path], None]
) -> None:
    world.seal_for(PROVINCE)
    document = world.issue(DEPARTMENT)
    world.project()
    world.react()
    if kind == "recall":
        world.settle()
        recall(world, document)
    die(world, kind, "written")
    gone(world.keys)
    before = plain_of_all()
    world.settle()
    assert plain_of_all() == before
    came = world.messages("packet", "PacketArrived" if kind == "prepare" else "RecallArrived")
    assert [each.envelope for each in came] == ["good"]
    assert world.numbers(tables.pair_received) == world.numbers(tables.pair_sent)


@pytest.mark.parametrize("where", ["written", "recorded"])
def test_who_dies_with_the_packet_written_writes_the_same_one_again(
    world: World, where: str, tmp_path: Path
) -> None:
    world.seal_for(PROVINCE)
    world.issue(DEPARTMENT, OFFICE)
    world.project()
    world.react()
    die(world, "prepare", where)
    drawn = [(event.event_id, event.payload) for event in world.events("pair")]
    assert len(drawn) == 2
    blobs = {path.name for path in (tmp_path / "blobs").rglob("*")}
    assert world.messages("dispatch", "PacketPrepared") == []
    world.settle()
    assert [(event.event_id, event.payload) for event in world.events("pair")] == drawn
    (prepared,) = world.messages("dispatch", "PacketPrepared")
    assert prepared.packet in blobs
    assert world.numbers(tables.pair_received) == {
        (PROVINCE, DEPARTMENT): numbers(1, kind="document")
    }


def test_who_dies_with_the_number_drawn_and_no_packet_uses_that_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.seal_for(PROVINCE)
    world.issue(DEPARTMENT)
    world.project()
    world.react()
    with monkeypatch.context() as patched:

        def dies(*_: Any) -> None:
            raise Killed

        patched.setattr(edxml, "write", dies)
        assert world.worker().work_one()
    assert [each.number for each in world.messages("pair", "PacketNumbered")] == [1]
    world.issue(DEPARTMENT, number=6)
    make_due(world)
    world.settle()
    assert world.numbers(tables.pair_received) == {
        (PROVINCE, DEPARTMENT): numbers(1, 2, kind="document")
    }


def test_a_status_that_left_before_its_worker_died_leaves_no_second_time(world: World) -> None:
    world.seal_for(DEPARTMENT)
    world.register(OFFICE, service_key(OFFICE))
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    world.arrive(packet)
    world.project()
    world.react()
    die(world, "status", "recorded")
    world.settle()
    (status,) = world.for_office("status")
    sealed = find(status, world.blobs)
    assert sealed is not None
    assert unchecked(sealed).number_for(CODES[OFFICE]) == 1
    assert world.numbers(tables.pair_sent) == {(DEPARTMENT, OFFICE): numbers(1, kind="status")}
    (sent,) = world.messages("packet", "StatusSent")
    assert sent.pair_number == 1


# By the axis


def told_to_office(world: World) -> list[edxml.StatusPacket]:
    """An arrival from the Government Office is handled; what it is told about that."""
    (packet,) = world.messages("packet", "PacketArrived")
    world.arrive(packet, START - timedelta(minutes=1))
    world.handle(packet, START)
    world.settle()
    return world.for_office("status")


def test_a_foreign_sender_without_envelopes_gets_plain_statuses(world: World) -> None:
    world.seal_for(DEPARTMENT)
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    assert (packet.envelope, packet.pair_number) == ("", 0)
    statuses = told_to_office(world)
    assert len(statuses) == 5
    assert {each.attachments for each in statuses} == {()}
    assert world.events("pair") == []


def by_office(world: World, packet: Any, number: int = 1, **changes: Any) -> Any:
    """A packet of the Government Office with an envelope, as our software there would seal it."""
    key = changes.pop("key", service_key(OFFICE))
    header = packet.header
    if isinstance(packet, edxml.StatusPacket):
        at = header.timestamp.astimezone(UTC) if header.timestamp.tzinfo else None
        at = at or datetime(2026, 11, 21, 1, 0, 0, 250_000, tzinfo=UTC)
        step = Step(
            status=header.status_code,
            agency=CODES[OFFICE],
            at=at,
            unit="Vụ Tổng hợp",
            handler="Phạm Thị Thật",
        )
        facts = {"document_id": header.response_for.document_id, "step": step}
        recipients = [header.response_for.organ_id]
    else:
        facts = {"document_id": header.document_id, "files": files_of(packet)}
        recipients = sorted(each.organ_id for each in header.recipients)
    envelope = Envelope(
        sender=CODES[OFFICE],
        numbers=tuple(PairNumber(recipient=code, number=number) for code in recipients),
        made_at=datetime.now(UTC),
        **facts,
    )
    sealed = seal(replace(envelope, **changes), key.private, key.certificate)
    return put(packet, sealed, world.blobs)


def test_who_sends_envelopes_is_answered_with_envelopes(world: World) -> None:
    world.seal_for(DEPARTMENT)
    world.from_office(by_office(world, office_document(world, DEPARTMENT), 7), "edoc")
    world.poll()
    (packet,) = world.messages("packet", "PacketArrived")
    # The directory does not know the key; yet the software there knows envelopes.
    assert (packet.envelope, packet.pair_number) == ("envelope_signer_unknown", 0)
    statuses = told_to_office(world)
    trust = {CODES[DEPARTMENT]: [service_key(DEPARTMENT).certificate]}
    opened = [unseal(find(each, world.blobs) or "", trust=trust) for each in statuses]
    assert [each.number_for(CODES[OFFICE]) for each in opened] == [1, 2, 3, 4, 5]
    step = opened[1].step
    assert step is not None
    assert (step.status, step.agency, step.at) == ("03", CODES[DEPARTMENT], START)
    assert (step.unit, step.handler) == ("Văn thư", "Trần Thị Ứng")
    assert (statuses[1].header.staff.department, statuses[1].header.staff.staff) == (
        "Văn thư",
        "Trần Thị Ứng",
    )


def test_whom_the_directory_marks_by_a_certificate_is_told_with_envelopes(world: World) -> None:
    world.seal_for(DEPARTMENT)
    world.register(OFFICE, service_key(OFFICE))
    world.from_office(office_document(world, DEPARTMENT), "edoc")
    world.poll()
    statuses = told_to_office(world)
    assert [len(each.attachments) for each in statuses] == [1] * 5


def test_a_document_for_the_axis_carries_its_envelope_as_its_last_file(world: World) -> None:
    world.seal_for(PROVINCE)
    world.issue(OFFICE, DEPARTMENT)
    world.settle()
    (packet,) = world.for_office("edoc")
    assert [file.name for file in packet.attachments] == ["05-CT-UBND.pdf", NAME]
    envelope = unseal(
        find(packet, world.blobs) or "",
        trust={CODES[PROVINCE]: [service_key(PROVINCE).certificate]},
    )
    assert {each.recipient: each.number for each in envelope.numbers} == {
        CODES[OFFICE]: 1,
        CODES[DEPARTMENT]: 1,
    }


def test_a_good_envelope_from_the_axis_is_believed(world: World) -> None:
    world.register(OFFICE, service_key(OFFICE))
    world.project()
    packet = by_office(world, office_document(world, DEPARTMENT, PROVINCE), 41)
    world.from_office(packet, "edoc")
    world.poll()
    arrived = world.messages("packet", "PacketArrived")
    assert [(each.envelope, each.pair_number) for each in arrived] == [("good", 41)] * 2
    assert {file.name for each in arrived for file in each.files} == {"7816.pdf"}
    assert world.numbers(tables.pair_received) == {
        (OFFICE, DEPARTMENT): numbers(41, kind="document"),
        (OFFICE, PROVINCE): numbers(41, kind="document"),
    }


def other_file(world: World, packet: Any) -> Any:
    blob = world.blobs.put_bytes(b"%PDF another")
    first = replace(packet.attachments[0], digest=blob.digest, size=blob.size)
    return replace(packet, attachments=(first, *packet.attachments[1:]))


def other_number(world: World, packet: Any) -> Any:
    sealed = find(packet, world.blobs) or ""
    header, _content, signature = sealed.split(".")
    forged = by_office(world, office_document(world, DEPARTMENT), 99)
    content = (find(forged, world.blobs) or "").split(".")[1]
    bare = replace(packet, attachments=packet.attachments[:-1])
    return put(bare, f"{header}.{content}.{signature}", world.blobs)


def no_envelope_at_all(world: World, packet: Any) -> Any:
    return put(replace(packet, attachments=packet.attachments[:-1]), "xin chao", world.blobs)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (other_file, "envelope_packet_differs"),
        (other_number, "envelope_signature_wrong"),
        (no_envelope_at_all, "envelope_malformed"),
    ],
)
def test_an_altered_packet_is_taken_as_one_without_and_says_why(
    world: World, spoil: Callable[[World, Any], Any], reason: str
) -> None:
    world.register(OFFICE, service_key(OFFICE))
    world.project()
    packet = by_office(world, office_document(world, DEPARTMENT), 41)
    world.from_office(spoil(world, packet), "edoc")
    world.poll(FETCHES - 1)
    assert world.messages("packet", "PacketArrived") == []
    world.poll()
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.envelope, arrived.pair_number) == (reason, 0)
    # What is no envelope of ours is a file like others: nothing is hidden.
    assert [file.name for file in arrived.files] == ["7816.pdf", NAME]
    assert world.numbers(tables.pair_received) == {}
    assert {each.status for each in world.office.sent("edoc")} == {"done"}


def test_an_envelope_for_somebody_else_is_not_believed(world: World) -> None:
    world.register(OFFICE, service_key(OFFICE))
    world.project()
    elsewhere = (PairNumber(recipient="H41", number=3),)
    packet = by_office(world, office_document(world, DEPARTMENT), numbers=elsewhere)
    world.from_office(packet, "edoc")
    world.poll()
    (arrived,) = world.messages("packet", "PacketArrived")
    assert (arrived.envelope, arrived.pair_number) == ("envelope_recipient_wrong", 0)


# Statuses that come


def heard(world: World, spoil: Callable[[Any], Any] = lambda packet: packet) -> Any:
    """The Government Office tells 03 on a document of the province; what is recorded of it."""
    world.register(OFFICE, service_key(OFFICE))
    world.issue(OFFICE)
    world.settle()
    foreign = world.for_office("edoc")[0].header.document_id
    world.from_office(spoil(by_office(world, office_status(foreign, "03"), 5)), "status")
    world.poll(FETCHES)
    (told,) = world.messages("delivery", "StatusReceived")
    return told


def test_a_good_envelope_of_a_status_says_who_and_when(world: World) -> None:
    told = heard(world)
    assert (told.envelope, told.pair_number) == ("good", 5)
    assert told.unit == "Vụ Tổng hợp"
    assert read_text(world.blobs, told.staff) == {"full_name": "Phạm Thị Thật"}
    assert told.done_at == "2026-11-21T01:00:00.250000Z"
    assert told.told_at == "2026-11-21T01:00:00.000000Z"
    assert world.numbers(tables.pair_received) == {(OFFICE, PROVINCE): numbers(5, kind="status")}


def other_status(packet: Any) -> Any:
    return replace(packet, header=replace(packet.header, status_code="06"))


def other_second(packet: Any) -> Any:
    later = packet.header.timestamp + timedelta(seconds=1)
    return replace(packet, header=replace(packet.header, timestamp=later))


@pytest.mark.parametrize("spoil", [other_status, other_second])
def test_a_status_with_a_bad_envelope_is_kept_and_names_nobody(
    world: World, spoil: Callable[[Any], Any]
) -> None:
    told = heard(world, spoil)
    assert (told.envelope, told.pair_number) == ("envelope_packet_differs", 0)
    assert (told.staff, told.done_at) == ("", "")
    (delivery,) = world.dispatch(UUID(told.document_id))["deliveries"]
    (step,) = delivery["steps"]
    assert (step["handler"], step["unit"]) == (None, "Vụ I")
    assert step["envelope"]["verdict"] == "envelope_packet_differs"
    assert step["envelope"]["vi"] == "Gói tin khác với nội dung phong bì"


def test_a_number_that_counts_packets_to_another_agency_is_not_taken(world: World) -> None:
    def to_the_department(packet: Any) -> Any:
        bare = replace(packet, attachments=())
        about = replace(bare.header.response_for, organ_id=CODES[DEPARTMENT])
        return by_office(world, replace(bare, header=replace(bare.header, response_for=about)), 5)

    told = heard(world, to_the_department)
    assert (told.envelope, told.pair_number, told.staff) == ("envelope_recipient_wrong", 0, "")


def test_names_put_beside_a_good_envelope_are_not_taken(world: World) -> None:
    def other_name(packet: Any) -> Any:
        staff = edxml.StaffInfo(department="Vụ khác", staff="Kẻ Mạo Danh")
        return replace(packet, header=replace(packet.header, staff=staff))

    told = heard(world, other_name)
    assert told.envelope == "good"
    assert read_text(world.blobs, told.staff) == {"full_name": "Phạm Thị Thật"}


def test_the_same_status_from_the_axis_again_changes_nothing(world: World) -> None:
    told = heard(world)
    foreign = "H25,2026/11/20,05/CT-UBND"
    again = by_office(world, office_status(foreign, "03"), 5, made_at=datetime.now(UTC))
    world.from_office(again, "status")
    world.poll()
    assert world.messages("delivery", "StatusReceived") == [told]


def test_late_and_mixed_statuses_stand_in_their_places(world: World) -> None:
    world.register(OFFICE, service_key(OFFICE))
    document = world.issue(OFFICE)
    world.settle()
    foreign = world.for_office("edoc")[0].header.document_id
    base = datetime(2026, 11, 21, 8, 0, 0)  # noqa: DTZ001 - as the format writes it
    here = datetime(2026, 11, 21, 1, 0, 0, tzinfo=UTC)

    def status(code: str, seconds: float, sealed: bool) -> Any:
        at = here + timedelta(seconds=seconds)
        second = base + timedelta(seconds=int(seconds))
        packet = office_status(foreign, code, timestamp=second)
        step = Step(status=code, agency=CODES[OFFICE], at=at)
        return by_office(world, packet, int(code), step=step) if sealed else packet

    for packet in (
        status("06", 20.5, True),
        status("05", 10.75, True),
        status("04", 10, False),
        status("03", 4.25, True),
        status("01", 1, False),
    ):
        world.from_office(packet, "status")
    world.poll()
    (delivery,) = world.dispatch(document)["deliveries"]
    steps = delivery["steps"]
    assert [each["code"] for each in steps] == ["01", "03", "04", "05", "06"]
    assert [each["seconds"] for each in steps[1:]] == [3.25, 5.75, 0.75, 9.75]
    assert delivery["processing"]["code"] == "06"
    assert delivery["processing"]["reopened"] is False
