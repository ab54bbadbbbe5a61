"""`python -m tools.check_report build/demo/report.json`: is the report what the evidence says?"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.check_report import signatures, statuses
from tools.check_report.evidence import Evidence
from tools.check_report.names import Names
from tools.check_report.outcome import Outcome
from tools.check_report.timeline import Step, lines, rebuild, subject
from tools.platform import Installation
from tools.platform.handle import RUN_FOLDER

_MOST_SHOWN = 20


def main(words: Sequence[str] | None = None) -> int:
    """Compare and print; 0 when all is equal, 1 when something differs, 2 without evidence."""
    parser = argparse.ArgumentParser(prog="python -m tools.check_report", description=__doc__)
    parser.add_argument("report", type=Path, help="report.json; its PDFs lie beside it")
    parser.add_argument("--folder", type=Path, default=RUN_FOLDER, help="run folder")
    options = parser.parse_args(words)
    console = Console(highlight=False)
    try:
        report = json.loads(options.report.read_text(encoding="utf-8"))
        traces = [trace["trace_id"] for trace in report["traces"]]
        evidence = Evidence.open(Installation.open(options.folder), traces)
        outcomes = compare(report, options.report.parent, evidence)
    except (OSError, ValueError, KeyError, signatures.PdfsigMissing) as error:
        console.print(f"cannot check: {error!r}", style="red", markup=False, soft_wrap=True)
        return 2
    _show(outcomes, console)
    return 0 if all(outcome.equal for outcome in outcomes) else 1


def compare(report: dict[str, Any], folder: Path, evidence: Evidence) -> list[Outcome]:
    """Every comparison; raises KeyError for a report that lacks a member."""
    names = Names(evidence)
    outcomes: list[Outcome] = []
    steps: list[Step] = []
    for trace in report["traces"]:
        mine = rebuild(evidence, names, trace["trace_id"])
        outcomes.append(lines(trace, mine, subject(evidence, trace["trace_id"])))
        steps += mine
    return [
        *outcomes,
        signatures.pdfs(report["signatures"], folder, evidence),
        signatures.made(evidence),
        statuses.seen_by_senders(report["statuses_seen_by_sender"], evidence, names),
        statuses.done_by_recipients(report["statuses_seen_by_sender"], steps, evidence, names),
        statuses.told_through_axis(steps, evidence),
        statuses.documents_through_axis(evidence),
    ]


def _show(outcomes: list[Outcome], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("compared")
    table.add_column("how many", justify="right")
    table.add_column("")
    for outcome in outcomes:
        verdict = "[green]equal[/]" if outcome.equal else "[red]DIFFERENT[/]"
        if not outcome.compared:
            verdict = "[red]NOTHING TO COMPARE[/]"
        table.add_row(outcome.what, str(outcome.compared), verdict)
    console.print(table)
    for outcome in outcomes:
        for found in outcome.differences[:_MOST_SHOWN]:
            console.print(f"{outcome.what}: {found}", markup=False, soft_wrap=True)
        if len(outcome.differences) > _MOST_SHOWN:
            console.print(f"... and {len(outcome.differences) - _MOST_SHOWN} more")


if __name__ == "__main__":
    sys.exit(main())
