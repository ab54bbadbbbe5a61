"""Each limit admits exactly what it says, and a large packet takes little memory."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from libs.blobs import BlobStore, open_store
from libs.edxml import Limits, MalformedPacket, parse, read
from tests.unit.test_edxml_examples import EXAMPLES, PDF, VECTORS, status

NEW = (VECTORS / "document_new.edxml").read_bytes()
STATUS = (VECTORS / "status_02.edxml").read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return open_store(f"file://{tmp_path}")


def depth_of(data: bytes) -> int:
    deepest = now = 0
    for tag in data.split(b"<")[1:]:
        if tag.startswith(b"/"):
            now -= 1
        elif not tag.startswith(b"?"):
            now += 1
            deepest = max(deepest, now)
            now -= tag.rstrip().endswith(b"/>")
    return deepest


def elements_of(data: bytes) -> int:
    return data.count(b"<") - data.count(b"</") - data.count(b"<?")


LONGEST = len("Từ chối tiếp nhận: gửi nhầm nơi nhận")


@pytest.mark.parametrize(
    ("name", "data", "exact", "code"),
    [
        ("packet_bytes", NEW, len(NEW), "packet_too_large"),
        ("attachment_bytes", NEW, len(PDF), "attachment_too_large"),
        ("attachments", NEW, 2, "too_many_attachments"),
        ("depth", NEW, depth_of(NEW), "too_deep"),
        ("elements", NEW, elements_of(NEW), "too_many_elements"),
        ("text_chars", NEW, len("000.00.00.G22,2015/09/30,7816/VPCP-TTĐT"), "text_too_long"),
        ("text_chars", STATUS, LONGEST, "text_too_long"),
    ],
)
def test_a_limit_admits_exactly_as_much(
    store: BlobStore, tmp_path: Path, name: str, data: bytes, exact: int, code: str
) -> None:
    expected = EXAMPLES["document_new" if data is NEW else "status_02"]
    with pytest.raises(MalformedPacket) as refusal:
        parse(data, store, replace(Limits(), **{name: exact - 1}))
    assert refusal.value.code == code
    assert refusal.value.where.startswith("edXML")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert parse(data, store, replace(Limits(), **{name: exact})) == expected


def test_the_header_limit_counts_names_texts_and_attributes(store: BlobStore) -> None:
    # Names 31, attribute "a" and its value 3, text 5; indentation is free. The namespace is none.
    data = STATUS.replace(b"</edXML>", b'  <Unknown a="bc">  hello </Unknown>\n  </edXML>')
    without = chars_of(STATUS, store)
    assert chars_of(data, store) - without == len("Unknown") + len("abc") + len("hello ")
    where = refusal_at(data, store, header_chars=chars_of(data, store) - 1)
    assert where == ("header_too_large", "edXML/Unknown")
    assert without == len(names_and_texts(STATUS))


def names_and_texts(data: bytes) -> str:
    found = re.findall(r"<(?:edXML:)?(\w+)[^>?]*>([^<\n]*)", data.decode())
    return "".join(name + text for name, text in found)


def chars_of(data: bytes, store: BlobStore) -> int:
    """The least limit that admits the packet."""
    low, high = 0, 100_000
    while low < high:
        middle = (low + high) // 2
        try:
            parse(data, store, Limits(header_chars=middle))
            high = middle
        except MalformedPacket:
            low = middle + 1
    return low


def refusal_at(data: bytes, store: BlobStore, **limits: int) -> tuple[str, str]:
    with pytest.raises(MalformedPacket) as refusal:
        parse(data, store, Limits(**limits))
    return refusal.value.code, refusal.value.where


def test_the_place_of_a_refusal_is_the_element(store: BlobStore) -> None:
    code = "edXML/edXMLEnvelope/edXMLHeader/MessageHeader/StatusCode"
    data = STATUS.replace(b">02<", b">" + b"0" * 37 + b"<")
    assert refusal_at(data, store, text_chars=36) == ("text_too_long", code)
    assert refusal_at(STATUS, store, depth=2) == ("too_deep", "edXML/edXMLEnvelope/edXMLHeader")
    assert refusal_at(STATUS, store, elements=1) == ("too_many_elements", "edXML/edXMLEnvelope")
    content = "edXML/AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert refusal_at(NEW, store, attachments=1) == ("too_many_attachments", content)
    assert refusal_at(NEW, store, attachment_bytes=9) == ("attachment_too_large", content)


def test_indentation_is_no_text(store: BlobStore) -> None:
    data = STATUS.replace(b"<edXML:StatusCode>", b" " * 200_000 + b"<edXML:StatusCode>")
    assert parse(data, store, Limits(text_chars=LONGEST)) == status("02")


def test_a_text_of_many_pieces_is_counted_whole(store: BlobStore) -> None:
    def packet(length: int) -> bytes:
        return STATUS.replace(b">02<", b">" + b"0" * length + b"<")

    # The parser hands over 64 KiB at most: each piece alone would pass.
    most = Limits().text_chars
    assert parse(packet(most), store).header.status_code == "0" * most  # type: ignore[union-attr]
    code, where = refusal_at(packet(most + 1), store)
    assert (code, where.rpartition("/")[2]) == ("text_too_long", "StatusCode")


@pytest.mark.parametrize(
    ("before", "after"), [(b"<!--", b"-->"), (b"<?x ", b"?>"), (b"<x y='", b"'/>")]
)
def test_a_tag_or_comment_without_end_is_refused_early(
    store: BlobStore, before: bytes, after: bytes
) -> None:
    def packet(length: int) -> io.BytesIO:
        return io.BytesIO(STATUS.replace(b"</edXML>", before + b"x" * length + after + b"</edXML>"))

    limits = Limits(token_bytes=100_000)
    read(packet(99_000), store, limits)
    endless = packet(10_000_000)
    with pytest.raises(MalformedPacket) as refusal:
        read(endless, store, limits)
    assert (refusal.value.code, refusal.value.where) == ("token_too_long", "edXML")
    assert endless.tell() < 300_000


def test_a_token_is_measured_from_its_own_start(store: BlobStore) -> None:
    class OneByOne(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(1 if size else size)

    tags = [len(tag.partition(b">")[0]) + 1 for tag in STATUS.split(b"<")[1:]]
    longest = max(tags)
    assert read(OneByOne(STATUS), store, Limits(token_bytes=longest)) == status("02")
    with pytest.raises(MalformedPacket, match="token_too_long"):
        read(OneByOne(STATUS), store, Limits(token_bytes=longest - 1))


def test_the_default_limits_admit_a_province(store: BlobStore) -> None:
    recipients = "".join(
        f"<To><OrganId>H25.Q{n}</OrganId><Email>a@b.example</Email></To>" for n in range(2_998)
    )
    data = NEW.replace(b"<edXML:DocumentId>", recipients.encode() + b"<edXML:DocumentId>", 1)
    assert len(parse(data, store).header.recipients) == 3_000  # type: ignore[union-attr]
    assert Limits() == Limits(
        packet_bytes=134_217_728,
        attachment_bytes=67_108_864,
        attachments=100,
        depth=32,
        elements=50_000,
        text_chars=65_536,
        header_chars=8_388_608,
        token_bytes=262_144,
    )


LARGE = """
import io
import re
import sys
from base64 import b64encode
from libs.blobs import open_store
from libs.edxml import Limits, read, write

