"""Packets from the axis: taken once, kept whole, and never believed."""

import io
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, text

from libs import edxml
from libs.db.script import run_script
from libs.messaging.positions import Positions
from services.interconnect import poller, queries, wire_names
from services.interconnect.axis import (
    AxisAgency,
    AxisRefused,
    AxisUnreachable,
    NationalAxis,
    Sink,
)
from services.interconnect.backlog import Backlog
from services.interconnect.collector import FETCHES, REFUSALS
from services.interconnect.metrics import AXIS_POLLED
from services.interconnect.poller import Poller
from services.interconnect.tables import sent_name, wire_name
from services.interconnect.texts import read_text
from tests.support.axis import document_packet, status_packet
from tests.support.interconnect_world import (
    CODES,
    COMMUNE,
    DEPARTMENT,
    LIMIT,
    OFFICE,
    PDF,
    PROVINCE,
    World,
    office_document,
    office_status,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


_MANY = tuple(edxml.ReplacementInfo(document_id=str(number)) for number in range(201))
REPLACES_TOO_MANY = edxml.Trace(business=edxml.Business(doc_type="3", replacements=_MANY))


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


class DyingClient(NationalAxis):
    """The real client of a process that dies before it can say what became of a packet."""

    dead = True
    never: frozenset[str] = frozenset()
    why: Exception = AxisUnreachable("HTTP 500")

    def fetch(self, doc_id: str, into: Sink, limit: int) -> None:
        if doc_id in self.never:
            raise self.why
        super().fetch(doc_id, into, limit)

    def acknowledge(self, doc_id: str, *, taken: Sequence[str], failed: Sequence[str]) -> None:
        if self.dead:
            raise AxisUnreachable("killed here")
        super().acknowledge(doc_id, taken=taken, failed=failed)


def desk(world: World) -> list[tuple[str, str]]:
    with world.database.unit() as unit:
        rows = queries.desk(unit.connection, None, 50)
    return [(row["kind"], row["reason_code"]) for row in rows]


def settled(world: World) -> dict[str, str]:
    """What the axis was told, by recipient."""
    return {each.to: each.status for kind in ("edoc", "status") for each in world.office.sent(kind)}


def send_raw(world: World, data: bytes, kind: str = "edoc") -> str:
    digest = world.blobs.put_bytes(data).digest
    return world.office.send(
        io.BytesIO(data),
        message_type=kind,  # type: ignore[arg-type]
        sender=CODES[OFFICE],
        sha256=digest,
    )


def test_the_axis_knows_every_code_in_force_of_our_agencies(world: World) -> None:
    codes = {agency.code for agency in world.office.agencies()}
    assert codes == {CODES[PROVINCE], CODES[DEPARTMENT], CODES[COMMUNE], CODES[OFFICE]}


def test_a_packet_arrives_once_for_each_recipient_of_ours(world: World) -> None:
    doc_id = world.from_office(office_document(world, PROVINCE, DEPARTMENT), "edoc")
    world.poll()
    world.poll()
    facts = {each.recipient_code: each for each in world.messages("packet", "PacketArrived")}
    assert set(facts) == {"H25", "H25.13"}
    fact = facts["H25"]
    assert (fact.sender_id, fact.recipient_id) == (str(OFFICE), str(PROVINCE))
    assert (fact.channel, fact.axis_doc_id) == ("axis", doc_id)
    assert fact.foreign_id == "000.00.00.G22,2026/11/19,7816/VPCP-TTĐT"
    assert (fact.code, fact.issued_on, fact.urgency) == ("7816/VPCP-TTĐT", "2026-11-19", 2)
    assert (fact.type_name, fact.sender_code) == ("Công văn", CODES[OFFICE])
    assert read_text(world.blobs, fact.text) == {
        "subject": "V/v kết nối, liên thông",
        "summary": "",
        "signer": {"competence": "TL.", "position": "Cục trưởng", "full_name": "Trần Mẫu"},
    }
    (file,) = fact.files
    assert (file.name, world.blobs.read(file.digest)) == ("7816.pdf", PDF)
    assert settled(world) == {"H25": "done", "H25.13": "done"}
    assert {event.agency for event in world.events("packet")} == {str(PROVINCE), str(DEPARTMENT)}
    assert len({event.trace for event in world.events("packet")}) == 1


def test_a_crash_before_the_axis_is_told_repeats_without_a_trace(world: World) -> None:
    world.from_office(office_document(world, PROVINCE, DEPARTMENT), "edoc")
    client = DyingClient(world.axis.url, "province", "province-secret")
    dying = Poller(world.database, world.blobs, client, LIMIT, "m@example.vn", Backlog(0))
    dying.poll()
    before = [event.event_id for event in world.events("packet")]
    assert len(before) == 2
    assert settled(world) == {"H25": "initial", "H25.13": "initial"}
    client.dead = False
    dying.poll()
    assert [event.event_id for event in world.events("packet")] == before
    assert settled(world) == {"H25": "done", "H25.13": "done"}


def test_an_answer_from_the_axis_joins_the_trace_of_what_it_answers(world: World) -> None:
    trace = UUID(int=77)
    asked = world.issue(OFFICE, trace=trace)
    world.settle()
    (asking,) = world.for_office("edoc")
    about = edxml.ResponseFor(
        organ_id="H25", code="05/CT-UBND", document_id=asking.header.document_id
    )
    world.from_office(office_document(world, PROVINCE, responses=(about,)), "edoc")
    world.poll()
    (event,) = world.events("packet", "PacketArrived")
    (fact,) = world.messages("packet", "PacketArrived")
    assert (event.trace, fact.answers) == (trace, str(asked))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"doc_type": "4"}, "business_not_supported"),
        ({"doc_type": "2"}, "earlier_unnamed"),
        ({"document_id": "x" * 201}, "text_too_long"),
        ({"trace": REPLACES_TOO_MANY}, "replaces_too_many"),
    ],
)
def test_what_may_not_pass_for_a_new_document_goes_to_the_desk(
    world: World, changes: dict[str, str], reason: str
) -> None:
    world.from_office(office_document(world, PROVINCE, **changes), "edoc")
    world.poll()
    world.poll()
    assert desk(world) == [("unreadable", reason)]
    assert settled(world) == {"H25": "fail"}
    assert world.messages("packet", "PacketArrived") == []


