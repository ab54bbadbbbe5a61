"""Peers write edXML in many ways: what is read, and what is refused, with which code and where."""

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


def stored_files(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


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


# What is refused


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("OrganId", "From/OrganId"),
        ("From", "From"),
        ("DocumentId", "DocumentId"),
        ("CodeNumber", "Code/CodeNumber"),
        ("CodeNotation", "Code/CodeNotation"),
        ("Code", "Code"),
        ("Subject", "Subject"),
    ],
)
def test_a_document_without_its_essentials_is_refused(
    store: BlobStore, name: str, where: str
) -> None:
    assert refused(without(CHANGE, name), store) == ("missing_element", f"{MESSAGE}/{where}")


@pytest.mark.parametrize("name", ["From", "ResponseFor", "StatusCode>?", "Timestamp"])
def test_a_status_without_its_essentials_is_refused(store: BlobStore, name: str) -> None:
    if name == "StatusCode>?":
        data = re.sub("<edXML:StatusCode>.*<", "<edXML:StatusCode> <", STATUS)
        name = "StatusCode"
    else:
        data = without(STATUS, name)
    assert refused(data, store) == ("missing_element", f"{MESSAGE}/{name}")


@pytest.mark.parametrize("name", ["OrganId", "Code", "DocumentId"])
def test_a_status_says_which_document_it_is_about(store: BlobStore, name: str) -> None:
    start = STATUS.index("<edXML:ResponseFor>")
    data = STATUS[:start] + without(STATUS[start:], name)
    assert refused(data, store) == ("missing_element", f"{MESSAGE}/ResponseFor/{name}")


def test_a_document_without_recipients_is_refused(store: BlobStore) -> None:
    assert refused(without(CHANGE, "To"), store) == ("missing_element", f"{MESSAGE}/To")


def test_a_recipient_without_code_is_named_by_its_number(store: BlobStore) -> None:
    data = swap(NEW, "<edXML:OrganId>000.12.31.H25</edXML:OrganId>", "")
    assert refused(data, store) == ("missing_element", f"{MESSAGE}/To[2]/OrganId")


def test_a_document_without_business_is_refused(store: BlobStore) -> None:
    where = BUSINESS
    assert refused(without(CHANGE, "TraceHeaderList"), store) == ("missing_element", where)
    assert refused(without(CHANGE, "Bussiness"), store) == ("missing_element", where)
    kind = where + "/BussinessDocType"
    assert refused(without(CHANGE, "BussinessDocType"), store) == ("missing_element", kind)


@pytest.mark.parametrize("name", ["edXMLEnvelope", "edXMLHeader", "MessageHeader"])
def test_a_packet_without_header_is_refused(store: BlobStore, name: str) -> None:
    assert refused(without(CHANGE, name), store)[0] == "missing_element"


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("Subject", f"{MESSAGE}/Subject"),
        ("Code", f"{MESSAGE}/Code"),
        ("BussinessDocType", f"{BUSINESS}/BussinessDocType"),
        ("MessageHeader", MESSAGE),
        ("edXMLHeader", HEADER),
        ("edXMLManifest", "edXML/edXMLEnvelope/edXMLBody/edXMLManifest"),
        ("edXMLEnvelope", "edXML/edXMLEnvelope"),
    ],
)
def test_what_must_be_single_and_comes_twice_is_refused(
    store: BlobStore, name: str, where: str
) -> None:
    data = re.sub(rf"<edXML:{name}\b.*</edXML:{name}>", r"\g<0>\g<0>", CHANGE, flags=re.S)
    assert refused(data, store) == ("duplicate_element", where)


@pytest.mark.parametrize("text", [CHANGE, STATUS])
@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("<edXML:edXMLEnvelope", "edXML"),
        ("<edXML:edXMLHeader>", ENVELOPE),
        ("<edXML:MessageHeader>", HEADER),
        ("<edXML:From>", MESSAGE),
        ("<edXML:OrganId>", f"{MESSAGE}/From"),
        ("<edXML:TraceHeader>", f"{HEADER}/TraceHeaderList"),
        ("<edXML:BussinessDocType>", BUSINESS),
        ("<edXML:Receiver>", f"{BUSINESS}/BussinessDocumentInfo/ReceiverList"),
        ("<edXML:ReceiverType>", f"{BUSINESS}/BussinessDocumentInfo/ReceiverList/Receiver[1]"),
        ("<edXML:edXMLManifest", f"{ENVELOPE}/edXMLBody"),
        ("</edXML:edXMLManifest>", f"{ENVELOPE}/edXMLBody/edXMLManifest"),
    ],
)
def test_text_between_elements_is_refused(
    store: BlobStore, text: str, place: str, where: str
) -> None:
    if place in text:
        assert refused(swap(text, place, "stray" + place), store) == ("unexpected_text", where)


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("<edXML:ContentType>", f"{ENVELOPE}/edXMLBody/edXMLManifest/Reference[1]"),
        ("<Attachment>", "edXML/AttachmentEncoded"),
        ("<AttachmentName>", "edXML/AttachmentEncoded/Attachment[1]"),
    ],
)
def test_text_between_the_parts_of_a_file_is_refused(
    store: BlobStore, place: str, where: str
) -> None:
    assert refused(swap(NEW, place, "stray" + place), store) == ("unexpected_text", where)


