"""What bad packets get: the axis is told, the desk or the clerk sees them, nothing is lost."""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from libs import edxml
from services.interconnect.axis import AxisRefused
from tests.support.pki import draft
from tests.support.system import Caller, log_in_person, measure
from tests.support.wait import eventually
from tests.system.conftest import PACKET_LIMIT
from tools.demo.cast import GOVERNMENT_OFFICE, PROVINCE
from tools.demo.government_office import GovernmentOffice, Letter
from tools.demo.journey import GOVERNMENT_TEXT
from tools.demo.office import Office
from tools.demo.run import government_office
from tools.platform import Platform

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.rabbitmq,
    pytest.mark.usefixtures("unharmed"),
]

CLERK, OPERATOR = "ubndtinh_vanthu", "ubndtinh_quantri"
END_OF_HEADER = b"MessageHeader>"


@pytest.fixture(scope="module")
def outside(platform: Platform) -> GovernmentOffice:
    return government_office(platform.installation)


@pytest.fixture(scope="module")
def letter(outside: GovernmentOffice, platform: Platform) -> Letter:
    """A good directive, which no test sends as it is."""
    return outside.directive(900_001, "Về việc kiểm tra gói tin", GOVERNMENT_TEXT)


def with_file(outside: GovernmentOffice, letter: Letter, content: bytes) -> edxml.DocumentPacket:
    """The letter under another number, with another file."""
    blob, number = outside.blobs.put_bytes(content), str(uuid4().int % 10**9)
    header, (file,) = letter.packet.header, letter.packet.attachments
    return replace(
        letter.packet,
        header=replace(
            header,
            code=replace(header.code, number=number),
            document_id=header.document_id.replace("900001", number),
        ),
        attachments=(replace(file, digest=blob.digest, size=blob.size),),
    )


def send(outside: GovernmentOffice, packet: bytes, kind: Any = "edoc") -> str:
    return outside.axis.send(
        io.BytesIO(packet),
        message_type=kind,
        sender=GOVERNMENT_OFFICE.codes[0],
        sha256=hashlib.sha256(packet).hexdigest(),
    )


def on_desk(platform: Platform, doc_id: str) -> str:
    """The reason for which a packet of the axis stands on the desk, once it does."""
    operator = Caller(platform.installation, OPERATOR)

    def reason() -> str | None:
        rows = operator.get("/v1/packets/desk").json()["packets"]
        return next((row["reason_code"] for row in rows if row["axis_doc_id"] == doc_id), None)

    return str(eventually(reason, within=30))


def failed(outside: GovernmentOffice, doc_id: str) -> bool:
    """Whether the axis shows its sender that the packet failed."""
    return any((row.doc_id, row.status) == (doc_id, "fail") for row in outside.axis.sent("edoc"))


@contextmanager
def counted(platform: Platform, reason: str) -> Iterator[None]:
    def packets() -> float:
        return measure(
            platform, "interconnect.worker", "lienthong_bad_packets_total", reason=reason
        )

    before = packets()
    yield
    assert packets() == before + 1


def test_garbage_is_refused_by_the_axis_itself(outside: GovernmentOffice) -> None:
    with pytest.raises(AxisRefused) as refused:
        send(outside, os.urandom(1000))
    assert refused.value.code == "22"


def test_a_packet_of_garbage_behind_a_good_address_fails_and_stands_on_the_desk(
    platform: Platform, outside: GovernmentOffice, letter: Letter
) -> None:
    packet = edxml.serialize(letter.packet, outside.blobs)
    good = packet[: packet.rindex(END_OF_HEADER) + len(END_OF_HEADER)]
    with counted(platform, "xml_invalid"):
        doc_id = send(outside, good + b"\x00\xff<<&&" + os.urandom(1000))
        assert on_desk(platform, doc_id) == "xml_invalid"
        eventually(lambda: failed(outside, doc_id), within=10)


def test_a_packet_over_the_limit_fails_and_stands_on_the_desk(
    platform: Platform, outside: GovernmentOffice, letter: Letter
) -> None:
    packet = with_file(outside, letter, os.urandom(PACKET_LIMIT))
    with counted(platform, "axis-too-large"):
        doc_id = send(outside, edxml.serialize(packet, outside.blobs))
        assert on_desk(platform, doc_id) == "axis-too-large"
        eventually(lambda: failed(outside, doc_id), within=10)


def test_a_status_on_nothing_stands_on_the_desk_and_is_taken(
    platform: Platform, outside: GovernmentOffice, letter: Letter
) -> None:
    sent = edxml.StatusPacket(
        header=edxml.StatusHeader(
            sender=letter.packet.header.sender,
            response_for=edxml.ResponseFor(
                organ_id=PROVINCE.codes[0], code="999/CT-UBND", document_id=f"nothing,{uuid4()}"
            ),
            status_code="03",
            timestamp=datetime(2026, 11, 21, 8, 0, 0),  # noqa: DTZ001 - the format has no zone
        )
    )
    with counted(platform, "no_such_delivery"):
        doc_id = send(outside, edxml.serialize(sent, outside.blobs), "status")
        eventually(lambda: on_desk(platform, doc_id), within=30)
        eventually(
            lambda: any(
                (row.doc_id, row.status) == (doc_id, "done") for row in outside.axis.sent("status")
            ),
            within=10,
        )


def test_an_unsigned_document_is_told_01_shown_as_failed_and_can_only_be_refused(
    platform: Platform, outside: GovernmentOffice, letter: Letter
) -> None:
    packet = with_file(outside, letter, draft())
    foreign_id = packet.header.document_id
    assert outside.send(Letter(packet, b""))

    arrival = Office(PROVINCE, log_in_person(platform.installation)).arrived(foreign_id)
    assert arrival["verdict"] == "TOTAL_FAILED"
    address = f"/v1/documents/{arrival['document_id']}"
    clerk = Caller(platform.installation, CLERK)
    assert clerk.get(f"{address}/report").json()["verdict"] == "TOTAL_FAILED"
    accepted = clerk.post(f"{address}/accept")
    assert (accepted.status_code, accepted.json()["code"]) == (409, "verdict_failed")

    refusal = arrival["prepared_refusal"]
    assert refusal["reason_code"] == "bad_signature"
    assert "chữ ký" in refusal["note"]
    assert clerk.post(f"{address}/refuse", refusal).json()["state"] == "refused"

    def told() -> list[str]:
        outside.poll()
        return [
            status.header.status_code
            for status in outside.statuses
            if status.header.response_for.document_id == foreign_id
        ]

    eventually(lambda: told() == ["01", "02"], within=30)