def test_bytes_that_are_no_good_packet_are_kept_on_the_desk(world: World) -> None:
    data = document_packet(CODES[OFFICE], ["H25"])
    doc_id = send_raw(world, data)
    world.poll(FETCHES - 1)
    assert settled(world) == {"H25": "initial"}
    world.poll()
    (unreadable,) = world.messages("packet", "PacketUnreadable")
    assert (unreadable.axis_doc_id, unreadable.reason_code) == (doc_id, "missing_element")
    assert world.blobs.read(unreadable.packet) == data
    assert settled(world) == {"H25": "fail"}


def test_a_packet_damaged_on_its_way_is_fetched_again_before_fail_is_told(world: World) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.axis.plan(truncated={"times": FETCHES - 1})
    world.poll(FETCHES)
    assert world.axis.happened() == {"truncated": FETCHES - 1}
    assert desk(world) == []
    assert settled(world) == {"H25": "done"}


def test_large_documents_keep_no_small_one_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "SMALL", 20_000)
    large = edxml.StaffInfo(staff="x" * 30_000)
    business = edxml.Business(doc_type="0", staff=(large,))
    trace = edxml.Trace(business=business)
    world.from_office(office_document(world, PROVINCE, document_id="large", trace=trace), "edoc")
    world.from_office(office_document(world, PROVINCE, document_id="small"), "edoc")
    for _ in range(2):
        world.poller.documents()
        found = [each.foreign_id for each in world.messages("packet", "PacketArrived")]
        assert found == ["small"]
    world.poller.large()
    world.poller.documents()
    found = [each.foreign_id for each in world.messages("packet", "PacketArrived")]
    assert found == ["small", "large"]
    assert settled(world) == {"H25": "done"}


