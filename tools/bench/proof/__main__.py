"""How fast is the log: what sealing costs, how soon an event is signed, proven, verified?

Rates are held against one another within one run, times against the server's own clock. The server
is private and durable; the sealer is the real process.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from tests.support.servers import running_postgres
from tools.bench import report
from tools.bench.crew import ROOT
from tools.bench.eventstore.place import Place
from tools.bench.proof.bundle import bundle
from tools.bench.proof.cost import cost
from tools.bench.proof.latency import latency
from tools.bench.proof.reverify import reverify
from tools.bench.proof.served import served
from tools.bench.proof.tree import tree

PARTS: dict[str, Callable[[Place], list[report.Measure]]] = {
    "cost": cost,
    "latency": latency,
    "served": served,
    "reverify": reverify,
    "tree": tree,
    "bundle": bundle,
}
_COMMIT_TIMES = "ALTER SYSTEM SET track_commit_timestamp = on"


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, save; 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.proof",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts: cost (8 writers with and without), latency (commit to signed checkpoint),\n"
        "served (a proof among a million over HTTP), reverify (`lienthong verify`), tree (pure\n"
        "parts on one core), bundle (a journey's evidence made and verified). The whole takes ten\n"
        "minutes.",
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true", help="one short round: does it run?")
    parser.add_argument(
        "--json", type=Path, default=ROOT / "build" / "bench" / "proof.json", metavar="FILE"
    )
    options = parser.parse_args(words)
    console = Console(highlight=False)
    about, measures = report.machine(), []
    for part in options.only:
        # A cluster for each part: none is measured on what another has left behind.
        with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as name:
            Path(name).chmod(0o711)  # not closed to the user whom root runs PostgreSQL as
            with running_postgres(Path(name)) as postgres:
                place = Place(postgres, Path(name), Path(name), options.quick)
                place.admin(postgres.create_database(), _COMMIT_TIMES)
                postgres.restart()
                console.rule(part)
                found = PARTS[part](place)
                report.show(found, console)
                measures += found
    used = report.versions("psycopg2-binary", "psycopg", "cryptography", "sqlalchemy")
    report.save(options.json, measures, about, used)
    console.print(f"saved in {options.json}")
    return 1 if any(row.met is False for row in measures) else 0


if __name__ == "__main__":
    raise SystemExit(main())
