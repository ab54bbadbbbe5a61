"""What is no good packet is refused, with a code and a place, and nothing of it is stored."""

import re
from pathlib import Path

import pytest

from libs.blobs import BlobStore, open_store
from libs.edxml import NAMESPACE, MalformedPacket
from libs.edxml.content import Content
from tests.unit.test_edxml_reading import (
    BUSINESS,
    CHANGE,
    ENVELOPE,
    HEADER,
    MESSAGE,
    NEW,
    STATUS,
    refused,
    swap,
    without,
)


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return open_store(f"file://{tmp_path}")


def stored_files(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


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
    content = Content(store.writer(limit=100), "here")
    content.feed("QUI=")
    with pytest.raises(MalformedPacket) as refusal:
        content.feed("QUJD")
    assert (refusal.value.code, refusal.value.where) == ("bad_base64", "here")
    content.abort()


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
