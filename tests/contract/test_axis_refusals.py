"""What the axis refuses, over the real server process; a refusal leaves nothing behind."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from services.interconnect.axis import AxisAgency, AxisRefused, NationalAxis
from tests.support.axis import RunningAxis, document_packet, running_axis, signed, status_packet

OFFICE, PROVINCE = "office", "province"
SENDER = "000.00.00.G22"
SEND = {"from": SENDER, "servicetype": "eDoc", "messagetype": "edoc"}
LIST = {"servicetype": "eDoc", "messagetype": "edoc"}
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def axis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAxis]:
    data = tmp_path_factory.mktemp("axis")
    with running_axis(data, {OFFICE: [SENDER], PROVINCE: ["H42"]}) as axis:
        yield axis


@pytest.fixture(autouse=True)
def nothing_is_left_behind(axis: RunningAxis) -> Iterator[None]:
    yield
    assert axis.client(PROVINCE).received("edoc") == []
    assert axis.client(OFFICE).received("status") == []
    data = axis.log.parent
    assert [*(data / "files").iterdir(), *(data / "incoming").iterdir()] == []


def code_of(axis: RunningAxis, packet: bytes, **changed: str) -> str:
    """Send a packet as the office, with some headers changed, and return the error code."""
    headers = {**SEND, "hash_file": sha256(packet).hexdigest(), **changed}
    return str(axis.post("sendEdoc", signed(OFFICE, **headers), packet)["ErrorCode"])


def test_a_wrong_secret_is_refused(axis: RunningAxis) -> None:
    with pytest.raises(AxisRefused) as refused:
        NationalAxis(axis.url, PROVINCE, "guess").received("edoc")
    assert refused.value.code == "15"
    assert "guess" not in str(refused.value)


def test_an_unknown_system_is_refused_as_a_wrong_secret_is(axis: RunningAxis) -> None:
    replies = [
        axis.post("getAgenciesList", {**signed("office"), "systemid": system})
        for system in ("nobody", PROVINCE)
    ]
    assert replies[0] == replies[1]
    assert replies[0]["ErrorCode"] == "15"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_timestamp_outside_the_window_is_refused(axis: RunningAxis, minutes: int) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    client = NationalAxis(axis.url, PROVINCE, f"{PROVINCE}-secret", clock=lambda: at)
    with pytest.raises(AxisRefused, match="window") as refused:
        client.received("edoc")
    assert refused.value.code == "15"


@pytest.mark.parametrize("name", ["messagetype", "XroadVnpt-messagetype", "timestamp", "systemid"])
def test_a_header_changed_on_the_way_is_refused(axis: RunningAxis, name: str) -> None:
    headers = signed(PROVINCE, **LIST)
    headers[name] = {"timestamp": headers["timestamp"] + "0", "systemid": OFFICE}.get(name, "x")
    assert axis.post("getReceivedEdocList", headers)["ErrorCode"] == "15"


def test_changed_signed_headers_are_refused(axis: RunningAxis) -> None:
    headers = signed(PROVINCE, **LIST)
    headers["XroadVnpt-sign-header"] = headers["XroadVnpt-sign-header"].replace("edoc", "EDOC")
    headers |= {"messagetype": "EDOC", "XroadVnpt-messagetype": "EDOC"}
    assert axis.post("getReceivedEdocList", headers)["ErrorCode"] == "15"


def test_a_header_left_out_of_the_signed_names_is_refused(axis: RunningAxis) -> None:
    headers = signed(PROVINCE, **LIST)
    headers["XroadVnpt-sign-header-key"] = "XroadVnpt-systemid"
    assert axis.post("getReceivedEdocList", headers)["ErrorCode"] == "15"


def test_a_parameter_slipped_in_unsigned_has_no_effect(axis: RunningAxis) -> None:
    headers = {**signed(OFFICE, servicetype="eDoc"), "messagetype": "edoc"}
    assert axis.post("getReceivedEdocList", headers)["ErrorCode"] == "10"


@pytest.mark.parametrize("sender", ["H42", "H99"])
def test_a_sender_that_is_not_the_systems_own_is_refused(axis: RunningAxis, sender: str) -> None:
    own_header = code_of(axis, document_packet(sender, ["H42"]))
    foreign_header = code_of(axis, document_packet(SENDER, ["H42"]), **{"from": sender})
    assert (own_header, foreign_header) == ("19", "19")


def test_a_packet_for_another_system_cannot_be_read_or_marked(tmp_path: Path) -> None:
    with running_axis(tmp_path, {OFFICE: [SENDER], PROVINCE: ["H42"], "other": ["H41"]}) as axis:
        packet = document_packet(SENDER, ["H42"])
        hash_file = sha256(packet).hexdigest()
        doc_id = axis.post("sendEdoc", signed(OFFICE, **SEND, hash_file=hash_file), packet)["DocId"]
        for system in ("other", OFFICE):
            with pytest.raises(AxisRefused, match="no such document"):
                axis.client(system).fetch(doc_id, BytesIO(), 1000)
            with pytest.raises(AxisRefused, match="no such document"):
                axis.client(system).update_status(doc_id, "done")
        assert [row.status for row in axis.client(PROVINCE).received("edoc")] == ["initial"]


def test_an_agency_of_another_system_cannot_be_taken_or_closed(axis: RunningAxis) -> None:
    with pytest.raises(AxisRefused) as taken:
        axis.client(OFFICE).register_agency(AxisAgency("1", "", "H42", "Giả", "a@b.vn"))
    with pytest.raises(AxisRefused) as closed:
        axis.client(OFFICE).delete_agency("H42")
    assert (taken.value.code, closed.value.code) == ("19", "19")


@pytest.mark.parametrize(
    "agency",
    [
        b"",
        b"[]",
        b"[" * 10_000,
        b'{"id":"1","code":"H42","name":"x","mail":7}',
        b'{"id":"1","code":"../H42","name":"x","mail":"y"}',
        b'{"id":"1","code":"H42","name":"","mail":"y"}',
    ],
)
def test_a_malformed_agency_is_refused(axis: RunningAxis, agency: bytes) -> None:
    assert axis.post("registerAgency", signed(PROVINCE), agency)["ErrorCode"] == "10"


def test_a_body_that_is_not_the_hashed_one_is_refused(axis: RunningAxis) -> None:
    packet = document_packet(SENDER, ["H42"])
    assert code_of(axis, packet, hash_file=sha256(packet + b" ").hexdigest()) == "10"
    assert code_of(axis, packet, hash_file="") == "10"


def test_one_unknown_recipient_refuses_the_whole_packet(axis: RunningAxis) -> None:
    assert code_of(axis, document_packet(SENDER, ["H42", "H99"])) == "18"
    assert code_of(axis, document_packet(SENDER, ["H42"]), to='["H42", "H99"]') == "18"


@pytest.mark.parametrize(
    "packet",
    [
        b"<!DOCTYPE edXML [<!ENTITY a 'H42'>]>" + document_packet(SENDER, ["&a;"]),
        b"<!DOCTYPE edXML>" + document_packet(SENDER, ["H42"]),
        b"",
        b"not xml",
        document_packet(SENDER, ["H42"])[:200],
        document_packet(SENDER, []),
        document_packet(SENDER, ["H42"]).replace(b"QCVN_102_2016", b"other"),
        document_packet(SENDER, ["H42" * 2000]),
        document_packet(SENDER, ["<x>" * 40 + "</x>" * 40]),
        document_packet(SENDER, ["H42"]).replace(b"<Subject>", b" " * 5 * MIB + b"<Subject>"),
        status_packet(SENDER, SENDER, "03"),
    ],
    ids=lambda packet: packet[:40].decode(),
)
def test_what_is_not_an_edxml_document_is_refused(axis: RunningAxis, packet: bytes) -> None:
    assert code_of(axis, packet) == "22"


def test_a_document_sent_as_a_status_is_refused(axis: RunningAxis) -> None:
    assert code_of(axis, document_packet(SENDER, ["H42"]), messagetype="status") == "22"


@pytest.mark.parametrize(
    "changed",
    [
        {"servicetype": "other"},
        {"messagetype": "mail"},
        {"pageSize": "0"},
        {"pageSize": "1001"},
        {"pageIndex": "-1"},
        {"pageIndex": "9" * 30},
        {"fromDate": "2026-01-01"},
        {"toDate": "9999/12/31"},
    ],
)
def test_a_malformed_parameter_is_refused_by_name(
    axis: RunningAxis, changed: dict[str, str]
) -> None:
    reply = axis.post("getReceivedEdocList", signed(PROVINCE, **{**LIST, **changed}))
    assert reply["ErrorCode"] == "10"
    assert next(iter(changed)).lower() in reply["ErrorDesc"]


@pytest.mark.parametrize(
    ("method", "length"), [("sendEdoc", 300 * MIB + 1), ("registerAgency", 16 * 1024 + 1)]
)
def test_an_oversized_body_is_refused_unread(axis: RunningAxis, method: str, length: int) -> None:
    headers = signed(OFFICE, **SEND, hash_file="0" * 64)
    connection = http.client.HTTPConnection(axis.url.removeprefix("http://"), timeout=10)
    connection.request("POST", f"/{method}", headers={**headers, "Content-Length": str(length)})
    assert connection.getresponse().status == 413
    connection.close()


def test_a_chunked_body_is_counted_too(axis: RunningAxis) -> None:
    connection = http.client.HTTPConnection(axis.url.removeprefix("http://"), timeout=10)
    headers = signed(PROVINCE)
    connection.request("POST", "/registerAgency", iter([b"x" * 1024] * 17), headers)
    assert connection.getresponse().status == 413
    connection.close()


def test_too_many_or_too_large_headers_are_refused(axis: RunningAxis) -> None:
    for extra in ({f"x-{n}": "x" for n in range(70)}, {f"x-{n}": "x" * 9000 for n in range(8)}):
        connection = http.client.HTTPConnection(axis.url.removeprefix("http://"), timeout=10)
        connection.request("POST", "/getAgenciesList", headers={**signed(OFFICE), **extra})
        assert connection.getresponse().status == 431
        connection.close()


def test_an_unknown_method_is_not_found(axis: RunningAxis) -> None:
    assert axis.post("dropEverything", signed(OFFICE))["status"] == "FAIL"


@pytest.mark.parametrize(
    ("systems", "complaint"),
    [
        ("{}", "every system needs"),
        ('{"systems": [{"id": "a", "secret": ""}]}', "every system needs"),
        ('{"systems": [{"id": "a", "secret": "s"}, {"id": "a", "secret": "s"}]}', "occurs twice"),
        (
            '{"systems": [{"id": "a", "secret": "s", "agencies": ["H42"]},'
            ' {"id": "b", "secret": "s", "agencies": ["H42"]}]}',
            "belongs to another system",
        ),
    ],
)
def test_a_wrong_systems_file_stops_the_start(tmp_path: Path, systems: str, complaint: str) -> None:
    (tmp_path / "systems.json").write_text(systems)
    command = [sys.executable, "-m", "tools.axis", "--data", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert complaint in ended.stderr


def test_a_second_axis_on_the_same_folder_does_not_start(axis: RunningAxis) -> None:
    command = [sys.executable, "-m", "tools.axis", "--data", str(axis.log.parent)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, "another axis" in ended.stderr) == (1, True)
