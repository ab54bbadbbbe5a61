"""One measured act in a process of its own: `python -m tools.bench.interconnect.arm NAME JSON`.

Prints JSON: `growth`, by how many bytes the resident memory stood at its highest (VmHWM) above what
it was before; `seconds`; and what the act found.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from libs import edxml
from libs.blobs import BlobStore, open_store
from services.interconnect.arrivals import read_packet
from services.interconnect.axis import (
    AxisClient,
    MessageType,
    NationalAxis,
    ProvinceAccount,
    ProvinceAxis,
)

EDOC: MessageType = "edoc"
SENDER, RECIPIENT, OTHER = "H25", "H26", "H27"
NO_LIMIT = 1 << 40
_CHUNK = 1024 * 1024

Act = Callable[[dict[str, Any]], str]


def packet_of(digests: list[str], size: int) -> edxml.DocumentPacket:
    """A document packet with these files, each of `size` bytes."""
    header = edxml.DocumentHeader(
        sender=edxml.Agency(organ_id=SENDER),
        recipients=(edxml.Agency(organ_id=RECIPIENT), edxml.Agency(organ_id=OTHER)),
        document_id="large",
        code=edxml.Code(number="1", notation="CV-UBND"),
        document_type=edxml.DocumentType(type="18", name="Công văn"),
        subject="Gói tin lớn",
        steering_type="1",
    )
    files = tuple(
        edxml.Attachment(
            content_id=str(number),
            content_type="application/pdf",
            name=f"{number}.pdf",
            digest=digest,
            size=size,
        )
        for number, digest in enumerate(digests)
    )
    trace = edxml.Trace(business=edxml.Business(doc_type="0"))
    return edxml.DocumentPacket(header=header, trace=trace, attachments=files)


def client(driver: str, url: str, system: str) -> AxisClient:
    """A client of the stand-in; systems' secrets there are made of their names."""
    secret = f"{system}-secret"
    if driver == "province":
        return ProvinceAxis(url, ProvinceAccount(system, secret, system, secret, "edoc"))
    return NationalAxis(url, system, secret)


def put(given: dict[str, Any]) -> str:
    """Store a file as a blob; its digest."""
    with Path(given["file"]).open("rb") as file:
        return _store(given).put(file, limit=NO_LIMIT).digest


def get(given: dict[str, Any]) -> str:
    """Read a blob through; its length."""
    length = 0
    with _store(given).open(given["digest"]) as blob:
        while piece := blob.read(_CHUNK):
            length += len(piece)
    return str(length)


def write(given: dict[str, Any]) -> str:
    """Write a packet of stored files into the store; its digest."""
    store = _store(given)
    writer = store.writer(limit=NO_LIMIT)
    edxml.write(packet_of(given["digests"], given["size"]), store, writer)
    return writer.commit().digest


def read(given: dict[str, Any]) -> str:
    """Read a stored packet, its files into the store; how many they are."""
    store = _store(given)
    with store.open(given["digest"]) as file:
        packet = read_packet(file, store, NO_LIMIT)
    return str(len(packet.attachments))


def send(given: dict[str, Any]) -> str:
    """Send a packet, to one of its two recipients; the axis' id for it."""
    axis = client(given["driver"], given["url"], given["system"])
    with Path(given["file"]).open("rb") as file:
        return _sent(axis, file, given["digest"])


def _sent(axis: AxisClient, file: BinaryIO, digest: str) -> str:
    return axis.send(file, message_type=EDOC, sender=SENDER, recipients=[RECIPIENT], sha256=digest)


def fetch(given: dict[str, Any]) -> str:
    """Fetch a packet into the store; its digest."""
    axis = client(given["driver"], given["url"], given["system"])
    writer = _store(given).writer(limit=NO_LIMIT)
    axis.fetch(given["doc_id"], writer, NO_LIMIT // 8)
    return writer.commit().digest


def hold(given: dict[str, Any]) -> str:
    """Hold a file whole: by this the measure is seen to measure. Its length."""
    return str(len(Path(given["file"]).read_bytes()))


ACTS: dict[str, Act] = {act.__name__: act for act in (put, get, write, read, send, fetch, hold)}


def main() -> None:
    """Do the act and print what it took."""
    name, given = sys.argv[1], json.loads(sys.argv[2])
    if "blobs" in given:
        # What the store's library loads is no part of the act.
        _store(given).exists("0" * 64)
    before, began = _memory("VmRSS"), time.monotonic()
    found = ACTS[name](given)
    took = {"seconds": time.monotonic() - began, "growth": _memory("VmHWM") - before}
    print(json.dumps({**took, "found": found}))


def _store(given: dict[str, Any]) -> BlobStore:
    return open_store(given["blobs"])


def _memory(name: str) -> int:
    """A figure of this process in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()
