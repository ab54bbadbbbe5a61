"""Does our reader keep its promises? `python -m tools.edxml.conformance [--json]`

Over the golden files in tests/vectors/edxml, written by us, and, where they are, over real packets
(EDXML_SAMPLES, or samples/edxml of a folder `shared` beside the repository):

* golden: read, without errors by the rules, and written back byte for byte;
* tolerated: written as others do; read, and what is written for it is read as the same packet;
* refused: named after the rule by which it is refused;
* samples: read, and written back with the same lines;
* rows of 1.2 and so on: each row of the field's tables (rows.json) is in the file that it names.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from libs.blobs import open_store
from libs.edxml import MalformedPacket, parse, serialize
from tools.edxml.check import check
from tools.edxml.rules import Finding
from tools.edxml.writing import Writing

_ROOT = Path(__file__).parents[2]
GOLDEN = _ROOT / "tests" / "vectors" / "edxml"
# Real packets hold real people's names: they stay outside the repository.
SAMPLES = Path(os.environ.get("EDXML_SAMPLES", _ROOT.parent / "shared" / "samples" / "edxml"))
TODAY = date(2026, 1, 1)
"""The golden files' own day: what they say must not depend on the calendar."""


@dataclass
class Result:
    """How many of a kind were run, and the complaints."""

    run: int = 0
    failed: list[str] = field(default_factory=list)


def conform(golden: Path = GOLDEN, samples: Path = SAMPLES) -> dict[str, Result]:
    """Run the whole kit; a kind whose folder is absent is run 0 times."""
    return {
        "golden": _each(golden, _exact),
        "tolerated": _each(golden / "tolerated", _tolerated),
        "refused": _each(golden / "refused", _refused),
        "samples": _each(samples, _sample),
        **{f"rows of {section}": _rows(golden, places) for section, places in rows(golden).items()},
    }


def rows(golden: Path = GOLDEN) -> dict[str, dict[str, list[str]]]:
    """Return the files that have each row, by section of the tables."""
    found: dict[str, dict[str, list[str]]] = json.loads((golden / "rows.json").read_text("utf-8"))
    return found


def _each(folder: Path, complaint: Callable[[Path], str]) -> Result:
    result = Result()
    for path in sorted(folder.glob("*.edxml")):
        result.run += 1
        if text := complaint(path):
            result.failed.append(f"{path.name}: {text}")
    return result


def _exact(path: Path) -> str:
    if wrong := _errors(check(path, TODAY)):
        return wrong
    first, _ = _round_trip(path)
    return "" if first == path.read_bytes() else "written back with other bytes"


def _tolerated(path: Path) -> str:
    first, second = _round_trip(path)
    return "" if first == second else "not the same after writing and reading"


def _refused(path: Path) -> str:
    found = check(path, TODAY)
    if path.stem not in {each.rule.id for each in found}:
        return f"not found: {path.stem}"
    try:
        _round_trip(path)
    except MalformedPacket:
        return ""
    return "read all the same"


def _sample(path: Path) -> str:
    first, second = _round_trip(path)
    if first != second:
        return "not the same after writing and reading"
    return "" if _lines(first) == _lines(path.read_bytes()) else "written back with other lines"


def _round_trip(path: Path) -> tuple[bytes, bytes]:
    """Return what is written for the file, and what is written for that."""
    with tempfile.TemporaryDirectory() as folder:
        blobs = open_store(f"file://{folder}")
        packet = parse(path.read_bytes(), blobs)
        first = serialize(packet, blobs)
        again = parse(first, blobs)
        if again != packet:
            return first, b""
        return first, serialize(again, blobs)


def _lines(packet: bytes) -> list[bytes]:
    """The lines in no order: producers order the parts of an agency otherwise."""
    return sorted(line.strip() for line in packet.splitlines() if line.strip())


def _errors(found: list[Finding]) -> str:
    return ", ".join(each.rule.id for each in found if each.rule.severity == "error")


def _rows(golden: Path, places: dict[str, list[str]]) -> Result:
    result = Result()
    for place, names in places.items():
        result.run += 1
        lacking = [name for name in names if place not in Writing(golden / name)]
        if lacking or not names:
            result.failed.append(f"{place}: not in {', '.join(lacking) or 'any'}")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the results; 0 if nothing failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.edxml.conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    options = parser.parse_args(arguments)
    results = conform()
    if options.json:
        print(json.dumps({kind: asdict(result) for kind, result in results.items()}))
    else:
        _print(results)
    return int(any(result.failed for result in results.values()))


def _print(results: dict[str, Result]) -> None:
    table = Table("kind", "run", "failed", box=None, pad_edge=False)
    for kind, result in results.items():
        table.add_row(kind, str(result.run), str(len(result.failed)))
    console = Console(highlight=False, markup=False)
    console.print(table)
    if not results["samples"].run:
        console.print(f"no real packets: {SAMPLES} has none")
    for kind, result in results.items():
        for complaint in result.failed:
            console.print(f"{kind}: {complaint}", style="red")


if __name__ == "__main__":
    sys.exit(main())
