"""What every driver promises of its axis, each fault of the axis included.

By the field's error table a refusal (10 to 23) is not tried again, and the network's failures and
5xx are: `AxisRefused` is the one, `AxisUnreachable` the other. Drivers never try again themselves.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from libs.blobs import open_store
from libs.edxml import MalformedPacket, read
from services.interconnect.axis import (
    AxisAgency,
    AxisClient,
    AxisRefused,
    AxisUnreachable,
    MessageType,
    national,
)
from services.interconnect.axis import reply as axis_reply
from tests.support.axis import document_packet, status_packet
from tests.support.axis_drivers import (
    DRIVERS,
    MANY,
    OTHER,
    RECIPIENT,
    SENDER,
    SYSTEMS,
    FaultyAxis,
    seeded_store,
    serving,
)
from tools.axis.faults import FAULTS

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(seeded_store(tmp_path_factory.mktemp("axis"))) as url:
        yield url


@pytest.fixture(params=DRIVERS)
def axis(request: pytest.FixtureRequest, url: str) -> Iterator[FaultyAxis]:
    """The axis without faults and with nothing waiting, before and after."""
    axis = FaultyAxis(url, request.param)
    axis.plan()
    yield axis
    axis.plan()
    for system in SYSTEMS:
        client = axis.client(system)
        for row in client.waiting("edoc") + client.waiting("status"):
            client.acknowledge(row.doc_id, taken=row.to, failed=())


@pytest.fixture
def office(axis: FaultyAxis) -> AxisClient:
    return axis.client("office")


@pytest.fixture
def province(axis: FaultyAxis) -> AxisClient:
    """Logged in, where that is needed."""
    client = axis.client("province")
    assert client.waiting("edoc") == []
    return client


def send(
    client: AxisClient,
    packet: bytes | None = None,
    message_type: MessageType = "edoc",
    recipients: Sequence[str] = (),
) -> str:
    packet = packet or a_packet()
    return client.send(
        BytesIO(packet),
        message_type=message_type,
        sender=SENDER if message_type == "edoc" else RECIPIENT,
        recipients=recipients,
        sha256=sha256(packet).hexdigest(),
    )


def a_packet(*recipients: str) -> bytes:
    """A document packet whose bytes were never sent before."""
    return document_packet(SENDER, recipients or [RECIPIENT], f"Số {uuid4()}")


def listed(client: AxisClient, kind: MessageType = "edoc") -> list[str]:
    return [row.doc_id for row in client.waiting(kind)]


def fetch(client: AxisClient, doc_id: str) -> bytes:
    into = BytesIO()
    client.fetch(doc_id, into, 10_000_000)
    return into.getvalue()


# What it does


def test_a_document_reaches_each_recipient_byte_for_byte(
    axis: FaultyAxis, office: AxisClient
) -> None:
    packet = a_packet(RECIPIENT, OTHER, "H41") + b"<!--" + bytes(range(32, 127)) * 9999 + b"-->"
    doc_id = send(office, packet)
    for system, codes in (("province", {RECIPIENT, OTHER}), ("other", {"H41"})):
        client = axis.client(system)
        (row,) = client.waiting("edoc")
        assert (row.doc_id, row.message_type, row.from_) == (doc_id, "edoc", SENDER)
        assert (set(row.to), row.status) == (codes, "initial")
        assert fetch(client, doc_id) == packet
    assert office.waiting("edoc") == []


def test_a_status_goes_back_to_the_documents_sender(
    office: AxisClient, province: AxisClient
) -> None:
    packet = status_packet(RECIPIENT, SENDER, "03") + f"<!--{uuid4()}-->".encode()
    doc_id = send(province, packet, "status")
    (row,) = office.waiting("status")
    assert (row.doc_id, row.message_type, row.to) == (doc_id, "status", (SENDER,))
    assert fetch(office, doc_id) == packet
    assert office.waiting("edoc") == []


def test_a_document_goes_to_some_of_its_recipients_alone(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    packet = a_packet(RECIPIENT, "nobody", "H41", OTHER)
    doc_id = send(office, packet, recipients=[OTHER, RECIPIENT])
    (row,) = province.waiting("edoc")
    assert (row.doc_id, set(row.to)) == (doc_id, {RECIPIENT, OTHER})
    assert axis.client("other").waiting("edoc") == []
    assert fetch(province, doc_id)[-150:] == packet[-150:]
    assert send(office, packet, recipients=[OTHER, RECIPIENT]) == doc_id


def test_a_document_goes_to_very_many_of_its_recipients(
    axis: FaultyAxis, office: AxisClient
) -> None:
    packet = a_packet(RECIPIENT, *MANY)
    portions = office.portions(BytesIO(packet), MANY)
    assert [code for portion in portions for code in portion] == MANY
    (doc_id,) = {send(office, packet, recipients=portion) for portion in portions}
    (row,) = axis.client("many").waiting("edoc")
    assert (row.doc_id, set(row.to)) == (doc_id, set(MANY))
    assert axis.client("province").waiting("edoc") == []
    axis.client("many").acknowledge(doc_id, taken=row.to, failed=())
    assert axis.client("many").waiting("edoc") == []


def test_what_is_for_all_in_the_packet_goes_in_one_call(office: AxisClient) -> None:
    packet = BytesIO(a_packet(*MANY))
    assert office.portions(packet, MANY) == [MANY]
    assert packet.tell() == 0


def test_the_same_packet_again_keeps_its_id_and_is_delivered_once(
    office: AxisClient, province: AxisClient
) -> None:
    packet = a_packet()
    doc_id = send(office, packet)
    assert send(office, packet) == doc_id
    assert listed(province) == [doc_id]
    province.acknowledge(doc_id, taken=[RECIPIENT], failed=())
    assert send(office, packet) == doc_id
    assert listed(province) == []


def test_what_waits_is_listed_oldest_first_and_all_of_it(
    office: AxisClient, province: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(national, "_PAGE", 2)
    sent = [send(office, a_packet(RECIPIENT, OTHER)) for _ in range(5)]
    assert listed(province) == sent


@pytest.mark.parametrize("taken", [[RECIPIENT, OTHER], [RECIPIENT], []])
def test_what_was_acknowledged_is_listed_no_more_and_may_be_again(
    office: AxisClient, province: AxisClient, taken: list[str]
) -> None:
    doc_id = send(office, a_packet(RECIPIENT, OTHER))
    failed = [code for code in (RECIPIENT, OTHER) if code not in taken]
    for _ in range(2):
        province.acknowledge(doc_id, taken=taken, failed=failed)
        assert province.waiting("edoc") == []


def test_the_sender_sees_what_became_of_a_days_documents_where_the_axis_tells(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    doc_id = send(office, a_packet(RECIPIENT, "H41"))
    send(province, status_packet(RECIPIENT, SENDER, "03"), "status")
    province.acknowledge(doc_id, taken=(), failed=[RECIPIENT])
    today = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
    rows = [each for day in (today, today - DAY) for each in office.sent_on(day)]
    found = {each.to: each.status for each in rows if each.doc_id == doc_id}
    listed = {RECIPIENT: "fail", "H41": "initial"}
    assert found == ({} if axis.driver == "province" else listed)
    assert {each.message_type for each in rows} <= {"edoc"}
    assert list(office.sent_on(today + DAY)) == []


def test_of_very_many_sent_documents_all_pages_are_asked_for(
    axis: FaultyAxis, office: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(national, "_PAGE", 3)
    monkeypatch.setattr(national, "_MOST_PAGES", 10_000)
    sent = {send(office) for _ in range(5)}
    today = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
    rows = [each for day in (today - DAY, today) for each in office.sent_on(day)]
    found = [each.doc_id for each in rows if each.doc_id in sent]
    assert len(found) == (0 if axis.driver == "province" else 5)
    assert set(found) <= sent


def test_more_than_the_limit_is_refused(office: AxisClient, province: AxisClient) -> None:
    packet = a_packet() + b" " * 100_000
    doc_id = send(office, packet)
    into = BytesIO()
    province.fetch(doc_id, into, len(packet))
    assert into.getvalue() == packet
    with pytest.raises(AxisRefused) as refused:
        province.fetch(doc_id, BytesIO(), len(packet) - 1)
    assert refused.value.code == "too-large"


def test_an_agency_of_ours_can_be_delivered_to(axis: FaultyAxis, office: AxisClient) -> None:
    """The national axis is told; in a province's its operators enter agencies."""
    client = axis.client("province")
    client.register_agency(AxisAgency("1", "", RECIPIENT, "Ủy ban", "a@b.vn"))
    new = AxisAgency("2", "", f"H42.{uuid4().hex[:6]}", "Xã mới", "a@b.vn")
    if axis.driver == "province":
        with pytest.raises(AxisRefused) as refused:
            client.register_agency(new)
        assert refused.value.code == "19"
    else:
        client.register_agency(new)
        assert client.waiting("edoc") == []
        doc_id = send(office, a_packet(new.code))
        assert listed(client) == [doc_id]


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (document_packet(SENDER, ["nobody"]), "18"),
        (document_packet("H42", [RECIPIENT]), "19"),
        (b"<edXML>", "22"),
    ],
)
def test_a_refusal_is_told_with_its_code(
    office: AxisClient, province: AxisClient, packet: bytes, code: str
) -> None:
    with pytest.raises(AxisRefused) as refused:
        send(office, packet)
    assert refused.value.code == code
    assert listed(province) == []


