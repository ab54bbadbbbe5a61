"""`lienthong balance`: whether every document that was accepted is somewhere, pair by pair."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from sqlalchemy.exc import DBAPIError

from libs.db import Database, connection_lost, engine_for
from services.interconnect import balance, completeness
from services.interconnect.balance_views import balance_row, holds, pair_row, sides
from services.interconnect.compose import VIETNAM
from services.interconnect.lookups import agency_by_code
from tools.balance import shown
from tools.platform.database_urls import database_url
from tools.platform.handle import RUN_FOLDER

DAYS = 30
MOST_ROWS = 1000
_TEACHING = """\
Sent:      accepted = delivered + open + parked + refused + withdrawn
Received:  arrived = registered + refused + returned + waiting + desk

  accepted    recipients of every document whose sending was opened, by that day in Viet Nam
  delivered   handed to the recipient inside, or taken by the axis
  open        a job will still do it
  parked      the job was given up: lienthong parked list
  refused     will never be delivered; the sender sees why
  withdrawn   taken back before it left
  arrived     packets for our agencies
  returned    given back or replaced before it was registered
  waiting     the clerk has not decided yet
  desk        packets that nobody got: lienthong parked list

Each side is counted from facts of its own, so a document that is nowhere is a difference: rows
with one stand first. The command ends with 1 when there is a difference, with 0 when all adds up.

With --pairs: every packet with an envelope bears the next number of its pair of agencies, so a
missing number is a packet that never came; what its sender kept back is no loss. It ends with 1
when numbers are missing.

examples:
  lienthong balance                                    the last 30 days
  lienthong balance --from 2026-11-01 --to 2026-11-30  a month
  lienthong balance --recipient H25.13                 one agency, by its code or id
  lienthong balance --difference-only --json           for a program that watches
  lienthong balance --pairs --recipient H25.13         did the department get everything?

The database is that of the platform in --folder, or DATABASE_URL (role interconnect).
"""


def main(words: Sequence[str]) -> int:
    """Run the command; 0 all adds up, 1 a difference or not reachable, 2 for a wrong call."""
    options = _parser().parse_args(words)
    url = database_url("interconnect", options.folder)
    database = Database(engine_for(url, pool_size=1, application="balance"), "interconnect")
    try:
        return _show(database, options)
    except LookupError as error:
        sys.stderr.write(f"lienthong balance: {error}\n")
        return 2
    except DBAPIError as error:
        if not connection_lost(error):
            raise
        Console(stderr=True, highlight=False).print(
            "The database does not answer. Does the platform run? lienthong status", style="red"
        )
        return 1
    finally:
        database.engine.dispose()


def _show(database: Database, options: argparse.Namespace) -> int:
    end = options.to or datetime.now(UTC).astimezone(VIETNAM).date()
    start = options.start or end - timedelta(days=DAYS - 1)
    if start > end:
        raise LookupError("--from is after --to")
    if options.pairs:
        return _show_pairs(database, options)
    with database.unit() as unit:
        wanted = balance.Wanted(
            start,
            end,
            sender=_agency(unit.connection, options.sender),
            recipient=_agency(unit.connection, options.recipient),
            difference_only=options.difference_only,
        )
        rows = balance.rows(unit.connection, wanted, None, MOST_ROWS)
        totals = balance.totals(unit.connection, wanted)
    if options.json:
        facts = {"from": start, "to": end, "holds": holds(totals), "totals": sides(totals)}
        _print_json({**facts, "rows": [balance_row(row) for row in rows]})
    else:
        shown.show(start, end, rows, totals, more=len(rows) == MOST_ROWS)
    return 0 if holds(totals) else 1


def _show_pairs(database: Database, options: argparse.Namespace) -> int:
    """Completeness of each pair; 1 when numbers are missing."""
    with database.unit() as unit:
        wanted = completeness.Wanted(
            _agency(unit.connection, options.sender),
            _agency(unit.connection, options.recipient),
            incomplete_only=options.difference_only,
        )
        rows = completeness.pairs(unit.connection, wanted, None, MOST_ROWS)
    if options.json:
        _print_json({"pairs": [pair_row(row) for row in rows]})
    else:
        shown.show_pairs(rows)
    return 1 if any(row["missing"] for row in rows) else 0


def _agency(connection: Any, given: str | None) -> UUID | None:
    """An agency by its id or by a code that it has or had."""
    if given is None:
        return None
    try:
        return UUID(given)
    except ValueError:
        found = agency_by_code(connection, given)
    if found is None:
        raise LookupError(f"no agency has the code {given}")
    agency_id: UUID = found.agency_id
    return agency_id


def _print_json(facts: dict[str, Any]) -> None:
    print(json.dumps(facts, ensure_ascii=False, indent=1, default=str))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lienthong balance",
        description="The balance of documents between agencies (cân đối): is anything lost?",
        epilog=_TEACHING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--from", dest="start", type=date.fromisoformat, metavar="DAY", help="YYYY-MM-DD"
    )
    parser.add_argument("--to", type=date.fromisoformat, metavar="DAY", help="default: today")
    parser.add_argument("--sender", metavar="AGENCY", help="a code or an id")
    parser.add_argument("--recipient", metavar="AGENCY", help="a code or an id")
    parser.add_argument(
        "--difference-only", action="store_true", help="only pairs and days that do not add up"
    )
    parser.add_argument(
        "--pairs", action="store_true", help="completeness by the packets' numbers instead"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )
    return parser
