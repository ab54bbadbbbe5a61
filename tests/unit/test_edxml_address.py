"""Who a packet is addressed to, and a copy of it for some of them."""

import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs import edxml
from libs.blobs import open_store

CODES = ["H25", "000.00.00.G22", "H25.31.12", "G12"]


def packet(tmp_path: Path, codes: list[str], size: int = 100_000) -> bytes:
    """A document packet as we write it, with a file."""
    blobs = open_store(f"file://{tmp_path}")
    blob = blobs.put_bytes(b"x" * size)
    header = edxml.DocumentHeader(
        sender=edxml.Agency(organ_id="H26"),
        recipients=tuple(edxml.Agency(organ_id=code, organ_name="Sở") for code in codes),
        document_id="d",
        code=edxml.Code(number="1", notation="X"),
        document_type=edxml.DocumentType(type="1", name="X"),
        subject="<To><OrganId>no recipient</OrganId></To>",
        steering_type="1",
    )
    file = edxml.Attachment(
        content_id="1", content_type="text/plain", name="a", digest=blob.digest, size=blob.size
    )
    trace = edxml.Trace(business=edxml.Business(doc_type="0"))
    made = edxml.DocumentPacket(header=header, trace=trace, attachments=(file,))
    return edxml.serialize(made, blobs)


def test_addressees_are_read_in_their_order(tmp_path: Path) -> None:
    assert edxml.addressees(io.BytesIO(packet(tmp_path, CODES))) == CODES


@pytest.mark.parametrize("some", [CODES[:1], CODES[1:3], CODES[::-1], CODES])
def test_a_narrowed_copy_names_some_and_is_otherwise_the_same(
    tmp_path: Path, some: list[str]
) -> None:
    stream = io.BytesIO(packet(tmp_path, CODES))
    beginning = edxml.narrowed(stream, some)
    assert len(beginning) <= 70_000  # the file is not read
    copy = beginning + stream.read()
    kept = [code for code in CODES if code in some]
    assert edxml.addressees(io.BytesIO(copy)) == kept
    assert copy == packet(tmp_path, kept)


def test_a_copy_for_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none of these"):
        edxml.narrowed(io.BytesIO(packet(tmp_path, CODES)), ["H99"])


@pytest.mark.parametrize("name", ["edXML:To", "To"])
def test_prefixes_and_empty_elements_make_no_difference(name: str) -> None:
    namespace = 'xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"'
    prefixed = 'xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016"'
    organ = name.replace("To", "OrganId")
    text = (
        f"<edXML {namespace} {prefixed}><edXMLEnvelope><edXMLHeader><MessageHeader><From>"
        f"<OrganId>F</OrganId></From><{name}/><{name}  ><{organ}> A </{organ}></{name} >\n"
        f"<{name}><{organ}>&#66;</{organ}></{name}></MessageHeader></edXMLHeader></edXMLEnvelope>"
        "<garbage"
    ).encode()
    assert edxml.addressees(io.BytesIO(text)) == ["", "A", "B"]
    copy = edxml.narrowed(io.BytesIO(text), ["B"])
    assert edxml.addressees(io.BytesIO(copy)) == ["B"]
    assert copy.endswith(b"<garbage")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "xml_invalid"),
        (b"no xml", "xml_invalid"),
        (b"<edXML><edXMLEnvelope>", "xml_invalid"),
        (b"<!DOCTYPE edXML><edXML/>", "doctype_forbidden"),
        (b"<edXML>" + b" " * (9 << 20) + b"</edXML>", "header_too_large"),
    ],
    ids=["empty", "text", "cut", "doctype", "huge"],
)
def test_what_is_no_packet_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(edxml.MalformedPacket) as refused:
        edxml.addressees(io.BytesIO(data))
    assert refused.value.code == code


@given(st.binary(max_size=300))
def test_nothing_else_is_raised_whatever_comes(data: bytes) -> None:
    with suppress(edxml.MalformedPacket):
        edxml.addressees(io.BytesIO(b"<edXML>" + data))
