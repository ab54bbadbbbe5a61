"""How fast do signed documents pass between agencies, what does one cost, how large may one be, and
how many recipients may it have?

Real processes on this machine, the axis' stand-in among them.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from tools.bench import report
from tools.bench.crew import ROOT
from tools.bench.interconnect.exchange import exchange
from tools.bench.interconnect.fanout import fanout
from tools.bench.interconnect.sizes import sizes

PARTS: dict[str, Callable[[Path, bool], list[report.Measure]]] = {
    "exchange": exchange,
    "sizes": sizes,
    "fanout": fanout,
}
_FILE = ROOT / "build" / "bench" / "interconnect.json"
_PACKAGES = (
    *("psycopg2-binary", "sqlalchemy", "pika", "nameko", "pyhanko"),
    *("requests", "urllib3", "werkzeug", "boto3"),
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, save; 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.interconnect",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts: exchange (three documents a second; a quarter of an hour, and a quiet"
        "\nmachine to mean anything), sizes (packets of 200 MiB, files of 1 GiB), fanout"
        "\n(one document to 1,707 recipients)",
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true", help="little of each: does it run?")
    parser.add_argument("--json", type=Path, default=_FILE, metavar="FILE")
    options = parser.parse_args(words)
    console = Console(highlight=False)
    about, measures = report.machine(), []
    for part in options.only:
        console.rule(part)
        with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as folder:
            found = PARTS[part](Path(folder), options.quick)
        report.show(found, console)
        measures += found
    about |= {"load_1_min_after": round(os.getloadavg()[0], 2)}
    report.save(options.json, measures, about, report.versions(*_PACKAGES))
    console.print(f"saved in {options.json}")
    return 1 if any(row.met is False for row in measures) else 0


if __name__ == "__main__":
    raise SystemExit(main())