def never_giving(world: World, *never: str, why: Exception | None = None) -> DyingClient:
    """A living client of an axis that does not give these packets out."""
    client = DyingClient(world.axis.url, "province", "province-secret")
    client.dead, client.never = False, frozenset(never)
    client.why = why or client.why
    return client


def poller_by(world: World, client: NationalAxis, seconds: float = 0) -> Poller:
    return Poller(world.database, world.blobs, client, LIMIT, "m@example.vn", Backlog(seconds))


def named(world: World) -> list[str]:
    return [each.foreign_id for each in world.messages("packet", "PacketArrived")]


class Rounds(threading.Event):
    """Ends a lane after so many rounds, and keeps how long it would have waited after each."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        if len(self.waits) == self._most:
            self.set()
        return self.is_set()


class PickyClient(NationalAxis):
    """The real client of an axis that does not answer about these agencies; notes who was tried."""

    silent: frozenset[str] = frozenset()

    def __init__(self, world: World, *silent: str) -> None:
        super().__init__(world.axis.url, "province", "province-secret")
        self.silent, self.tried = frozenset(silent), Counter[str]()

    def register_agency(self, agency: AxisAgency) -> None:
        self.tried[agency.code] += 1
        if agency.code in self.silent:
            raise AxisUnreachable("HTTP 500")
        super().register_agency(agency)


def found_agency(world: World, *codes: str) -> None:
    """The directory enters a new agency of ours for each of these codes."""
    for code in codes:
        agency = uuid4()
        world.tell(
            "directory",
            f"agency-{agency}",
            "AgencyRegistered",
            agency_id=str(agency),
            parent_id=str(PROVINCE),
            tier=3,
            name=f"Sở {code}",
            place="Hà Nam",
            channel="inside",
            codes=[{"code": code, "scheme": "qd20", "valid_from": "2020-01-01"}],
            short_sign="S",
            refuse_invalid=False,
        )
    world.project()


def registered(world: World) -> set[str]:
    return {agency.code for agency in world.office.agencies()} - set(CODES.values())


@pytest.mark.parametrize("fault", ["server_error", "wrong_clock"])
def test_documents_come_while_agencies_cannot_be_registered(world: World, fault: str) -> None:
    found_agency(world, "H25.71")
    world.axis.plan(**{fault: {"rate": 1, "methods": ["registerAgency"]}})  # type: ignore[arg-type]
    world.from_office(office_document(world, PROVINCE, document_id="first"), "edoc")
    world.poller.documents()
    assert (named(world), registered(world)) == (["first"], set())
    world.axis.plan()
    world.poller.documents()
    assert registered(world) == {"H25.71"}, "what was refused may pass"


@pytest.mark.parametrize("fault", ["server_error", "wrong_clock"])
def test_a_registration_that_fails_is_not_tried_in_every_round(world: World, fault: str) -> None:
    found_agency(world, "H25.71")
    world.axis.plan(**{fault: {"rate": 1, "methods": ["registerAgency"]}})  # type: ignore[arg-type]
    lane = poller_by(world, never_giving(world), seconds=600)
    for _ in range(5):
        lane.documents()
    assert world.axis.happened()[fault] <= 2


def test_an_agency_that_the_axis_does_not_answer_about_keeps_no_other_waiting(world: World) -> None:
    codes = ("H25.71", "H25.72", "H25.73")
    found_agency(world, *codes)
    client = PickyClient(world, "H25.71", "H25.72")
    lane = poller_by(world, client)
    for _ in range(3):
        lane.documents()
    assert registered(world) == {"H25.73"}
    assert client.tried["H25.71"] + client.tried["H25.72"] <= 3, "no more than one in a round"


def test_a_packet_that_the_axis_never_gives_out_holds_back_no_other(world: World) -> None:
    first = world.from_office(office_document(world, PROVINCE, document_id="first"), "edoc")
    world.from_office(office_document(world, PROVINCE, document_id="second"), "edoc")
    poller_by(world, never_giving(world, first)).poll()
    assert named(world) == ["second"]


@pytest.mark.parametrize("bad", [3, 10])
def test_packets_that_the_axis_never_gives_out_hold_back_no_other(world: World, bad: int) -> None:
    never = [
        world.from_office(office_document(world, PROVINCE, document_id=f"never {n}"), "edoc")
        for n in range(bad)
    ]
    good = ["first", "second", "third"]
    lane = poller_by(world, never_giving(world, *never))
    for name in good:
        world.from_office(office_document(world, PROVINCE, document_id=name), "edoc")
        # Three of them end a round: each has been tried once before the first good one is.
        rounds = Rounds(bad // 3 + 1 if name == "first" else 1)
        lane.run("documents", 2, rounds)
        assert set(rounds.waits) == {2}, "the axis answers: the round need not wait for packets"
    assert named(world) == good


GONE = AxisRefused("http-404", "", 404)


def rounds_by(world: World, client: NationalAxis, rounds: int) -> None:
    lane = poller_by(world, client)
    for _ in range(rounds):
        lane.poll()
    world.project()


def test_a_packet_that_the_axis_refuses_to_give_out_stands_on_the_desk_until_it_comes(
    world: World,
) -> None:
    client = never_giving(world, world.from_office(office_document(world, PROVINCE), "edoc"))
    client.why = GONE
    rounds_by(world, client, REFUSALS - 1)
    assert desk(world) == []
    rounds_by(world, client, REFUSALS + 2)
    assert desk(world) == [("unreadable", "axis-http-404")]
    assert len(world.events("packet", "PacketUnreadable")) == 1
    assert settled(world) == {"H25": "initial"}, "nothing is told that may not be true"
    client.never = frozenset()
    rounds_by(world, client, 1)
    assert len(world.messages("packet", "PacketArrived")) == 1
    assert (desk(world), settled(world)) == ([], {"H25": "done"})


def test_what_was_refused_for_long_and_comes_as_no_good_packet_stands_there_as_that(
    world: World,
) -> None:
    client = never_giving(world, send_raw(world, document_packet(CODES[OFFICE], ["H25"])))
    client.why = GONE
    rounds_by(world, client, REFUSALS)
    client.never = frozenset()
    rounds_by(world, client, FETCHES)
    assert desk(world) == [("unreadable", "missing_element")]
    assert settled(world) == {"H25": "fail"}


def test_what_is_only_not_answered_is_not_held_against_a_packet(world: World) -> None:
    client = never_giving(world, world.from_office(office_document(world, PROVINCE), "edoc"))
    lane = poller_by(world, client)
    for why in [*[AxisUnreachable("HTTP 500")] * REFUSALS, GONE]:
        client.why = why
        lane.poll()
    world.project()
    assert desk(world) == []


def test_refusals_are_not_held_against_what_is_damaged_on_its_way(world: World) -> None:
    client = never_giving(world, world.from_office(office_document(world, PROVINCE), "edoc"))
    client.why = AxisRefused("15", "the clock")
    lane = poller_by(world, client)
    for _ in range(FETCHES):
        lane.poll()
    client.never = frozenset()
    world.axis.plan(truncated={"times": 1})
    lane.poll()
    assert world.axis.happened() == {"truncated": 1}
    assert settled(world) == {"H25": "initial"}
    lane.poll()
    assert settled(world) == {"H25": "done"}


def test_an_axis_that_is_away_is_left_alone_for_longer_each_time(world: World) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.axis.plan(server_error={"rate": 1})
    rounds = Rounds(6)
    world.poller.run("documents", 2, rounds)
    assert all(2**n <= wait <= 2 ** (n + 1) for n, wait in enumerate(rounds.waits, start=1))
    assert world.axis.happened() == {"server_error": 6}


def test_a_packet_over_the_limit_is_refused_unread(world: World) -> None:
    data = document_packet(CODES[OFFICE], ["H25"])
    send_raw(world, data[:-8] + b"<!--" + b"x" * LIMIT + b"--></edXML>")
    world.poll()
    assert desk(world) == [("unreadable", "axis-too-large")]
    assert settled(world) == {"H25": "fail"}


def test_a_bad_packet_keeps_no_other_from_arriving(world: World) -> None:
    send_raw(world, document_packet(CODES[OFFICE], ["H25"]))
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll(FETCHES)
    assert desk(world) == [("unreadable", "missing_element")]
    assert len(world.messages("packet", "PacketArrived")) == 1


def test_the_same_document_in_another_packet_does_not_arrive_again(world: World) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    world.from_office(office_document(world, PROVINCE, subject="other bytes"), "edoc")
    world.poll()
    assert len(world.messages("packet", "PacketArrived")) == 1
    assert desk(world) == [("unreadable", "document_known")]


@pytest.mark.parametrize("doc_type", ["0", "2", "3"])
def test_a_document_that_is_sent_again_is_ignored_and_not_called_failed(
    world: World, doc_type: str
) -> None:
    named = (edxml.ReplacementInfo(document_id="older", organ_ids=("H25",)),)
    business = edxml.Business(doc_type=doc_type, document_id="older", replacements=named)
    for clerk in ("Lê Thị Mẫu", "Trần Văn Mẫu"):
        sent_by = replace(business, staff=(edxml.StaffInfo(staff=clerk),))
        trace = edxml.Trace(business=sent_by)
        world.from_office(office_document(world, PROVINCE, trace=trace), "edoc")
        world.poll()
    assert len(world.messages("packet", "PacketArrived")) == 1
    assert desk(world) == []
    assert [each.status for each in world.office.sent("edoc")] == ["done", "done"]


def test_the_same_document_in_two_packets_of_one_round_arrives_once(world: World) -> None:
    world.from_office(office_document(world, PROVINCE, DEPARTMENT), "edoc")
    world.from_office(office_document(world, PROVINCE, subject="other bytes"), "edoc")
    world.poll()
    arrived = [each.recipient_code for each in world.messages("packet", "PacketArrived")]
    assert sorted(arrived) == ["H25", "H25.13"]
    assert desk(world) == [("unreadable", "document_known")]
    assert [each.status for each in world.office.sent("edoc") if each.to == "H25"] == [
        "done",
        "fail",
    ]


def test_what_came_before_names_were_kept_does_not_arrive_again(world: World) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    world.poll()
    migration = import_module("services.interconnect.migrations.versions.0008_wire_names")
    with world.database.unit() as unit:
        unit.connection.execute(delete(wire_name))
        unit.connection.execute(text(migration.ARRIVED))
    world.from_office(office_document(world, PROVINCE, subject="other bytes"), "edoc")
    world.poll()
    assert desk(world) == [("unreadable", "document_known")]


def test_what_went_out_before_names_were_kept_is_found_by_its_name(world: World) -> None:
    document = world.issue(DEPARTMENT)
    world.settle()
    migration = import_module("services.interconnect.migrations.versions.0009_sent_names")
    with world.database.unit() as unit:
        unit.connection.execute(delete(sent_name))
        run_script(migration.KNOWN, unit.connection)
        (arrived,) = world.messages("packet", "PacketArrived")
        assert wire_names.dispatches(unit.connection, arrived.foreign_id) == [document]


def test_a_recall_asks_for_the_newest_of_two_updates_of_one_name(world: World) -> None:
    original = office_document(world, PROVINCE)
    name = original.header.document_id
    update = edxml.Trace(business=edxml.Business(doc_type="2", document_id=name))
    for subject in ("first", "second"):
        world.from_office(office_document(world, PROVINCE, trace=update, subject=subject), "edoc")
        world.poll()
    second = world.messages("packet", "PacketArrived")[1]
    world.from_office(office_status(name, "13"), "status")
    world.poll()
    (asked,) = world.messages("packet", "RecallArrived")
    assert asked.packet_id == second.packet_id


def test_an_update_and_its_original_of_one_name_both_arrive_in_one_round(world: World) -> None:
    original = office_document(world, PROVINCE)
    business = edxml.Business(doc_type="2", document_id=original.header.document_id)
    update = office_document(world, PROVINCE, trace=edxml.Trace(business=business))
    world.from_office(update, "edoc")
    world.from_office(original, "edoc")
    world.poll()
    assert [each.business for each in world.messages("packet", "PacketArrived")] == ["update", ""]


def test_a_stranger_waits_on_the_axis_while_the_directory_lags_here(world: World) -> None:
    codes = [{"code": "G77", "scheme": "other", "valid_from": "2020-01-01"}]
    agency = UUID(int=9)
    world.tell(
        "directory",
        f"agency-{agency}",
        "AgencyRegistered",
        agency_id=str(agency),
        tier=1,
        name="Bộ mới",
        place="Hà Nội",
        channel="axis",
        codes=codes,
        short_sign="BM",
        refuse_invalid=False,
    )
    packet = office_document(world, PROVINCE)
    packet = replace(packet, header=replace(packet.header, sender=edxml.Agency(organ_id="G77")))
    world.from_office(office_document(world, PROVINCE), "edoc")
    newcomer = world.axis.client("office")
    newcomer.register_agency(AxisAgency(str(agency), "", "G77", "Bộ mới", "m@example.vn"))
    data = edxml.serialize(packet, world.blobs)
    digest = world.blobs.put_bytes(data).digest
    newcomer.send(io.BytesIO(data), message_type="edoc", sender="G77", sha256=digest)
    world.poller.poll()
    assert len(world.messages("packet", "PacketArrived")) == 1
    world.poller.poll()
    world.poller.poll()
    world.project()
    world.axis.plan(truncated={"times": 1})
    world.poll()
    assert world.axis.happened() == {"truncated": 1}
    assert world.events("packet", "PacketUnreadable") == [], "waiting was held against it"
    world.poll()
    assert {each.sender_id for each in world.messages("packet", "PacketArrived")} == {
        str(OFFICE),
        str(agency),
    }


def test_a_stranger_waits_on_the_axis_while_an_agency_waits_for_its_retry(world: World) -> None:
    packet = office_document(world, PROVINCE)
    packet = replace(packet, header=replace(packet.header, sender=edxml.Agency(organ_id="G77")))
    newcomer = world.axis.client("office")
    newcomer.register_agency(AxisAgency(str(UUID(int=9)), "", "G77", "Bộ mới", "m@example.vn"))
    data = edxml.serialize(packet, world.blobs)
    digest = world.blobs.put_bytes(data).digest
    newcomer.send(io.BytesIO(data), message_type="edoc", sender="G77", sha256=digest)
    agency = world.events("agency")[0]
    with world.database.unit() as unit:
        Positions(unit.connection, "interconnect.projections").set_aside(agency, "broken")
    world.poller.poll()
    assert world.events("packet") == []
    with world.database.unit() as unit:
        unit.connection.execute(text("DELETE FROM es.retry"))
    world.poll()
    assert desk(world) == [("unreadable", "sender_unknown")]


def test_only_one_process_polls_at_a_time(world: World) -> None:
    world.from_office(office_document(world, PROVINCE), "edoc")
    with world.poller._turn("documents") as mine:
        assert mine
        world.poll()
        assert world.events("packet") == []
    world.poll()
    assert len(world.events("packet")) == 1


def test_a_status_that_is_no_packet_is_failed(world: World) -> None:
    send_raw(world, status_packet(CODES[OFFICE], "H25", "03"), "status")
    world.poll(FETCHES)
    assert desk(world) == [("unreadable", "missing_element")]
    assert settled(world) == {"H25": "fail"}


def test_each_lane_tells_when_it_was_last_polled(world: World) -> None:
    AXIS_POLLED.clear()
    world.poll()
    samples = [sample for metric in AXIS_POLLED.collect() for sample in metric.samples]
    assert {sample.labels["lane"] for sample in samples} == set(world.poller.lanes)
