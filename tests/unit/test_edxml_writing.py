"""What is written is read as the same packet, or it is not written."""

import hashlib
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.blobs import BlobCorrupt, BlobMissing, BlobStore, open_store
from libs.edxml import (
    NAMESPACE,
    Attachment,
    DocumentHeader,
    DocumentPacket,
    Element,
    ErrorList,
    Extension,
    MalformedPacket,
    StatusHeader,
    StatusPacket,
    Trace,
    parse,
    serialize,
    write,
)
from libs.edxml.element import Attributes
from libs.edxml.packets import FRAME, Group
from libs.edxml.schema import Slot, schema_of
from tests.unit.test_edxml_examples import NEW_DOCUMENT, UPDATE, moment, status, store_with_files

CONTENTS = [b"", b"a", b"ab", b"abc", bytes(range(256)) * 600]
STATUS_FRAME = [name for name in FRAME if name not in ("edXMLBody", "edXMLManifest")]
XML = "http://www.w3.org/XML/1998/namespace"
XLINK = "http://www.w3.org/1999/xlink"

letters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
letters |= st.sampled_from("\t\r\n<>&\"']")
texts = st.text(letters, max_size=12).map(lambda text: text.strip(" \t\r\n"))
filled = texts.filter(bool)
names = st.from_regex(r"z[a-zăê0-9._-]{0,5}", fullmatch=True)
attributes = st.dictionaries(
    names | st.builds("{{{}}}{}".format, st.sampled_from(["urn:<&>", "urn:y", XML, XLINK]), names),
    st.text(letters, max_size=6),
    max_size=3,
).map(lambda pairs: tuple(pairs.items()))


def element(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Element]:
    namespaces = st.sampled_from(["", "urn:x", 'urn:"<&>', NAMESPACE])
    return st.builds(Element, names, namespaces, attributes, texts, children)


leaves = element(st.just(()))
elements = st.recursive(
    leaves, lambda inner: element(st.lists(inner, max_size=2).map(tuple)), max_leaves=3
)
some_leaves = st.just(()) | st.tuples(leaves)
some_attributes = st.just(()) | attributes
MOMENTS = {date: st.dates(), datetime: st.datetimes().map(lambda each: each.replace(microsecond=0))}


