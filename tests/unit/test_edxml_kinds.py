"""Kinds, statuses, lists of errors, attributes: what has a meaning, and what is only kept."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from libs.blobs import BlobStore, open_store
from libs.edxml import (
    Business,
    BusinessKind,
    DocumentPacket,
    ErrorList,
    MalformedPacket,
    PacketError,
    ProcessingStatus,
    StatusPacket,
    examine,
    parse,
    serialize,
)
from tests.unit.test_edxml_examples import NEW_DOCUMENT, RECALL, UPDATE, VECTORS, status

ERRORS = ErrorList(
    errors=(
        PacketError(code="N.MessageHeader.To", description="Thiếu nơi nhận"),
        PacketError(code="M.Attachment-Type", description="Loại tệp không khớp"),
    )
)


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return open_store(f"file://{tmp_path}")


def document(name: str, store: BlobStore) -> DocumentPacket:
    packet = parse((VECTORS / f"{name}.edxml").read_bytes(), store)
    assert isinstance(packet, DocumentPacket)
    return packet


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("document_new", BusinessKind.NEW),
        ("document_recall", BusinessKind.RECALL),
        ("document_update", BusinessKind.UPDATE),
        ("document_replacement", BusinessKind.REPLACEMENT),
        ("tolerated/unknown_codes", None),
    ],
)
def test_a_document_packet_is_of_a_kind(
    store: BlobStore, name: str, kind: BusinessKind | None
) -> None:
    assert document(name, store).trace.business.kind is kind


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06", "13", "15", "16"])
def test_nine_codes_are_statuses(store: BlobStore, code: str) -> None:
    packet = parse((VECTORS / f"status_{code}.edxml").read_bytes(), store)
    assert isinstance(packet, StatusPacket)
    assert packet.header.status is ProcessingStatus(code)


@pytest.mark.parametrize("code", ["0", "00", "1", "44", "103", "104", "٠١"])
def test_another_code_is_kept_and_means_nothing(store: BlobStore, code: str) -> None:
    packet = status("03")
    packet = replace(packet, header=replace(packet.header, status_code=code))
    again = parse(serialize(packet, store), store)
    assert isinstance(again, StatusPacket)
    assert (again.header.status_code, again.header.status) == (code, None)


def test_a_kind_may_be_written_by_its_name(store: BlobStore) -> None:
    business = Business(doc_type=BusinessKind.RECALL, document_id="x", doc_reason="y")
    packet = replace(RECALL, trace=replace(RECALL.trace, business=business))
    assert b"<edXML:BussinessDocType>1</edXML:BussinessDocType>" in serialize(packet, store)
    assert parse(serialize(packet, store), store) == packet


def test_a_list_of_errors_is_read_and_written_in_both_packets(store: BlobStore) -> None:
    for name, packet in (("document_errors", RECALL), ("status_errors", status("03"))):
        data = (VECTORS / f"{name}.edxml").read_bytes()
        expected = replace(packet, error_list=ERRORS)
        assert parse(data, store) == expected
        assert serialize(expected, store) == data


def test_attributes_of_groups_and_files_are_kept(store: BlobStore) -> None:
    packet = document("document_csharp", store)
    assert dict(packet.trace.attributes)["actor"].endswith("/next")
    xlink = "{http://www.w3.org/1999/xlink}"
    assert packet.attachments[0].attributes == (
        (f"{xlink}href", "cid:1"),
        (f"{xlink}type", "simple"),
    )
    packet = replace(packet, header=replace(packet.header, attributes=(("id", "7"),)))
    assert parse(serialize(packet, store), store) == packet
    told = replace(status("03"), attachments=packet.attachments)
    assert parse(serialize(told, store), store) == told


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("business_spelled_right", UPDATE),
        ("no_prefix", UPDATE),
        ("empty_groups", RECALL),
        ("codes_the_other_way", NEW_DOCUMENT),
    ],
)
def test_another_way_of_writing_says_the_same(
    store: BlobStore, name: str, same: DocumentPacket
) -> None:
    assert document(f"tolerated/{name}", store) == same


def test_the_order_of_others_says_the_same(store: BlobStore) -> None:
    assert document("tolerated/order_csharp", store) == document("document_csharp", store)


def test_dates_with_the_day_first_say_the_same(store: BlobStore) -> None:
    packet = document("tolerated/day_first", store)
    assert packet.header == NEW_DOCUMENT.header
    told = parse((VECTORS / "tolerated" / "status_day_first.edxml").read_bytes(), store)
    assert told == status("02")


def test_codes_of_every_form_are_kept_as_they_are(store: BlobStore) -> None:
    old = document("tolerated/old_and_hybrid_codes", store).header
    assert (old.sender.organ_id, old.recipients[0].organ_id) == ("000.00.00.H25", "28.22.H17")
    new = document("tolerated/new_codes_uuid", store).header
    assert new.recipients[0].organ_id == "H37.DN.001"
    assert new.document_id == "0a4cf2de-77a1-4d7e-9d3e-0f6f9c2b8a11"


@pytest.mark.parametrize("text", ["1204", "/QĐ-UBND", "1204/"])
def test_a_joined_code_without_both_parts_is_refused(store: BlobStore, text: str) -> None:
    data = (VECTORS / "tolerated" / "codes_the_other_way.edxml").read_text()
    with pytest.raises(MalformedPacket, match="missing_element"):
        parse(data.replace(">1204/QĐ-UBND<", f">{text}<").encode(), store)


# Reading on after what is wrong


def test_an_examination_tells_all_that_reading_would_refuse(store: BlobStore) -> None:
    text = (VECTORS / "document_new.edxml").read_text()
    text = text.replace(">2018/07/31<", ">x<").replace("cid:2</ContentId>", "cid:3</ContentId>")
    text = text.replace("<edXML:CodeNumber>1204</edXML:CodeNumber>", "stray")
    with pytest.raises(MalformedPacket):
        parse(text.encode(), store)
    packet, refused = examined(text, store)
    assert [error.code for error in refused] == [
        "unexpected_text",
        "missing_element",
        "bad_date",
        "attachment_missing",
        "attachment_unlisted",
    ]
    assert packet.header.subject == NEW_DOCUMENT.header.subject
    assert packet.header.code.number == ""
    assert packet.header.due_date is None
    assert [each.content_id for each in packet.attachments] == ["1"]


def test_nothing_but_the_frame_can_be_examined(store: BlobStore) -> None:
    namespace = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
    packet, refused = examined(f'<edXML xmlns="{namespace}"/>', store)
    assert {error.code for error in refused} == {"missing_element"}
    assert (packet.header.sender.organ_id, packet.header.recipients) == ("", ())
    status_only = (
        f'<edXML xmlns="{namespace}"><edXMLEnvelope><edXMLHeader><MessageHeader>'
        "<StatusCode>03</StatusCode></MessageHeader></edXMLHeader></edXMLEnvelope></edXML>"
    )
    _, refused = examined(status_only, store)
    assert [error.where.rpartition("/")[2] for error in refused] == [
        "From",
        "ResponseFor",
        "Timestamp",
    ]


def examined(text: str, store: BlobStore) -> tuple[DocumentPacket, tuple[MalformedPacket, ...]]:
    packet, refused = examine(io.BytesIO(text.encode()), store)
    return packet, refused  # type: ignore[return-value]
