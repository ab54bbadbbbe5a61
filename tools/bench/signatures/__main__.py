"""How fast does the signatures service sign and judge, and does a request feel it?

The engine's floor is one RSA-2048 private operation and the SHA-256 of the same file, measured in
the same round. Both are processor time of one core, so that a busy machine disturbs them alike. The
engine runs as in a warm worker: visible signatures, and the full verdict rule with revocation.
Requests are measured on a whole platform, by the clock.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from tools.bench import report
from tools.bench.crew import ROOT
from tools.bench.report import Measure
from tools.bench.signatures.engine import judging, signing
from tools.bench.signatures.requests import requests

PARTS: dict[str, Callable[[Path, bool], list[Measure]]] = {
    "signing": signing,
    "judging": judging,
    "requests": requests,
}
_PACKAGES = ("pyhanko", "pyhanko-certvalidator", "cryptography", "asn1crypto", "nameko")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, save; 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.signatures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts: signing (small, large, two workers), judging (small, large, once more, ten\n"
        "signatures), requests (of the service's process, idle and while its workers work).",
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true", help="one short round: does it run?")
    parser.add_argument(
        "--json", type=Path, default=ROOT / "build" / "bench" / "signatures.json", metavar="FILE"
    )
    options = parser.parse_args(words)
    console = Console(highlight=False)
    about, measures = report.machine(), []
    for part in options.only:
        with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as name:
            Path(name).chmod(0o711)  # not closed to the user whom root runs PostgreSQL as
            console.rule(part)
            found = PARTS[part](Path(name), options.quick)
        report.show(found, console)
        measures += found
    report.save(options.json, measures, about, report.versions(*_PACKAGES))
    console.print(f"saved in {options.json}")
    return 1 if any(row.met is False for row in measures) else 0


if __name__ == "__main__":
    raise SystemExit(main())