def group(cls: type[Group], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    values = {slot.field: value(slot) for slot in schema_of(cls).slots}
    given = {"attributes": some_attributes, "extensions": some_leaves} | given
    return st.builds(cls, **values, **given)


def value(slot: Slot) -> st.SearchStrategy[Any]:
    if slot.is_group:
        one = group(slot.kind)
    elif slot.kind is str:
        one = filled if slot.required else texts
    else:
        one = MOMENTS[slot.kind] if slot.required else st.none() | MOMENTS[slot.kind]
    if not slot.many:
        return one
    unique = (lambda each: each.organ_id) if slot.name == "To" else None
    return st.lists(one, min_size=slot.required, max_size=2, unique_by=unique).map(tuple)


def attachment(
    content: bytes, content_id: str, *claims: str, attributes: Attributes = ()
) -> Attachment:
    return Attachment(
        content_id=content_id,
        attributes=attributes,
        content_type=claims[0],
        name=claims[1],
        description=claims[2],
        digest=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


def frame(*inside: str) -> dict[str, st.SearchStrategy[Any]]:
    """What both packets have; unknown elements in the order of the frame, as they are read."""
    signatures = elements.map(lambda each: replace(each, name="Signature"))
    files = st.lists(
        st.builds(
            attachment,
            st.sampled_from(CONTENTS),
            filled,
            texts,
            texts,
            texts,
            attributes=some_attributes,
        ),
        max_size=3,
        unique_by=lambda each: each.content_id,
    )
    extensions = st.lists(
        st.builds(lambda i, e: Extension(inside=i, element=e), st.sampled_from(inside), elements),
        max_size=3,
    )
    return {
        "signatures": st.lists(signatures, max_size=2).map(tuple),
        "error_list": group(ErrorList),
        "attachments": files.map(tuple),
        "extensions": extensions.map(
            lambda each: tuple(sorted(each, key=lambda one: FRAME.index(one.inside)))
        ),
    }


documents = st.builds(
    DocumentPacket,
    header=group(DocumentHeader),
    trace=group(Trace),
    **frame(*FRAME),
)
statuses = st.builds(StatusPacket, header=group(StatusHeader), **frame(*STATUS_FRAME))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> BlobStore:
    store = store_with_files(tmp_path_factory.mktemp("blobs"))
    for content in CONTENTS:
        store.put_bytes(content)
    return store


@settings(max_examples=25, deadline=None)
@given(packet=documents)
def test_any_document_packet_comes_back_as_it_was(packet: DocumentPacket, store: BlobStore) -> None:
    assert parse(serialize(packet, store), store) == packet


@settings(max_examples=25, deadline=None)
@given(packet=statuses)
def test_any_status_packet_comes_back_as_it_was(packet: StatusPacket, store: BlobStore) -> None:
    assert parse(serialize(packet, store), store) == packet


def refused(packet: DocumentPacket | StatusPacket, store: BlobStore) -> tuple[str, str]:
    with pytest.raises(MalformedPacket) as refusal:
        serialize(packet, store)
    return refusal.value.code, refusal.value.where


def header(**changes: Any) -> DocumentPacket:
    return replace(NEW_DOCUMENT, header=replace(NEW_DOCUMENT.header, **changes))


MESSAGE = "edXML/edXMLEnvelope/edXMLHeader/MessageHeader"


@pytest.mark.parametrize("letter", ["\0", "\x0b", "\x1f", "\ud800", "\ufffe"])
def test_a_letter_that_xml_cannot_hold_is_refused(store: BlobStore, letter: str) -> None:
    expected = ("forbidden_character", f"{MESSAGE}/Subject")
    assert refused(header(subject=f"a{letter}b"), store) == expected
    frame = "edXML/edXMLEnvelope/edXMLHeader"
    for mark, name in (
        (Element("Mark", text=letter), "Mark"),
        (Element("Mark", attributes=(("a", letter),)), "a"),
        (Element("Mark", attributes=((f"{{{letter}}}a", ""),)), f"{{{letter}}}a"),
    ):
        expected = ("forbidden_character", f"{frame}/{name}")
        assert refused(replace(UPDATE, signatures=(mark,)), store) == expected


def test_what_must_be_there_is_asked_for_before_sending(store: BlobStore) -> None:
    assert refused(header(subject=""), store) == ("missing_element", f"{MESSAGE}/Subject")
    assert refused(header(recipients=()), store) == ("missing_element", f"{MESSAGE}/To")
    nameless = replace(NEW_DOCUMENT.attachments[0], content_id="")
    where = "AttachmentEncoded/Attachment/ContentId"
    assert refused(replace(UPDATE, attachments=(nameless,)), store) == ("missing_element", where)


def test_what_must_be_different_is_compared_before_sending(store: BlobStore) -> None:
    agency = NEW_DOCUMENT.header.recipients[0]
    twice = header(recipients=(agency, agency))
    assert refused(twice, store) == ("duplicate_recipient", "MessageHeader/To")
    file = NEW_DOCUMENT.attachments[0]
    copies = replace(status("03"), attachments=(file, file))
    assert refused(copies, store) == ("duplicate_attachment", "AttachmentEncoded")


@pytest.mark.parametrize(
    ("packet", "inside"), [(UPDATE, "Body"), (status("01"), "edXMLBody"), (status("01"), "")]
)
def test_an_unknown_element_needs_a_place(
    store: BlobStore, packet: DocumentPacket | StatusPacket, inside: str
) -> None:
    stray = replace(packet, extensions=(Extension(inside=inside, element=Element("x")),))
    assert refused(stray, store) == ("unexpected_element", inside)


@pytest.mark.parametrize(
    "time", [moment("2018-07-03 08:00:02.5"), datetime(2018, 7, 3, tzinfo=UTC)]
)
def test_a_time_that_the_format_cannot_hold_is_refused(store: BlobStore, time: datetime) -> None:
    packet = status("03")
    packet = replace(packet, header=replace(packet.header, timestamp=time))
    assert refused(packet, store) == ("bad_timestamp", f"{MESSAGE}/Timestamp")


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_file_of_another_size_is_refused(store: BlobStore, difference: int) -> None:
    file = NEW_DOCUMENT.attachments[1]
    packet = replace(UPDATE, attachments=(replace(file, size=file.size + difference),))
    where = "edXML/AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert refused(packet, store) == ("size_mismatch", where)


def test_a_missing_or_corrupt_file_is_the_stores_error(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    with pytest.raises(BlobMissing):
        serialize(NEW_DOCUMENT, store)
    store = store_with_files(tmp_path)
    digest = NEW_DOCUMENT.attachments[0].digest
    (tmp_path / digest[:2] / digest[2:4] / digest).write_bytes(b"other")
    with pytest.raises(BlobCorrupt):
        serialize(NEW_DOCUMENT, store)


def test_base64_is_written_in_pieces_without_inner_padding(store: BlobStore) -> None:
    content = CONTENTS[-1]
    pieces: list[int] = []

    class Sink(io.BytesIO):
        def write(self, data: Any, /) -> int:
            pieces.append(len(data))
            return super().write(data)

    sink = Sink()
    packet = replace(UPDATE, attachments=(attachment(content, "1", "", "", ""),))
    write(packet, store, sink)
    assert max(pieces) == 65_536
    encoded = sink.getvalue().split(b"ContentTransferEncoded")[1].partition(b">")[2]
    assert b"=" not in encoded
    assert parse(sink.getvalue(), store) == packet


def test_only_signatures_go_without_the_prefix(store: BlobStore) -> None:
    mark = Element("Mark")
    extension = Extension(inside="edXMLHeader", element=mark)
    written = serialize(replace(UPDATE, signatures=(mark,), extensions=(extension,)), store)
    assert b"      <Mark />\n      <edXML:Mark />\n    </edXML:edXMLHeader>" in written
    assert b"AttachmentEncoded" not in written


def test_a_carriage_return_survives(store: BlobStore) -> None:
    packet = header(content="một\r\nhai")
    written = serialize(packet, store)
    assert b"m\xe1\xbb\x99t&#13;\nhai" in written
    assert parse(written, store) == packet
