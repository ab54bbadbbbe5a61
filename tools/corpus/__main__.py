"""`make corpus`: build the files, judge them, compare with the table."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.corpus.authority import running
from tools.corpus.build import build
from tools.corpus.kinds import KINDS
from tools.corpus.verdicts import TABLE, Outcome, faults, judge

FOLDER = Path("build/corpus")


def main(arguments: list[str] | None = None) -> int:
    """0 when every verdict is the table's and came in time, else 1."""
    options = _parser().parse_args(arguments)
    shutil.rmtree(options.folder, ignore_errors=True)
    with running(options.folder / "pki") as pki:
        files = build(pki, options.folder, options.kind)
        outcomes = judge(files, pki)
    if options.write:
        told = {name: one.expectation for name, one in sorted(outcomes.items())}
        TABLE.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    found = faults(outcomes)
    _show(outcomes, found, options.all)
    return 1 if found else 0


def _show(outcomes: dict[str, Outcome], found: dict[str, str], everything: bool) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 170)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("kind", "rule", "verdict", "reasons", "s", "MB", ""):
        table.add_column(title)
    for name, one in outcomes.items():
        if everything or name in found:
            table.add_row(
                name,
                KINDS[name].rule,
                one.report.verdict,
                " ".join(one.codes),
                f"{one.seconds:.2f}",
                f"{one.megabytes:.0f}",
                f"[red]{found[name]}[/]" if name in found else "",
            )
    if table.row_count:
        console.print(table)
    passed = sum(one.report.verdict == "TOTAL_PASSED" for one in outcomes.values())
    slowest = max(outcomes.values(), key=lambda one: one.seconds)
    largest = max(outcomes.values(), key=lambda one: one.megabytes)
    console.print(
        f"{len(outcomes)} kinds ({passed} genuine ones passed), {len(found)} faults; "
        f"slowest {slowest.name} {slowest.seconds:.2f} s; "
        f"largest worker {largest.megabytes:.0f} MB after {largest.name}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.corpus", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files go")
    parser.add_argument("--kind", action="append", help="only this kind; may be repeated")
    parser.add_argument("--all", action="store_true", help="show every kind, not only faults")
    parser.add_argument("--write", action="store_true", help="write the table from what was found")
    return parser


if __name__ == "__main__":
    sys.exit(main())
