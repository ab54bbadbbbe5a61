"""How fast is the event store, against what PostgreSQL itself can do and against its peers?

Every target is a ratio of arms that take turns within one run, so that a slow or busy machine
disturbs both alike. The server is private and durable: fsync and synchronous_commit are on.
Peers are fetched from PyPI and npm into build/bench/peers, once.
"""

import argparse
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.support.servers import running_postgres
from tools.bench import report
from tools.bench.crew import ROOT
from tools.bench.eventstore.gap import gap
from tools.bench.eventstore.place import Place
from tools.bench.eventstore.relaying import latency, relay
from tools.bench.eventstore.replay import replay
from tools.bench.eventstore.writes import batch, single

PARTS: dict[str, Callable[[Place], list[report.Measure]]] = {
    "single": single,
    "batch": batch,
    "replay": replay,
    "relay": relay,
    "latency": latency,
}
PG15 = Path("/usr/lib/postgresql/15/bin")
_COMMIT_TIMES = "ALTER SYSTEM SET track_commit_timestamp = on"
_BUILD = ROOT / "build"
_PACKAGES = ("psycopg2-binary", "psycopg", "sqlalchemy", "pika", "nameko")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, save; 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.eventstore",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts: single (8 writers, one event each), batch (100 in one stream), replay,\n"
        "relay, latency (commit to applied). The whole takes some four minutes for a server.",
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true", help="one short round: does it run?")
    parser.add_argument("--pg15", action="store_true", help=f"again with the server in {PG15}")
    parser.add_argument(
        "--json", type=Path, default=_BUILD / "bench" / "eventstore.json", metavar="FILE"
    )
    options = parser.parse_args(words)
    console = Console(highlight=False)
    about, measures, used = report.machine(), [], report.versions(*_PACKAGES)
    for binaries in [None, *([PG15] if options.pg15 and PG15.is_dir() else [])]:
        with _place(binaries, options.quick) as (place, version):
            used[f"postgresql {version.partition('.')[0]}"] = version
            for part in options.only:
                console.rule(f"{part}, PostgreSQL {version}")
                found = [_named(row, binaries) for row in PARTS[part](place)]
                report.show(found, console)
                measures += found
    console.rule("gap")
    found = gap(_BUILD / "faults-gap.json")
    report.show(found, console)
    measures += found
    report.save(options.json, measures, about, used)
    console.print(f"saved in {options.json}")
    return 1 if any(row.met is False for row in measures) else 0


def _named(row: report.Measure, binaries: Path | None) -> report.Measure:
    return replace(row, name=f"{row.name} (PostgreSQL 15)") if binaries else row


@contextmanager
def _place(binaries: Path | None, quick: bool) -> Iterator[tuple[Place, str]]:
    before = os.environ.get("PG_BIN")
    if binaries:
        os.environ["PG_BIN"] = str(binaries)
    try:
        with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as name:
            folder = Path(name)
            # Not closed to the user whom root runs PostgreSQL as.
            folder.chmod(0o711)
            with running_postgres(folder) as postgres:
                place = Place(postgres, _BUILD / "bench" / "peers", folder, quick)
                # What `latency` reads; it takes a restart, cheap while the cluster is empty.
                place.admin(postgres.create_database(), _COMMIT_TIMES)
                postgres.restart()
                yield place, _version(postgres.server.command())
    finally:
        if before is None:
            os.environ.pop("PG_BIN", None)
        else:
            os.environ["PG_BIN"] = before


def _version(command: list[str]) -> str:
    end = next(n for n, word in enumerate(command) if word.endswith("/postgres"))
    told = subprocess.run(
        [*command[: end + 1], "--version"], capture_output=True, text=True, check=True
    )
    found = re.search(r"\d+\.\d+", told.stdout)
    return found.group() if found else "unknown"


if __name__ == "__main__":
    raise SystemExit(main())
