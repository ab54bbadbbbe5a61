"""`lienthong eventstore check | rebase`: the store after a restore or a promotion."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine, create_engine, make_url

from libs.eventstore.operations import StoreState, rebase, state
from tools.platform.database_urls import database_url
from tools.platform.handle import RUN_FOLDER

_HELP = """\
check    say whether events stand above the transaction ids that new ones would get; such a store
         comes from a dump, and no service enters it before a rebase. Exit code 1 then.
rebase   give the store a new epoch, and let its order go on behind everything recorded. Run it
         after every restore and every promotion of a standby, before the services start; running
         appends are waited for. Messages and tokens of the old epoch are not believed any more.

The database is DATABASE_URL (role migrator), else the one of the platform in --folder.
"""


def main(words: Sequence[str]) -> int:
    """Run one command; 0 for success, 1 when a rebase is needed."""
    parser = argparse.ArgumentParser(
        prog="lienthong eventstore",
        description="The event store after a restore or a promotion.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("check", "rebase"))
    parser.add_argument("--folder", type=Path, default=RUN_FOLDER, help="run folder")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    options = parser.parse_args(words)
    url = make_url(database_url("migrator", options.folder))
    # Not the services' engine: that one refuses the very store that is to be mended.
    engine = create_engine(url.set(drivername="postgresql+psycopg2"))
    try:
        before, after = _run(engine, options.action)
    finally:
        engine.dispose()
    if options.json:
        print(json.dumps(asdict(after), indent=1))
    else:
        _show(before, after)
    return 1 if after.needs_rebase else 0


def _run(engine: Engine, action: str) -> tuple[StoreState, StoreState]:
    with engine.begin() as connection:
        before = state(connection)
        if action == "rebase":
            rebase(connection)
    with engine.begin() as connection:
        return before, state(connection)


def _show(before: StoreState, after: StoreState) -> None:
    console = Console(highlight=False)
    console.print(f"events      {after.events:,}")
    console.print(f"newest tx   {after.newest_tx:,}")
    console.print(f"tx offset   {after.tx_offset:,}")
    console.print(f"epoch       {after.epoch}")
    if after.epoch != before.epoch:
        console.print(f"            before: {before.epoch}")
        console.print("[green]The store has a new epoch; the services may start.[/]")
    elif after.needs_rebase:
        console.print("[red]The store was restored.[/] Run: lienthong eventstore rebase")
    else:
        console.print("[green]New events come behind the old ones: nothing to do.[/]")