def test_an_element_inside_a_text_is_refused(store: BlobStore) -> None:
    where = f"{MESSAGE}/ToPlaces/Place[2]"
    data = swap(NEW, ">Lưu: VT<", ">Lưu: <b/>VT<")
    assert refused(data, store) == ("unexpected_element", where)


def test_an_agency_addressed_twice_is_refused(store: BlobStore) -> None:
    data = swap(NEW, ">000.12.31.H25<", ">H25.15<")
    assert refused(data, store) == ("duplicate_recipient", "MessageHeader/To")


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("<ContentId>cid:2", "<ContentId>cid:3", "attachment_missing", "edXML/AttachmentEncoded"),
        ("<ContentId>cid:2", "<ContentId>1", "duplicate_attachment", "edXML/AttachmentEncoded"),
        (
            "<edXML:ContentId>cid:2",
            "<edXML:ContentId>1",
            "duplicate_reference",
            "edXML/edXMLEnvelope/edXMLBody/edXMLManifest",
        ),
        (
            "<ContentId>cid:2",
            "<ContentId>cid: ",
            "missing_element",
            "edXML/AttachmentEncoded/Attachment/ContentId",
        ),
        (
            "<ContentId>cid:2</ContentId>",
            "",
            "missing_element",
            "edXML/AttachmentEncoded/Attachment[2]/ContentId",
        ),
    ],
)
def test_files_and_manifest_must_agree(
    store: BlobStore, tmp_path: Path, old: str, new: str, code: str, where: str
) -> None:
    assert refused(swap(NEW, old, new), store) == (code, where)
    assert stored_files(tmp_path) == []


def test_a_file_that_the_manifest_does_not_name_is_refused(store: BlobStore) -> None:
    where = "edXML/edXMLEnvelope/edXMLBody/edXMLManifest"
    assert refused(without(NEW, "Reference"), store) == ("attachment_unlisted", where)


def test_a_reference_without_file_is_refused(store: BlobStore) -> None:
    data = without(NEW, "AttachmentEncoded")
    assert refused(data, store) == ("attachment_missing", "edXML/AttachmentEncoded")


def test_a_file_without_content_is_refused(store: BlobStore) -> None:
    where = "edXML/AttachmentEncoded/Attachment[1]/ContentTransferEncoded"
    assert refused(without(NEW, "ContentTransferEncoded"), store) == ("missing_element", where)


@pytest.mark.parametrize(
    "base64",
    ["QUJ", "QUJDR", "QUI=QUJD", "Q===", "=QUJ", "QU*J", "QUJé", "QU=J", "QUJDREU=QQ==", "===="],
)
def test_bad_base64_is_refused_and_nothing_is_stored(
    store: BlobStore, tmp_path: Path, base64: str
) -> None:
    where = "edXML/AttachmentEncoded/Attachment/ContentTransferEncoded"
    data = swap(NEW, "WMOjLFPhu5EgaOG7mQpUaGFuaCBTxqFuLDEyMDQK", base64)
    assert refused(data, store) == ("bad_base64", where)
    assert stored_files(tmp_path) == []


def test_padding_ends_base64_over_pieces_too(store: BlobStore) -> None:
    # Sixty-four KiB of base64 fill the parser's buffer: what follows comes as another piece.
    data = swap(NEW, "WMOjLFPhu5EgaOG7mQpUaGFuaCBTxqFuLDEyMDQK", "A" * 65535 + "=" + "A" * 65536)
    assert refused(data, store)[0] == "bad_base64"


def test_an_element_inside_base64_is_refused(store: BlobStore) -> None:
    where = "edXML/AttachmentEncoded/Attachment/ContentTransferEncoded/b"
    assert refused(swap(NEW, "WMOj", "WMOj<b/>"), store) == ("unexpected_element", where)


def test_a_refused_packet_stores_nothing(store: BlobStore, tmp_path: Path) -> None:
    assert refused(swap(NEW, "</edXML>", "<edXML>"), store)[0] == "xml_invalid"
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize(
    "root",
    ["<edXML/>", "<edXML xmlns='urn:other'/>", f"<edxml xmlns='{NAMESPACE}'/>", "<html/>"],
)
def test_other_xml_is_refused(store: BlobStore, root: str) -> None:
    assert refused(root, store) == ("not_edxml", root[1:].partition(" ")[0].removesuffix("/>"))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"<edXML", b"<a>\xff</a>", b"<a>&b;</a>"])
def test_what_is_no_xml_is_refused(store: BlobStore, data: bytes) -> None:
    code, where = refused(data, store)
    assert code == "xml_invalid"
    assert re.fullmatch(r"line 1, column \d+", where)


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE edXML>",
        '<!DOCTYPE edXML SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]>',
    ],
)
def test_a_doctype_is_refused(store: BlobStore, doctype: str) -> None:
    data = swap(STATUS, "<edXML ", f"{doctype}<edXML ")
    assert refused(data, store) == ("doctype_forbidden", "edXML")


def test_a_long_place_is_cut_at_its_front() -> None:
    error = MalformedPacket("x", "a" * 100 + "b" * 200)
    assert error.where == "b" * 200
    assert MalformedPacket("x", "a" * 200).where == "a" * 200


def test_staff_without_anything_stays_one_of_several(store: BlobStore) -> None:
    data = swap(CHANGE, "<edXML:StaffInfo>", "<edXML:StaffInfo/><edXML:StaffInfo>")
    assert document(data, store).trace.business.staff[0] == StaffInfo()
