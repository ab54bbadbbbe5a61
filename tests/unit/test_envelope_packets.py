"""The envelope in an edXML packet: found by who knows it, a harmless file for all others."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from libs import edxml
from libs.blobs import BlobStore
from libs.envelope import (
    CONTENT_TYPE,
    MAX_BYTES,
    NAME,
    Envelope,
    EnvelopeMalformed,
    EnvelopeTooLarge,
    PacketDiffers,
    PairNumber,
    Step,
    check_packet,
    files_of,
    find,
    put,
    seal,
    unchecked,
    unseal,
    without_envelope,
)
from tests.unit.test_edxml_examples import NEW_DOCUMENT, status, store_with_files
from tests.unit.test_envelope import certificate, key
from tools.edxml.check import check

STATUS = status("04")
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
Packet = edxml.DocumentPacket | edxml.StatusPacket


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return store_with_files(tmp_path / "blobs")


def envelope_for(packet: Packet) -> Envelope:
    sender = packet.header.sender.organ_id
    if isinstance(packet, edxml.StatusPacket):
        about = packet.header.response_for
        at = packet.header.timestamp.replace(tzinfo=VIETNAM, microsecond=654_321)
        step = Step(status=packet.header.status_code, agency=sender, at=at, unit="Văn thư")
        return Envelope(
            sender=sender,
            numbers=(PairNumber(recipient=about.organ_id, number=4),),
            document_id=about.document_id,
            made_at=AT,
            step=step,
        )
    codes = sorted(each.organ_id for each in packet.header.recipients)
    numbers = tuple(PairNumber(recipient=code, number=9) for code in codes)
    return Envelope(
        sender=sender,
        numbers=numbers,
        document_id=packet.header.document_id,
        made_at=AT,
        files=files_of(packet),
    )


@pytest.mark.parametrize(("packet", "recipient"), [(NEW_DOCUMENT, "H25.15"), (STATUS, "H25")])
def test_an_envelope_comes_through_the_wire_and_speaks_of_its_packet(
    store: BlobStore, packet: Packet, recipient: str
) -> None:
    sealed = seal(envelope_for(packet), key("p256"), certificate("p256"))
    data = edxml.serialize(put(packet, sealed, store), store)
    arrived = edxml.parse(data, store)
    found = find(arrived, store)
    assert found == sealed
    trust = {packet.header.sender.organ_id: [certificate("p256")]}
    envelope = unseal(found, trust=trust)
    assert envelope.number_for(recipient)
    check_packet(envelope, arrived)
    assert without_envelope(arrived).attachments == packet.attachments
    assert unchecked(found) == envelope
    assert envelope == envelope_for(packet)


def test_a_packet_without_one_has_none(store: BlobStore) -> None:
    assert find(NEW_DOCUMENT, store) is None
    assert find(STATUS, store) is None


def test_others_see_a_text_file_that_axes_accept(store: BlobStore, tmp_path: Path) -> None:
    packet = put(NEW_DOCUMENT, "a.b.c", store)
    assert packet.attachments[:-1] == NEW_DOCUMENT.attachments
    assert (packet.attachments[-1].name, packet.attachments[-1].content_type) == (
        NAME,
        CONTENT_TYPE,
    )
    assert packet.extensions == NEW_DOCUMENT.extensions
    path = tmp_path / "packet"
    path.write_bytes(edxml.serialize(packet, store))
    found = {each.rule.id for each in check(path, date(2026, 1, 1))}
    assert found == {"signature_is_no_proof"}


def test_a_packet_carries_one_envelope(store: BlobStore) -> None:
    packet = put(NEW_DOCUMENT, "a.b.c", store)
    with pytest.raises(EnvelopeMalformed):
        put(packet, "d.e.f", store)
    twice = replace(packet.attachments[-1], content_id="other")
    with pytest.raises(EnvelopeMalformed):
        find(replace(packet, attachments=(*packet.attachments, twice)), store)


def test_a_huge_file_of_that_name_is_not_read(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b"x" * (MAX_BYTES + 1)), limit=2 * MAX_BYTES)
    file = replace(NEW_DOCUMENT.attachments[0], name=NAME, digest=blob.digest, size=blob.size)
    with pytest.raises(EnvelopeTooLarge):
        find(replace(NEW_DOCUMENT, attachments=(file,)), store)


def test_a_file_of_that_name_that_is_no_ascii_is_refused(store: BlobStore) -> None:
    file = replace(NEW_DOCUMENT.attachments[0], name=NAME)
    with pytest.raises(EnvelopeMalformed):
        find(replace(NEW_DOCUMENT, attachments=(file,)), store)


FIRST, SECOND = NEW_DOCUMENT.attachments
OTHER_AGENCY = edxml.Agency(organ_id="H41")


@pytest.mark.parametrize(
    ("packet", "what"),
    [
        (replace(NEW_DOCUMENT, attachments=(FIRST,)), "files"),
        (replace(NEW_DOCUMENT, attachments=(FIRST, SECOND, replace(FIRST, name="b"))), "files"),
        (replace(NEW_DOCUMENT, attachments=(FIRST, replace(SECOND, digest="0" * 64))), "files"),
        (replace(NEW_DOCUMENT, attachments=(FIRST, replace(SECOND, name="x.csv"))), "files"),
        (replace(NEW_DOCUMENT, attachments=(FIRST, replace(SECOND, size=1))), "files"),
        (
            replace(NEW_DOCUMENT, header=replace(NEW_DOCUMENT.header, sender=OTHER_AGENCY)),
            "sender",
        ),
        (
            replace(NEW_DOCUMENT, header=replace(NEW_DOCUMENT.header, document_id="x")),
            "document",
        ),
    ],
)
def test_a_packet_of_which_the_envelope_does_not_speak_is_refused(
    packet: edxml.DocumentPacket, what: str
) -> None:
    with pytest.raises(PacketDiffers) as refusal:
        check_packet(envelope_for(NEW_DOCUMENT), packet)
    assert refusal.value.what == what


def test_another_status_than_the_step_is_refused() -> None:
    with pytest.raises(PacketDiffers, match="status"):
        check_packet(envelope_for(STATUS), status("06"))
    stepless = replace(envelope_for(STATUS), step=None)
    with pytest.raises(PacketDiffers, match="status"):
        check_packet(stepless, STATUS)


def test_another_second_than_the_steps_is_refused() -> None:
    later = STATUS.header.timestamp + timedelta(seconds=1)
    with pytest.raises(PacketDiffers, match="status"):
        check_packet(
            envelope_for(STATUS), replace(STATUS, header=replace(STATUS.header, timestamp=later))
        )


def test_the_order_of_the_files_does_not_matter() -> None:
    check_packet(envelope_for(NEW_DOCUMENT), replace(NEW_DOCUMENT, attachments=(SECOND, FIRST)))
