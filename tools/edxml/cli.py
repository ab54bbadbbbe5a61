"""`lienthong edxml check FILE...`"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from tools.edxml.check import DocumentKey, check
from tools.edxml.rules import Finding

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}
_DESCRIPTION = """\
Check edXML packets (QCVN 102:2016) against the form and against the rules that axes apply.
Each finding names its rule, its severity, the line and the element.
Several files are taken for packets sent one after the other.
"""
_EXITS = """\
exit codes:
  0  no errors (there may be warnings and notes)
  1  at least one error: some axis or receiver refuses the packet
  2  wrong call, or a file could not be opened
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; see `--help` for the codes that it returns."""
    options = _parser().parse_args(arguments)
    today = datetime.now(_VIETNAM).date()
    known: set[DocumentKey] = set()
    found: dict[str, list[Finding]] = {}
    for path in options.files:
        try:
            found[str(path)] = check(path, today, known)
        except OSError as error:
            print(f"lienthong edxml: {path}: {error.strerror}", file=sys.stderr)
            return 2
    if options.json:
        print(json.dumps([_plain(path, each) for path, each in found.items()], ensure_ascii=False))
    else:
        _print(found)
    return int(any(each.rule.severity == "error" for each in chain(*found.values())))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lienthong edxml", description="Tools for edXML files.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    checking = commands.add_parser(
        "check",
        help="findings by rule",
        description=_DESCRIPTION,
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    checking.add_argument("files", nargs="+", type=Path, metavar="FILE")
    checking.add_argument("--json", action="store_true", help="print JSON for programs")
    return parser


def _plain(path: str, found: list[Finding]) -> dict[str, Any]:
    return {
        "file": path,
        "findings": [
            {
                "rule": each.rule.id,
                "severity": each.rule.severity,
                "line": each.line,
                "where": each.where,
                "detail": each.detail,
                "vi": each.rule.vi,
                "en": each.rule.en,
            }
            for each in found
        ],
    }


def _print(found: dict[str, list[Finding]]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for path, findings in found.items():
        console.print(f"{path}: {len(findings) or 'no'} findings", style="bold")
        for each in findings:
            line = "" if each.line is None else f"line {each.line}, "
            detail = f" ({each.detail})" if each.detail else ""
            style = _COLOURS[each.rule.severity]
            console.print(f"  {each.rule.severity} {each.rule.id}: {line}{each.where}{detail}")
            console.print(f"    {each.rule.vi}", style=style)
            console.print(f"    {each.rule.en}", style=style)
