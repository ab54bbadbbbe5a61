"""`lienthong replay`: a document through all tiers, as known now or at any instant."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tools.platform.handle import RUN_FOLDER
from tools.replay.table import steps, timeline
from tools.replay.trail import Trail, TrailError

FILTERS = {
    "handler": ("PERSON", "steps of this person (id)"),
    "agency": ("AGENCY", "steps of this agency (id or code)"),
    "status": ("CODE", "steps with this status code, e.g. 03"),
    "from": ("TIME", "steps not before this instant or day"),
    "to": ("TIME", "steps before this instant, or up to the end of this day"),
}
_DESCRIPTION = """\
Print the history of a trace, or the steps of a person, an agency, a status or a time, across all
documents. Reads a running platform (lienthong up) with the auditor's account.
TIME is an instant such as 2026-11-22T09:00:00+07:00 or a day in Việt Nam such as 2026-11-22.
"""
# Wide enough for every column when the output goes to a file.
FILE_WIDTH = 170


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("trace", nargs="?", metavar="TRACE", help="the trace's id")
    parser.add_argument("--at", metavar="TIME", help="as it was known at this instant")
    for name, (metavar, text) in FILTERS.items():
        parser.add_argument(f"--{name}", metavar=metavar, help=text)
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )


def main(arguments: argparse.Namespace | Sequence[str]) -> int:
    """Run the command with parsed arguments or with words; 0 done, 1 failed, 2 for a wrong call."""
    if not isinstance(arguments, argparse.Namespace):
        parser = argparse.ArgumentParser(
            prog="lienthong replay",
            description=_DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_arguments(parser)
        arguments = parser.parse_args(arguments)
    filters = {name: getattr(arguments, name) for name in FILTERS if getattr(arguments, name)}
    if bool(arguments.trace) == bool(filters):
        sys.stderr.write("lienthong replay: name a TRACE, or filter steps by --handler and such\n")
        return 2
    try:
        return _replay(arguments, filters)
    except TrailError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        return 1


def _replay(arguments: argparse.Namespace, filters: dict[str, str]) -> int:
    trail = Trail(arguments.folder)
    if arguments.trace:
        found = trail.trace(arguments.trace, arguments.at)
    else:
        found = trail.steps({**filters, "at": arguments.at})
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_WIDTH)
    console.print(timeline(found) if arguments.trace else steps(found))
    return 0