def test_a_wrong_secret_is_refused_and_not_repeated(axis: FaultyAxis) -> None:
    with pytest.raises(AxisRefused) as refused:
        axis.client("province", secret="guess").waiting("edoc")
    assert refused.value.code == "15"
    assert "guess" not in str(refused.value)


@pytest.mark.parametrize("call", ["fetch", "acknowledge"])
def test_a_packet_for_another_system_is_refused(
    axis: FaultyAxis, office: AxisClient, call: str
) -> None:
    doc_id = send(office)
    stranger = axis.client("other")
    with pytest.raises(AxisRefused) as refused:
        if call == "fetch":
            fetch(stranger, doc_id)
        else:
            stranger.acknowledge(doc_id, taken=["H41"], failed=())
    assert refused.value.code == "21"


# One test for each fault


def test_late_packets_are_listed_sooner_or_later(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    sent = [send(office) for _ in range(6)]
    axis.plan(late={"times": 2})
    first, second, third = listed(province), listed(province), listed(province)
    assert set(first) < set(sent)
    assert set(second) < set(sent)
    assert third == sent


def test_duplicates_are_seen_once_and_again_after_they_are_done(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    axis.plan(duplicate={})
    doc_id = send(office)
    assert listed(province) == [doc_id]
    province.acknowledge(doc_id, taken=[RECIPIENT], failed=())
    assert province.waiting("status") == []
    assert listed(province) == [doc_id]
    # What the client does with it again is allowed, and changes nothing.
    assert fetch(province, doc_id)
    province.acknowledge(doc_id, taken=[RECIPIENT], failed=())
    assert listed(province) == []


def test_reordered_packets_are_all_listed(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    sent = [send(office) for _ in range(8)]
    axis.plan(reordered={})
    found = listed(province)
    assert found != sent
    assert sorted(found) == sorted(sent)


def test_a_truncated_packet_is_fetched_and_is_no_packet(
    axis: FaultyAxis, office: AxisClient, province: AxisClient, tmp_path: Path
) -> None:
    """The interfaces give no hash with a packet: only its reader can notice.

    It is refused as not well-formed, never taken for a shorter document; asked for again, it is
    whole.
    """
    packet = a_packet()
    doc_id = send(office, packet)
    axis.plan(truncated={"times": 1, "methods": axis.method("fetch")})
    half = fetch(province, doc_id)
    assert half == packet[: len(packet) // 2]
    with pytest.raises(MalformedPacket, match="xml_invalid"):
        read(BytesIO(half), open_store(f"file://{tmp_path}"))
    assert fetch(province, doc_id) == packet


def test_a_damaged_packet_is_fetched_and_asked_for_again_it_is_whole(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    """Its envelope, or the signatures in it, tell the difference."""
    content = b"<ContentTransferEncoded>AAAA</ContentTransferEncoded>"
    packet = a_packet().replace(b"</edXML>", content + b"</edXML>")
    doc_id = send(office, packet)
    axis.plan(damaged={"times": 1, "methods": axis.method("fetch")})
    assert fetch(province, doc_id) == packet.replace(b">AAAA", b">BAAA")
    assert fetch(province, doc_id) == packet


def test_an_axis_before_downloads_gives_packets_too(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    packet = a_packet()
    doc_id = send(office, packet)
    axis.plan(old={})
    assert [fetch(province, doc_id) for _ in range(2)] == [packet, packet]
    assert axis.happened("old") == (0 if axis.driver == "province" else 1)


def test_a_wrong_hash_is_a_refusal_and_nothing_is_delivered(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    packet = a_packet()
    axis.plan(wrong_hash={"methods": ["sendEdoc"]})
    with pytest.raises(AxisRefused) as refused:
        send(office, packet)
    assert refused.value.code == "10"
    assert listed(province) == []
    axis.plan()
    # Whoever sends it again all the same is served.
    assert [send(office, packet)] == listed(province)


def with_hash(zeros: bool) -> bytes:
    """A packet in whose hash there are padding zeros, or none."""
    packets = (a_packet() for _ in range(10_000))
    return next(p for p in packets if any(byte < 16 for byte in sha256(p).digest()) == zeros)


def test_an_axis_that_compares_hashes_as_the_sdk_writes_them_is_served_so(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    axis.plan(sdk_hash={})
    sent = [send(office, with_hash(zeros=True)) for _ in range(3)]
    assert listed(province) == sent
    # The first packet was refused once; from then on it is known what the axis takes.
    assert axis.happened("sdk_hash") == (3 if axis.driver == "province" else 4)
    if axis.driver != "province":
        agencies = [AxisAgency(f"H99.{n}", "", f"H99.{n}", "Sở", "m@example.vn") for n in range(9)]
        for agency in agencies:
            province.register_agency(agency)
        assert set(agencies) <= set(axis.client("province").agencies())  # type: ignore[attr-defined]
        assert axis.happened("sdk_hash") > 4


def test_a_refused_packet_whose_hash_has_one_rendering_is_not_repeated(
    axis: FaultyAxis, office: AxisClient
) -> None:
    for zeros, calls in ((False, 1), (True, 1 if axis.driver == "province" else 2)):
        axis.plan(wrong_hash={"methods": ["sendEdoc"]})
        with pytest.raises(AxisRefused):
            send(office, with_hash(zeros=zeros))
        assert axis.happened("wrong_hash") == calls


def test_a_server_error_may_be_tried_again_and_nothing_was_done(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    packet = a_packet()
    axis.plan(server_error={"times": 1})
    with pytest.raises(AxisUnreachable, match="HTTP 503"):
        send(office, packet)
    assert listed(province) == []
    assert [send(office, packet)] == listed(province)


def test_an_error_of_the_axis_own_is_told_from_its_absence(
    axis: FaultyAxis, office: AxisClient, province: AxisClient
) -> None:
    packet = a_packet()
    for fault, failing in (("system_error", True), ("server_error", False)):
        axis.plan(1, **{fault: {"times": 1}})
        with pytest.raises(AxisUnreachable) as unreachable:
            send(office, packet)
        assert unreachable.value.failing is failing
    assert [send(office, packet)] == listed(province)


def test_a_rate_limit_keeps_us_away_for_as_long_as_it_says(
    axis: FaultyAxis, province: AxisClient
) -> None:
    axis.plan(rate_limit={"times": 1})
    with pytest.raises(AxisUnreachable, match="HTTP 429") as limited:
        listed(province)
    assert limited.value.seconds == 1
    with pytest.raises(AxisUnreachable, match="come again later") as kept_away:
        listed(province)
    assert 0 < kept_away.value.seconds <= 1
    assert axis.happened("rate_limit") == 1
    assert listed(axis.client("province")) == []


def test_a_wrong_clock_is_a_refusal_of_the_account(axis: FaultyAxis, province: AxisClient) -> None:
    """What is signed is refused (15), which is for people to mend; a token is taken anew."""
    axis.plan(wrong_clock={"times": 1})
    if axis.driver == "province":
        assert listed(province) == []
        assert axis.happened("wrong_clock") == 1
        return
    with pytest.raises(AxisRefused) as refused:
        listed(province)
    assert refused.value.code == "15"
    assert listed(province) == []


@pytest.mark.parametrize("what", ["send", "list", "fetch", "acknowledge"])
def test_a_cut_connection_may_be_tried_again_though_all_was_done(
    axis: FaultyAxis, office: AxisClient, province: AxisClient, what: str
) -> None:
    packet = a_packet()
    doc_id = send(office, packet)
    calls: dict[str, Callable[[], Any]] = {
        "send": lambda: send(office, packet),
        "list": lambda: listed(province),
        "fetch": lambda: fetch(province, doc_id),
        "acknowledge": lambda: province.acknowledge(doc_id, taken=[RECIPIENT], failed=()),
    }
    axis.plan(cut={"times": 1, "methods": axis.method(what)})
    with pytest.raises(AxisUnreachable):
        calls[what]()
    assert axis.happened("cut") == 1
    answers = {"send": doc_id, "list": [doc_id], "fetch": packet, "acknowledge": None}
    assert calls[what]() == answers[what]
    assert listed(province) == ([] if what == "acknowledge" else [doc_id])


def test_a_slow_body_is_cut_off_and_may_be_tried_again(
    axis: FaultyAxis, office: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(axis_reply, "SLOWEST", 10**9)
    doc_id = send(office)
    hasty = axis.client("province", timeout=0.2)
    assert listed(hasty) == [doc_id]
    axis.plan(slow={"times": 1})
    with pytest.raises(AxisUnreachable, match="too slow"):
        listed(hasty)
    assert listed(hasty) == [doc_id]


def test_every_fault_has_a_test() -> None:
    tested = {
        "late",
        "duplicate",
        "reordered",
        "truncated",
        "damaged",
        "old",
        "wrong_hash",
        "sdk_hash",
        "server_error",
        "system_error",
        "rate_limit",
        "wrong_clock",
        "cut",
        "slow",
    }
    assert tested == FAULTS.keys()
