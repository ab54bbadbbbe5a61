"""Whatever the bytes, the reader reads or refuses. `python -m tools.edxml.fuzz --seconds 600`

Golden files are damaged at random, from a seed, in ways of XML and of bytes. For each one:

* the reader and the check end with a packet, their own refusal or findings, nothing else;
* what was read is written and read back as the same packet;
* the process grows by less than `GROWTH_KIB`, however many are read.

A case that breaks one of these is named by its number: the same seed makes it again.
"""

import argparse
import io
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from libs.blobs import BlobStore, open_store
from libs.edxml import Limits, MalformedPacket, read, serialize
from tools.edxml.check import check
from tools.edxml.conformance import GOLDEN, TODAY

GROWTH_KIB = 64 * 1024
_MOST = 2 * 1024 * 1024
_SMALL = Limits(packet_bytes=_MOST)
_TAG = re.compile(rb"<[^<>]*>")
_ELEMENT = re.compile(rb"<((?:edXML:)?\w+)>[^<>]*</\1>")
_BITES = (
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;",
    b"&#0;",
    b"&#xD800;",
    b"]]>",
    b"<![CDATA[",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\0",
    b"<?xml version='1.0' encoding='UTF-16'?>",
    b" xmlns=''",
    b" xmlns:edXML='urn:x'",
    b" xml:space='x'",
    b"cid:",
    b"=",
    "Ồ\u202e".encode(),
)
_VALUES = (b"", b" ", b"99/99/9999", b"0000/00/00", b"-1", b"9" * 5000, b"cid:", b"\xc2\xa0", b"%s")

Damage = Callable[[random.Random, bytes], bytes]


def flip(chance: random.Random, data: bytes) -> bytes:
    """Change a few bytes."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    """Take a piece out, or all behind a place."""
    start = chance.randrange(len(data))
    end = chance.choice([len(data), min(len(data), start + chance.randint(1, 200))])
    return data[:start] + data[end:]


def bite(chance: random.Random, data: bytes) -> bytes:
    """Put something unwelcome somewhere, half of the time just before or in a tag."""
    places = [match.start() + chance.choice([0, 6]) for match in _first(_TAG, data)]
    place = chance.choice([chance.randrange(len(data)), chance.choice(places or [0])])
    return data[:place] + chance.choice(_BITES) + data[place:]


def repeat(chance: random.Random, data: bytes) -> bytes:
    """Say an element, or a stretch, again: a few times or very often."""
    found = chance.choice(_first(_ELEMENT, data) or [None])
    start, end = found.span() if found else sorted(chance.choices(range(len(data)), k=2))
    times = min(chance.choice([1, 2, 3, 3000]), _MOST // (end - start + 1))
    return data[:end] + data[start:end] * times + data[end:]


def nest(chance: random.Random, data: bytes) -> bytes:
    """Nest elements, perhaps too deep, perhaps without end."""
    place = chance.choice([match.start() for match in _first(_TAG, data)] or [0])
    depth = chance.choice([3, 40, 20_000])
    end = b"</x>" * depth if chance.random() < 0.7 else b""
    return data[:place] + b"<x>" * depth + end + data[place:]


def swell(chance: random.Random, data: bytes) -> bytes:
    """Make a name, an attribute, a comment or a text huge."""
    place = chance.choice([match.start() for match in _first(_TAG, data)] or [0])
    much = b"x" * chance.choice([300, 70_000, 1_000_000])
    huge = chance.choice([b"<%s/>", b"<x y='%s'/>", b"<!--%s-->", b"%s", b"<?x %s?>"])
    return data[:place] + huge % much + data[place:]


def replace_value(chance: random.Random, data: bytes) -> bytes:
    """Give an element another text."""
    if found := chance.choice(_first(_ELEMENT, data) or [None]):
        start = found.start() + len(found[1]) + 2
        end = found.end() - len(found[1]) - 3
        return data[:start] + chance.choice(_VALUES) + data[end:]
    return data


def swap(chance: random.Random, data: bytes) -> bytes:
    """Let two elements change places."""
    found = _first(_ELEMENT, data)
    if len(found) < 2:
        return data
    one, other = sorted(chance.sample(found, 2), key=lambda each: each.start())
    return (
        data[: one.start()]
        + other[0]
        + data[one.end() : other.start()]
        + one[0]
        + data[other.end() :]
    )


def _first(pattern: re.Pattern[bytes], data: bytes) -> list[re.Match[bytes]]:
    """Return some matches, not a million: our own memory must not hide the reader's."""
    return list(islice(pattern.finditer(data), 500))


DAMAGES: tuple[Damage, ...] = (flip, cut, bite, repeat, nest, swell, replace_value, swap)


@dataclass
class Report:
    """What came of it: how many were read and refused by which code, and what broke a promise."""

    seed: int
    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    grown_kib: int = 0


def fuzz(seed: int, *, cases: int | None = None, seconds: float | None = None) -> Report:
    """Run so many cases, or so long."""
    report = Report(seed)
    sources = [path.read_bytes() for path in sorted(GOLDEN.rglob("*.edxml"))]
    before, until = peak_kib(), time.monotonic() + (seconds or 0)
    with tempfile.TemporaryDirectory() as folder:
        blobs, path = open_store(f"file://{folder}/blobs"), Path(folder) / "packet"
        while report.cases != cases and (cases or time.monotonic() < until):
            data = case(seed, report.cases, sources)
            try:
                report.outcomes[_outcome(data, blobs, path)] += 1
            except Exception as error:
                report.broken.append(f"case {report.cases}: {type(error).__name__}: {error}"[:200])
            report.cases += 1
    report.grown_kib = peak_kib() - before
    if report.grown_kib > GROWTH_KIB:
        report.broken.append(f"grown by {report.grown_kib} KiB")
    return report


def case(seed: int, number: int, sources: Sequence[bytes]) -> bytes:
    """Return the bytes of one case."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - to be had again, not to be secret
    data = chance.choice(sources)
    for _ in range(chance.choice([1, 1, 2, 3])):
        data = chance.choice(DAMAGES)(chance, data or b"<")[:_MOST]
    return data


def _outcome(data: bytes, blobs: BlobStore, path: Path) -> str:
    path.write_bytes(data)
    found = check(path, TODAY, limits=_SMALL)
    try:
        packet = read(io.BytesIO(data), blobs, _SMALL)
    except MalformedPacket as error:
        if error.code not in {each.rule.id for each in found} | {"xml_invalid", "not_edxml"}:
            raise AssertionError(f"the check does not find {error.code}") from error
        return error.code
    again = read(io.BytesIO(serialize(packet, blobs)), blobs)
    if again != packet:
        raise AssertionError("written and read, it is another packet")
    return "read"


def peak_kib() -> int:
    """The most memory that this process has had."""
    # Not ru_maxrss: that one starts from what the parent process had.
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a report as JSON; 0 if no promise was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.edxml.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--cases", type=int, help="so many cases instead of seconds")
    options = parser.parse_args(arguments)
    report = fuzz(options.seed, cases=options.cases, seconds=options.seconds)
    print(json.dumps(vars(report)))
    return int(bool(report.broken))


if __name__ == "__main__":
    sys.exit(main())
