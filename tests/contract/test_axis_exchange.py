"""The axis' promises between its systems, over the real server process."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from services.interconnect.axis import (
    AxisAgency,
    AxisRefused,
    AxisUnreachable,
    MessageType,
    NationalAxis,
)
from tests.support.axis import RunningAxis, document_packet, running_axis, signed, status_packet
from tests.support.wait import eventually

OFFICE, NINH_BINH, NGHE_AN = "office", "ninh-binh", "nghe-an"
SYSTEMS = {OFFICE: ["000.00.00.G22"], NINH_BINH: ["H42", "H42.01"], NGHE_AN: ["H41"]}
SENDER = "000.00.00.G22"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAxis]:
    with running_axis(tmp_path_factory.mktemp("axis"), SYSTEMS) as axis:
        yield axis


@pytest.fixture
def axis(server: RunningAxis) -> Iterator[RunningAxis]:
    """The axis with nothing waiting for anybody."""
    yield server
    for system in SYSTEMS:
        client = server.client(system)
        for row in client.received("edoc") + client.received("status"):
            client.update_status(row.doc_id, "done")


def send(
    client: NationalAxis,
    packet: bytes,
    message_type: MessageType = "edoc",
    sender: str = SENDER,
    recipients: tuple[str, ...] = (),
) -> str:
    return client.send(
        BytesIO(packet),
        message_type=message_type,
        sender=sender,
        recipients=recipients,
        sha256=sha256(packet).hexdigest(),
    )


def a_document(recipients: list[str], subject: str = "") -> bytes:
    """A document packet whose bytes were never sent before."""
    return document_packet(SENDER, recipients, f"{subject} {uuid4()}")


def fetch(client: NationalAxis, doc_id: str) -> bytes:
    into = BytesIO()
    client.fetch(doc_id, into, limit=10_000_000)
    return into.getvalue()


def test_a_document_reaches_each_recipient_byte_for_byte(axis: RunningAxis) -> None:
    packet = a_document(["H42", "H41"]) + b"<!--" + b"x" * 1_000_003 + b"-->"
    doc_id = send(axis.client(OFFICE), packet)
    for system, code in ((NINH_BINH, "H42"), (NGHE_AN, "H41")):
        (row,) = axis.client(system).received("edoc")
        assert (row.doc_id, row.from_, row.to, row.status) == (doc_id, SENDER, (code,), "initial")
        assert fetch(axis.client(system), doc_id) == packet
    assert axis.client(OFFICE).received("edoc") == []


def test_a_status_packet_goes_back_to_the_documents_sender(axis: RunningAxis) -> None:
    packet = status_packet("H42", SENDER, "03")
    send(axis.client(NINH_BINH), packet, "status", "H42")
    (row,) = axis.client(OFFICE).received("status")
    assert (row.message_type, row.from_, row.to) == ("status", "H42", (SENDER,))
    assert fetch(axis.client(OFFICE), row.doc_id) == packet
    assert axis.client(OFFICE).received("edoc") == []


def test_a_packet_for_two_agencies_of_one_system_is_listed_once(axis: RunningAxis) -> None:
    send(axis.client(OFFICE), a_document(["H42", "H42.01"]))
    (row,) = axis.client(NINH_BINH).received("edoc")
    assert set(row.to) == {"H42", "H42.01"}


def test_the_recipients_header_replaces_the_packets_own_list(axis: RunningAxis) -> None:
    packet = a_document(["H42", "H41"])
    send(axis.client(OFFICE), packet, recipients=("H42.01",))
    assert [row.to for row in axis.client(NINH_BINH).received("edoc")] == [("H42.01",)]
    assert axis.client(NGHE_AN).received("edoc") == []


def test_each_recipient_has_its_own_status_which_the_sender_sees(axis: RunningAxis) -> None:
    doc_id = send(axis.client(OFFICE), a_document(["H42", "H42.01", "H41"]))
    axis.client(NGHE_AN).update_status(doc_id, "fail")
    axis.client(NINH_BINH).update_status(doc_id, "done", recipients=["H42"])
    rows = axis.client(OFFICE).sent("edoc", page_size=1000)
    statuses = {row.to: row.status for row in rows if row.doc_id == doc_id}
    assert statuses == {"H42": "done", "H42.01": "initial", "H41": "fail"}


def test_what_is_done_or_failed_is_listed_no_more_and_stays_so(axis: RunningAxis) -> None:
    client = axis.client(NINH_BINH)
    doc_id = send(axis.client(OFFICE), a_document(["H42"]))
    client.update_status(doc_id, "processing")
    assert [row.status for row in client.received("edoc")] == ["processing"]
    client.update_status(doc_id, "done")
    client.update_status(doc_id, "done")
    assert client.received("edoc") == []
    with pytest.raises(AxisRefused, match="already done"):
        client.update_status(doc_id, "fail")


def test_the_same_bytes_again_keep_their_id_and_are_delivered_once(axis: RunningAxis) -> None:
    office, receiver = axis.client(OFFICE), axis.client(NINH_BINH)
    packet = a_document(["H42"])
    doc_id = send(office, packet)
    assert send(office, packet) == doc_id
    assert len(receiver.received("edoc")) == 1
    receiver.update_status(doc_id, "done")
    assert send(office, packet) == doc_id
    assert receiver.received("edoc") == []


def test_the_same_bytes_reach_a_recipient_added_later(axis: RunningAxis) -> None:
    packet = a_document(["H42", "H41"])
    doc_id = send(axis.client(OFFICE), packet, recipients=("H42",))
    assert send(axis.client(OFFICE), packet) == doc_id
    assert [row.doc_id for row in axis.client(NGHE_AN).received("edoc")] == [doc_id]


def test_pages_are_oldest_first_and_complete(axis: RunningAxis) -> None:
    sent = [send(axis.client(OFFICE), a_document(["H42", "H42.01"], f"số {n}")) for n in range(5)]
    client = axis.client(NINH_BINH)
    pages = [client.received("edoc", page_size=2, page=page) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [row.doc_id for page in pages for row in page] == sent


def test_a_registered_agency_receives_until_it_is_closed(axis: RunningAxis) -> None:
    client = axis.client(NINH_BINH)
    agency = AxisAgency("77", "H42", "H42.77", "Xã Liêm Tuyền", "xa@ninhbinh.gov.vn")
    client.register_agency(agency)
    assert agency in axis.client(OFFICE).agencies()
    send(axis.client(OFFICE), a_document(["H42.77"]))
    client.delete_agency("H42.77")
    assert agency not in axis.client(OFFICE).agencies()
    with pytest.raises(AxisRefused) as refused:
        send(axis.client(OFFICE), a_document(["H42.77"], "lần hai"))
    assert refused.value.code == "23"
    assert [row.to for row in client.received("edoc")] == [("H42.77",)]


def test_both_renderings_of_the_hash_are_accepted(axis: RunningAxis) -> None:
    packet = next(
        packet
        for packet in (a_document(["H42"], f"số {n}") for n in range(1000))
        if any(byte < 16 for byte in sha256(packet).digest())
    )
    short = "".join(f"{byte:x}" for byte in sha256(packet).digest())
    assert len(short) < 64
    headers = {"from": SENDER, "servicetype": "eDoc", "messagetype": "edoc"}
    replies = [
        axis.post("sendEdoc", signed(OFFICE, **headers, hash_file=rendering), packet)
        for rendering in (short, sha256(packet).hexdigest().upper())
    ]
    assert [reply["ErrorCode"] for reply in replies] == ["0", "0"]
    assert replies[0]["DocId"] == replies[1]["DocId"]


def test_a_download_gives_the_bytes_themselves(axis: RunningAxis) -> None:
    packet = a_document(["H42"])
    doc_id = send(axis.client(OFFICE), packet)
    headers = signed(NINH_BINH, docId=doc_id)
    assert requests.post(f"{axis.url}/downloadEdoc", headers=headers, timeout=5).content == packet


def test_every_request_is_one_json_line_without_secrets(axis: RunningAxis) -> None:
    before = len(axis.log.read_text().splitlines())
    doc_id = send(axis.client(OFFICE), a_document(["H42"]))
    with pytest.raises(AxisRefused):
        axis.client("stranger").received("edoc")
    lines = [json.loads(line) for line in axis.log.read_text().splitlines()[before:]]
    told = [(line["path"], line["http"], line.get("system"), line.get("code")) for line in lines]
    assert told == [
        ("/sendEdoc", 200, OFFICE, None),
        ("/getReceivedEdocList", 200, None, "15"),
    ]
    assert lines[0]["doc_id"] == doc_id
    assert "secret" not in axis.log.read_text()


def test_a_kill_loses_nothing_acknowledged_and_shows_nothing_half(tmp_path: Path) -> None:
    acknowledged: dict[str, bytes] = {}

    def send_until_it_breaks(axis: RunningAxis, life: int, sender: int) -> None:
        client = axis.client(OFFICE)
        for number in range(10_000):
            packet = a_document(["H42", "H41"], f"{life}.{sender}.{number}")
            try:
                acknowledged[send(client, packet)] = packet
            except AxisUnreachable:
                return

    def exceeds(number: int) -> bool:
        return len(acknowledged) > number

    for life in range(3):
        with running_axis(tmp_path, SYSTEMS) as axis:
            before = len(acknowledged)
            threads = [
                threading.Thread(target=send_until_it_breaks, args=(axis, life, sender))
                for sender in range(3)
            ]
            for thread in threads:
                thread.start()
            eventually(partial(exceeds, before + 10), within=20)
            axis.process.kill()
            for thread in threads:
                thread.join(timeout=20)
    with running_axis(tmp_path, SYSTEMS) as axis:
        listed = [axis.client(s).received("edoc", page_size=1000) for s in (NINH_BINH, NGHE_AN)]
        ids = [{row.doc_id for row in rows} for rows in listed]
        assert ids[0] == ids[1] >= acknowledged.keys()
        assert list((tmp_path / "incoming").iterdir()) == []
        for doc_id in ids[0]:
            packet = fetch(axis.client(NGHE_AN), doc_id)
            assert packet == acknowledged.get(doc_id, packet)
            assert packet.endswith(b"</edXML>")


def test_a_packet_whose_file_cannot_be_kept_is_not_shown(tmp_path: Path) -> None:
    packet = a_document(["H42"])
    with running_axis(tmp_path, SYSTEMS) as axis:
        (tmp_path / "files").rmdir()
        with pytest.raises(AxisUnreachable, match="500"):
            send(axis.client(OFFICE), packet)
        assert axis.client(NINH_BINH).received("edoc") == []
        (tmp_path / "files").mkdir()
        doc_id = send(axis.client(OFFICE), packet)
        assert [row.doc_id for row in axis.client(NINH_BINH).received("edoc")] == [doc_id]
        assert fetch(axis.client(NINH_BINH), doc_id) == packet
