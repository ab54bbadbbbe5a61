"""Peers write edXML in many ways, and all that is in them is kept."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from libs.blobs import BlobStore, open_store
from libs.edxml import (
    NAMESPACE,
    DocumentPacket,
    Element,
    Extension,
    MalformedPacket,
    StaffInfo,
    StatusPacket,
    parse,
    serialize,
)
from tests.unit.test_edxml_examples import NEW_DOCUMENT, UPDATE, VECTORS, moment, status

NEW = (VECTORS / "document_new.edxml").read_text()
CHANGE = (VECTORS / "document_update.edxml").read_text()
STATUS = (VECTORS / "status_02.edxml").read_text()
ENVELOPE = "edXML/edXMLEnvelope"
HEADER = f"{ENVELOPE}/edXMLHeader"
MESSAGE = f"{HEADER}/MessageHeader"
BUSINESS = f"{HEADER}/TraceHeaderList/Bussiness"


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return open_store(f"file://{tmp_path}")


def swap(text: str, old: str, new: str, count: int = 1) -> bytes:
    assert old in text
    return text.replace(old, new, count).encode()


def without(text: str, name: str) -> str:
    """Cut the first element of this name."""
    cut, number = re.subn(rf"\s*<((?:edXML:)?{name})\b.*?</\1>", "", text, count=1, flags=re.S)
    assert number == 1
    return cut


def document(data: bytes, store: BlobStore) -> DocumentPacket:
    packet = parse(data, store)
    assert isinstance(packet, DocumentPacket)
    return packet


def status_packet(data: bytes, store: BlobStore) -> StatusPacket:
    packet = parse(data, store)
    assert isinstance(packet, StatusPacket)
    return packet


def refused(data: bytes | str, store: BlobStore) -> tuple[str, str]:
    with pytest.raises(MalformedPacket) as refusal:
        parse(data.encode() if isinstance(data, str) else data, store)
    assert str(refusal.value) == f"{refusal.value.code} at {refusal.value.where}"
    return refusal.value.code, refusal.value.where


# Ways of writing


def test_the_right_spelling_of_business_is_read_too(store: BlobStore) -> None:
    assert parse(CHANGE.replace("Bussiness", "Business").encode(), store) == UPDATE


@pytest.mark.parametrize("prefix", ["", "q:"])
def test_any_prefix_of_the_namespace_is_read(store: BlobStore, prefix: str) -> None:
    data = re.sub(r' xmlns(:\w+)?="[^"]*"', "", without(NEW, "Mark"))
    data = re.sub(r"<(/?)(?:edXML:)?(?=\w)", rf"<\1{prefix}", data)
    declared = f'{prefix}edXML xmlns{":q" if prefix else ""}="{NAMESPACE}"'
    data = data.replace(f"{prefix}edXML", declared, 1)
    assert parse(data.encode(), store) == replace(NEW_DOCUMENT, extensions=())


def test_a_byte_order_mark_is_no_harm(store: BlobStore) -> None:
    assert parse(b"\xef\xbb\xbf" + STATUS.encode(), store) == status("02")


def test_the_parts_may_come_in_any_order(store: BlobStore) -> None:
    """Reverse the children of each element, files before the envelope included."""

    def backwards(element: Element, depth: int) -> str:
        inner = "".join(backwards(each, depth + 1) for each in reversed(element.children))
        return f"<{element.name}>{escaped(element.text)}{inner}</{element.name}>"

    root = tree(CHANGE)
    data = backwards(root, 0).replace("<edXML>", f'<edXML xmlns="{NAMESPACE}">', 1)
    packet = document(data.encode(), store)
    info = packet.trace.business.document_info
    staff = packet.trace.business.staff
    assert info.receivers == UPDATE.trace.business.document_info.receivers[::-1]
    assert staff == UPDATE.trace.business.staff[::-1]
    assert packet.header == UPDATE.header
    assert replace(packet.trace.business, document_info=info, staff=()) == replace(
        UPDATE.trace.business, document_info=info, staff=()
    )


def tree(text: str) -> Element:
    def convert(node: ElementTree.Element) -> Element:
        name = node.tag.rpartition("}")[2]
        return Element(name, text=(node.text or "").strip(), children=tuple(map(convert, node)))

    return convert(ElementTree.fromstring(text))  # noqa: S314 - our own file


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


@pytest.mark.parametrize("text", ["02/07/2018", "2/7/2018", "2018/7/2", "\n 2018/07/02 "])
def test_both_forms_of_a_date_are_read(store: BlobStore, text: str) -> None:
    packet = document(swap(NEW, ">2018/07/02<", f">{text}<"), store)
    assert packet.header.promulgation.promulgation_date == date(2018, 7, 2)


@pytest.mark.parametrize("text", ["03/07/2018 08:00:02", "2018/07/03  8:00:02"])
def test_both_forms_of_a_time_are_read(store: BlobStore, text: str) -> None:
    packet = status_packet(swap(STATUS, "2018/07/03 08:00:02", text), store)
    assert packet.header.timestamp == moment("2018-07-03 08:00:02")


@pytest.mark.parametrize(
    "text",
    ["2018-07-02", "2018/02/30", "31/04/2018", "2018/07/02 ?", "18/07/02", "٢٠١٨/٠٧/٠٢", "x"],
)
def test_what_is_no_date_is_refused(store: BlobStore, text: str) -> None:
    where = f"{MESSAGE}/PromulgationInfo/PromulgationDate"
    assert refused(swap(NEW, ">2018/07/02<", f">{text}<"), store) == ("bad_date", where)


@pytest.mark.parametrize(
    "text", ["2018/07/03", "2018/07/03 24:00:00", "2018/07/03 8:0:2", "2018/07/03T08:00:02"]
)
def test_what_is_no_time_is_refused(store: BlobStore, text: str) -> None:
    where = f"{MESSAGE}/Timestamp"
    assert refused(swap(STATUS, "2018/07/03 08:00:02", text), store) == ("bad_timestamp", where)


def test_an_empty_date_is_an_absent_one(store: BlobStore) -> None:
    packet = document(swap(NEW, ">2018/07/31<", "> <"), store)
    assert packet.header.due_date is None


def test_empty_elements_are_absent_ones(store: BlobStore) -> None:
    empty = "<edXML:To><edXML:OrganId/></edXML:To><edXML:ResponseFor/><edXML:SignerInfo/><edXML:To>"
    data = swap(CHANGE, "<edXML:To>", empty)
    packet = document(data, store)
    assert packet == UPDATE


def test_white_space_around_a_text_is_not_part_of_it(store: BlobStore) -> None:
    packet = document(swap(NEW, ">1204<", ">\n\t 1204\r\n <"), store)
    assert packet.header.code.number == "1204"


def test_comments_instructions_and_cdata_are_no_harm(store: BlobStore) -> None:
    data = swap(STATUS, "Từ chối tiếp nhận", "Từ <!-- x --><?y z?><![CDATA[chối]]> tiếp nhận")
    assert parse(data, store) == status("02")


@pytest.mark.parametrize("base64", ["QUJD\r\n  REU=\n", "QUJDREU=", "Q U J D R E U ="])
def test_base64_may_be_broken_into_lines(store: BlobStore, base64: str) -> None:
    table = "WMOjLFPhu5EgaOG7mQpUaGFuaCBTxqFuLDEyMDQK"
    packet = document(swap(NEW, table, base64), store)
    assert store.read(packet.attachments[1].digest) == b"ABCDE"
    assert packet.attachments[1].size == 5


def test_an_empty_file_is_a_file(store: BlobStore) -> None:
    packet = document(swap(NEW, "WMOjLFPhu5EgaOG7mQpUaGFuaCBTxqFuLDEyMDQK", ""), store)
    assert packet.attachments[1].size == 0


@pytest.mark.parametrize("side", ["<edXML:ContentId>", "<ContentId>"])
def test_cid_may_be_missing_on_either_side(store: BlobStore, side: str) -> None:
    assert parse(swap(NEW, f"{side}cid:1", f"{side}1"), store) == NEW_DOCUMENT


def test_files_follow_the_manifest_whose_claims_count(store: BlobStore) -> None:
    first, second = "<ContentId>cid:1<", "<ContentId>cid:2<"
    data = NEW.replace(first, "#").replace(second, first).replace("#", second)
    packet = document(data.encode(), store)
    assert [each.content_id for each in packet.attachments] == ["1", "2"]
    assert [each.name for each in packet.attachments] == ["1204-QD-UBND.pdf", "so-ho.csv"]
    assert [each.digest for each in packet.attachments] == [
        each.digest for each in reversed(NEW_DOCUMENT.attachments)
    ]


def test_what_the_manifest_leaves_out_the_file_tells(store: BlobStore) -> None:
    reference = NEW.index("<edXML:Reference>")
    data = NEW[:reference]
    rest = NEW[reference:]
    for name in ("ContentType", "AttachmentName", "Description"):
        rest = without(rest, name)
    assert parse((data + rest).encode(), store) == NEW_DOCUMENT


def test_what_the_file_says_otherwise_than_the_manifest_is_kept_beside_it(store: BlobStore) -> None:
    files = NEW.index("  <AttachmentEncoded>")
    data = NEW[:files] + NEW[files:].replace("so-ho.csv", "khac.csv")
    packet = document(data.encode(), store)
    (_, file) = packet.attachments
    assert (file.name, file.at_file and file.at_file.name) == ("so-ho.csv", "khac.csv")
    assert serialize(packet, store) == data.encode()


def test_a_status_may_carry_files_without_a_manifest(store: BlobStore) -> None:
    files = NEW[NEW.index("  <AttachmentEncoded>") :]
    data = STATUS.replace("</edXML>\n", files)
    packet = status_packet(data.encode(), store)
    assert packet == replace(status("02"), attachments=NEW_DOCUMENT.attachments)
    assert serialize(packet, store) == data.encode()


# What nobody knows


def test_unknown_elements_are_kept_in_their_place(store: BlobStore) -> None:
    data = CHANGE
    for place in ("Envelope", "Header", "Body", "Manifest"):
        data = re.sub(rf"(<edXML:edXML{place}\b[^>]*>)", rf"\1<New{place} a='1'/>", data)
    data = data.replace(
        "</edXML>", "<AttachmentEncoded><NewFile/></AttachmentEncoded><NewRoot/></edXML>"
    )
    packet = document(data.encode(), store)
    attributes = (("a", "1"),)
    assert packet == replace(
        UPDATE,
        extensions=(
            Extension(inside="edXML", element=Element("NewRoot")),
            Extension(
                inside="edXMLEnvelope", element=Element("NewEnvelope", attributes=attributes)
            ),
            Extension(inside="edXMLHeader", element=Element("NewHeader", attributes=attributes)),
            Extension(inside="edXMLBody", element=Element("NewBody", attributes=attributes)),
            Extension(
                inside="edXMLManifest", element=Element("NewManifest", attributes=attributes)
            ),
            Extension(inside="AttachmentEncoded", element=Element("NewFile")),
        ),
    )
    assert parse(serialize(packet, store), store) == packet


def test_unknown_elements_of_a_group_and_its_lists_are_kept(store: BlobStore) -> None:
    data = NEW.replace("<edXML:ToPlaces>", "<edXML:ToPlaces><x xmlns='urn:x'>1</x>")
    data = data.replace("<edXML:Reference>", "<edXML:Reference><A/>", 1)
    data = data.replace("<Attachment>", "<Attachment><B>b<C/></B>", 1)
    packet = document(data.encode(), store)
    stray = Element("ToPlaces", children=(Element("x", "urn:x", text="1"),))
    assert packet.header.extensions == (stray, *NEW_DOCUMENT.header.extensions)
    assert packet.header.to_places == NEW_DOCUMENT.header.to_places
    assert packet.attachments[0].extensions == (
        Element("A"),
        Element("B", text="b", children=(Element("C"),)),
    )
    written = serialize(packet, store)
    assert written.count(b"<edXML:ToPlaces>") == 1
    assert parse(written, store) == packet


def test_a_known_name_in_another_namespace_is_unknown(store: BlobStore) -> None:
    data = swap(
        STATUS, "<edXML:StatusCode>", "<StatusCode xmlns='urn:x'>99</StatusCode><edXML:StatusCode>"
    )
    packet = status_packet(data, store)
    assert packet.header.status_code == "02"
    assert packet.header.extensions == (Element("StatusCode", "urn:x", text="99"),)


def test_a_real_signature_is_carried_with_its_namespaces(store: BlobStore) -> None:
    signature = (
        "<ds:Signature xmlns:ds='urn:ds' xml:lang='vi'>"
        "<ds:Value ds:Id='7'>x</ds:Value></ds:Signature>"
    )
    packet = status_packet(
        swap(STATUS, "</edXML:edXMLHeader>", signature + "</edXML:edXMLHeader>"), store
    )
    assert packet.signatures == (
        Element(
            "Signature",
            "urn:ds",
            (("{http://www.w3.org/XML/1998/namespace}lang", "vi"),),
            children=(Element("Value", "urn:ds", (("{urn:ds}Id", "7"),), "x"),),
        ),
    )
    assert parse(serialize(packet, store), store) == packet


def test_a_status_with_a_body_and_a_trace_keeps_them_as_unknown(store: BlobStore) -> None:
    header_end, envelope_end = "</edXML:edXMLHeader>", "</edXML:edXMLEnvelope>"
    data = STATUS.replace(header_end, f"<edXML:TraceHeaderList/>{header_end}")
    data = data.replace(envelope_end, f"<edXML:edXMLBody/>{envelope_end}")
    packet = status_packet(data.encode(), store)
    assert packet.extensions == (
        Extension(inside="edXMLEnvelope", element=Element("edXMLBody")),
        Extension(inside="edXMLHeader", element=Element("TraceHeaderList")),
    )
    assert parse(serialize(packet, store), store) == packet


def test_staff_without_anything_stays_one_of_several(store: BlobStore) -> None:
    data = swap(CHANGE, "<edXML:StaffInfo>", "<edXML:StaffInfo/><edXML:StaffInfo>")
    assert document(data, store).trace.business.staff[0] == StaffInfo()
