"""`lienthong rebuild SERVICE`: a service's read models made anew, beside those that serve.

Needs the libraries and services alone, so that a container of the cluster can run it:
`DATABASE_URL=... python -m tools.rebuild SERVICE`, as the role `migrator`.
"""

import argparse
import importlib
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import psycopg2
from sqlalchemy.exc import SQLAlchemyError

from libs.contracts import topology
from libs.eventstore import RestoredNotRebased
from libs.messaging.causes import describe
from libs.messaging.rebuild import Rebuild, RebuildRefused
from tools.rebuild.shown import AsJson, AsText

RUN_FOLDER = Path(__file__).resolve().parents[2] / "build" / "run"
_DESCRIPTION = """\
Make the read models of SERVICE anew from the event store, beside those that serve, and exchange
them in one transaction when both have come equally far. Policies are never run again, and nothing
is appended. Ended at any point, it goes on where it was when it is run again.
The database is DATABASE_URL (role migrator), else the one of the platform in --folder.
"""


def main(words: Sequence[str]) -> int:
    """Run the command; 0 done, 1 refused or database away, 2 wrong call, 130 interrupted."""
    consumers = topology().consumers.values()
    services = sorted(each.service for each in consumers if each.name.endswith(".projections"))
    parser = argparse.ArgumentParser(
        prog="lienthong rebuild",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("service", metavar="SERVICE", choices=services, help=", ".join(services))
    parser.add_argument(
        "--with-parked", action="store_true",
        help="exchange although events failed; they wait for their retry as always",
    )  # fmt: skip
    parser.add_argument(
        "--restart", action="store_true", help="begin anew, whatever an earlier run left"
    )
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each step")
    parser.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )
    options = parser.parse_args(words)
    shown = AsJson() if options.json else AsText(options.service)
    try:
        with closing(shown):
            models = importlib.import_module(f"services.{options.service}.projections").READ_MODELS
            rebuild = Rebuild(_url(options.folder), options.service, models, shown.progress)
            outcome = rebuild.run(with_parked=options.with_parked, restart=options.restart)
        shown.done(asdict(outcome))
    except RebuildRefused as refusal:
        shown.refused(refusal.code, str(refusal))
        return 1
    except (SQLAlchemyError, psycopg2.Error, RestoredNotRebased) as error:
        shown.refused("database", f"{describe(error)}; run it again to go on")
        return 1
    except KeyboardInterrupt:
        shown.refused("interrupted", "interrupted; run it again to go on")
        return 130
    return 0


def _url(folder: Path) -> str:
    """As `tools.platform.database_urls` finds it; without the platform's code when told by name."""
    if given := os.environ.get("DATABASE_URL"):
        return given
    from tools.platform.database_urls import database_url

    return database_url("migrator", folder)
