"""Small rules of packets: names of files and types, times, urgency, bounds."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from libs import edxml
from libs.blobs import BlobStore, open_store
from libs.contracts.messages import message_classes
from services.interconnect.arrivals import content_of
from services.interconnect.compose import file_name, sent_as, vietnam_time
from services.interconnect.doctypes import wire_type
from services.interconnect.errors import PacketRejected
from services.interconnect.events import EVENTS, PacketFile


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return open_store(f"file://{tmp_path}")


def packet(**changes: Any) -> edxml.DocumentPacket:
    values: dict[str, Any] = {
        "sender": edxml.Agency(organ_id="G22"),
        "recipients": (edxml.Agency(organ_id="H25"),),
        "document_id": "G22,2026/11/19,1/X",
        "code": edxml.Code(number="1", notation="X"),
        "subject": "S",
    }
    business = edxml.Business(doc_type=changes.pop("doc_type", "0"))
    trace = edxml.Trace(business=changes.pop("business", business))
    header = edxml.DocumentHeader(**(values | changes))
    return edxml.DocumentPacket(header=header, trace=trace)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_has_the_fields_of_its_contract(name: str) -> None:
    wire = [field.name for field in message_classes()[name].DESCRIPTOR.fields]
    assert [field.name for field in fields(EVENTS[name])] == wire


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("05/CT-UBND", "05-CT-UBND.pdf"),
        ("12/QĐ-UBND", "12-QD-UBND.pdf"),
        ("7/TTĐT/ấộ", "7-TTDT-ao.pdf"),
        ("1/../../etc", "1-etc.pdf"),
        ("1/" + "Ư" * 90, "1-" + "U" * 44 + ".pdf"),
    ],
)
def test_a_files_name_is_plain_and_short(code: str, name: str) -> None:
    assert file_name(code) == name
    assert len(file_name(code)) <= 50


def test_types_are_named_by_their_place_in_the_decree() -> None:
    assert wire_type("CV") == ("18", "Công văn")
    assert wire_type("NQ") == ("1", "Nghị quyết")
    assert wire_type("ThC") == ("29", "Thư công")
    assert wire_type("??") == ("", "??")


def test_times_are_written_as_viet_nams_clock_in_whole_seconds() -> None:
    last_minute = datetime(2026, 12, 31, 17, 30, 1, 999_999, tzinfo=UTC)
    assert vietnam_time(last_minute).isoformat() == "2027-01-01T00:30:01"


@pytest.mark.parametrize(
    ("priority", "urgency"),
    [
        ("", 0),
        ("0", 0),
        ("1", 1),
        ("2", 2),
        ("3", 3),
        ("4", 3),
        ("5", 0),
        ("-1", 0),
        ("hỏa tốc", 0),
    ],
)
def test_only_the_fields_urgencies_are_urgent(
    blobs: BlobStore, priority: str, urgency: int
) -> None:
    claims = packet(other_info=edxml.OtherInfo(priority=priority))
    assert content_of(claims, blobs).urgency == urgency


def test_a_packets_claims_come_out_as_they_stand(blobs: BlobStore) -> None:
    file = edxml.Attachment(
        content_id="1", content_type="a/b", name="../x", digest="0" * 64, size=1
    )
    about = edxml.ResponseFor(organ_id="H25", code="9/Y", document_id="ours")
    claims = replace(
        packet(
            promulgation=edxml.PromulgationInfo(promulgation_date=date(2026, 11, 19)),
            document_type=edxml.DocumentType(name="Công văn"),
            responses=(about,) * 30,
        ),
        attachments=(file,),
    )
    content = content_of(claims, blobs)
    assert (content.sender_code, content.foreign_id) == ("G22", "G22,2026/11/19,1/X")
    assert (content.code, content.issued_on) == ("1/X", date(2026, 11, 19))
    assert content.type_name == "Công văn"
    assert content.files == (PacketFile("../x", "a/b", "0" * 64),)
    assert content.answers == ("ours",) * 20


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"doc_type": "1"}, "business_not_supported"),
        ({"doc_type": "4"}, "business_not_supported"),
        ({"doc_type": "2"}, "earlier_unnamed"),
        ({"doc_type": "3"}, "earlier_unnamed"),
        ({"business": edxml.Business(doc_type="2", document_id="x" * 201)}, "text_too_long"),
        ({"document_id": "x" * 201}, "text_too_long"),
        ({"sender": edxml.Agency(organ_id="x" * 101)}, "text_too_long"),
        ({"code": edxml.Code(number="1", notation="x" * 199)}, "text_too_long"),
        ({"document_type": edxml.DocumentType(name="x" * 201)}, "text_too_long"),
    ],
)
def test_what_is_out_of_bounds_is_rejected_with_its_reason(
    blobs: BlobStore, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(PacketRejected) as rejected:
        content_of(packet(**changes), blobs)
    assert rejected.value.reason_code == reason


def test_an_update_names_one_earlier_document_for_everybody(blobs: BlobStore) -> None:
    business = edxml.Business(doc_type="2", document_id="G22,1/X")
    content = content_of(packet(business=business), blobs)
    assert content.business == "update"
    assert content.superseded_for({"H25"}) == ("G22,1/X",)


def test_a_replacement_names_earlier_documents_for_some_recipients(blobs: BlobStore) -> None:
    replaced = (
        edxml.ReplacementInfo(document_id="G22,1/X", organ_ids=("H25", "H26")),
        edxml.ReplacementInfo(document_id="G22,2/X", organ_ids=("H26",)),
        edxml.ReplacementInfo(document_id="G22,3/X"),
    )
    business = edxml.Business(doc_type="3", replacements=replaced)
    content = content_of(packet(business=business), blobs)
    assert content.business == "replacement"
    assert content.superseded_for({"H25", "000.00.00.H25"}) == ("G22,1/X", "G22,3/X")


def test_the_parts_of_a_document_id_of_ours_come_out_again() -> None:
    sent = sent_as("H25.13,2026/11/20,05/QĐ-STC")
    assert (sent.sender_code, sent.issued_on) == ("H25.13", date(2026, 11, 20))
    assert (sent.code, sent.foreign_id) == ("05/QĐ-STC", "H25.13,2026/11/20,05/QĐ-STC")


def test_the_longest_allowed_is_allowed(blobs: BlobStore) -> None:
    claims = packet(
        document_id="x" * 200,
        sender=edxml.Agency(organ_id="x" * 100),
        code=edxml.Code(number="1", notation="x" * 198),
    )
    content = content_of(claims, blobs)
    assert (len(content.foreign_id), len(content.sender_code), len(content.code)) == (200, 100, 200)
