"""`lienthong bundle`: everything of a trace in one ZIP file that anybody can check offline."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console

from libs.blobs import BlobError, open_store
from libs.db import Database, engine_for
from libs.eventstore import StoreError
from libs.eventstore.bulk import BulkReader
from libs.translog import TranslogError
from services.audit.proofs import Proofs
from tools.bundle.errors import BundleRefused
from tools.bundle.making import Bundle, Source, make, write
from tools.log.places import log_folder
from tools.log.trust import own_policy
from tools.platform import InstallationError
from tools.platform.caller import CallFailed
from tools.platform.database_urls import database_url
from tools.platform.handle import RUN_FOLDER
from tools.platform.installation import Installation
from tools.replay.operator import asker, write_down

_TEACHING = """\
The bundle holds the documents, attachments, packets and reports of a trace, every event with its
proof under one co-signed checkpoint, the directory's entries, the timeline as HTML and PDF, and
the verifier: one Python file that needs `cryptography` alone.

  lienthong bundle TRACE -o case.zip
  lienthong verify-bundle case.zip --policy policy      here
  python verify_bundle.py case.zip --policy policy      anywhere, without network

The trace is every event with its id among the entries that witnesses have co-signed. Who may enter
the database as role audit may make bundles: DATABASE_URL, BLOB_URL, LOG_DIR and LOG_POLICY, else
those of the platform in --folder, where --as names who asks. Who made a bundle stands among the
consultations (`lienthong replay --queries`). It names people: hand it to those who may know them.
"""


def main(words: Sequence[str]) -> int:
    """Run the command; 0 made, 1 refused, 2 for a wrong call."""
    options = _parser().parse_args(words)
    target = options.output or Path(f"{options.trace}.zip")
    began = time.perf_counter()
    try:
        by = asker(options.folder, options.account)
        with source(options.folder) as place:
            bundle = make(place, options.trace)
            events = bundle.found["events"]
            write_down(place.database, by, "bundle", events, trace_id=options.trace)
        write(bundle, target)
    except (
        BundleRefused,
        CallFailed,
        StoreError,
        TranslogError,
        InstallationError,
        BlobError,
        OSError,
    ) as error:
        return _complain(options, error)
    _tell(options, bundle, target, time.perf_counter() - began)
    return 0


@contextmanager
def source(folder: Path) -> Iterator[Source]:
    """The store, blobs and log of the environment, else of the platform in a folder.

    Raises `InstallationError`, `StoreError`.
    """
    url = database_url("audit", folder)
    engine = engine_for(url, pool_size=1)
    policy = own_policy(folder)
    try:
        with BulkReader(url) as reader:
            if reader.ask("SELECT '*' = ANY (es.granted('read'))") != [(True,)]:
                raise BundleRefused("this role may not read every event: use audit")
            yield Source(
                reader,
                Database(engine, "audit"),
                open_store(_blob_url(folder)),
                Proofs(log_folder(folder)),
                Path(policy).read_text("utf-8") if policy else "",
            )
    finally:
        engine.dispose()


def _blob_url(folder: Path) -> str:
    return os.environ.get("BLOB_URL") or Installation.open(folder).environment("audit")["BLOB_URL"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lienthong bundle",
        description="Put everything of a trace into one file that anybody can check.",
        epilog=_TEACHING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("trace", type=UUID, metavar="TRACE", help="the trace's id")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: TRACE.zip")
    parser.add_argument(
        "--as", dest="account", metavar="ACCOUNT", help="who asks (default: the first auditor)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )
    return parser


def _tell(options: Any, bundle: Bundle, target: Path, seconds: float) -> None:
    found = bundle.found
    if options.json:
        facts = {"file": str(target), "younger": bundle.younger, "seconds": round(seconds, 3)}
        print(json.dumps({**facts, **found}, ensure_ascii=False, indent=1))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(found["subject"], style="bold", markup=False)
    size = target.stat().st_size
    console.print(f"{target}  {size:,} bytes, {found['events']} events, {found['files']} files")
    for log in found["checkpoints"]:
        witnesses = ", ".join(log["witnesses"]) or "nobody"
        console.print(f"{log['origin']}: {log['size']:,} entries, co-signed by {witnesses}")
    if found["missing"]:
        console.print(
            f"{len(found['missing'])} files are gone; the bundle says why", style="yellow"
        )
    if bundle.younger:
        text = f"{bundle.younger} events of the trace are younger than the checkpoint: not in it"
        console.print(text, style="yellow")


def _complain(options: Any, error: Exception) -> int:
    if options.json:
        code = getattr(error, "code", "not_made")
        print(json.dumps({"error": code, "detail": str(error)}, ensure_ascii=False))
    else:
        console = Console(stderr=True, highlight=False)
        console.print(str(error), style="red", markup=False, soft_wrap=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