store = open_store("file://" + sys.argv[1])
golden = open(sys.argv[2], "rb").read()
start, end = golden.split(b"WMOjLFPhu5EgaOG7mQpUaGFuaCBTxqFuLDEyMDQK")
piece = bytes(range(256)) * 192
limit = int(sys.argv[3]) * 2**20
limits = Limits(packet_bytes=2 * limit, attachment_bytes=limit)

def packet():
    yield start
    left = limit
    while left:
        part = piece[:left]
        left -= len(part)
        yield b64encode(part)
    yield end

class Stream(io.RawIOBase):
    parts, rest = packet(), b""

    def read(self, size):
        if not self.rest:
            self.rest = next(self.parts, b"")
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

class Sink:
    size = 0

    def write(self, data):
        self.size += len(data)

def peak():
    # Not ru_maxrss: that one starts from what the parent process had.
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

before = peak()
read_packet = read(Stream(), store, limits)
sink = Sink()
write(read_packet, store, sink)
print(read_packet.attachments[1].size, sink.size, peak() - before)
"""


def test_a_large_packet_is_read_and_written_in_little_memory(tmp_path: Path) -> None:
    """The bound for a packet of 200 MB is 64 MiB; LARGE_PACKET_MIB=150 makes one of 210 MB."""
    mebibytes = int(os.environ.get("LARGE_PACKET_MIB", "64"))
    golden = str(VECTORS / "document_new.edxml")
    run = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path), golden, str(mebibytes)],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    size, written, grown_kib = map(int, run.stdout.split())
    assert size == mebibytes * 2**20
    assert written > size * 4 // 3
    assert grown_kib < 32 * 1024, run.stdout
