"""`python -m tools.mutation`: which changes of the rules' code does no unit test notice?"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.mutation.outcome import MOST_SURVIVING, Outcome
from tools.mutation.run import NotMeasured, measure
from tools.mutation.targets import targets

_ROOT = Path(__file__).parents[2]
_BUILD = _ROOT / "build"


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when too many survive in a target, 2 when one cannot be measured."""
    known = {target.name: target for target in targets(_ROOT)}
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument(
        "--target",
        nargs="+",
        choices=known,
        default=list(known),
        metavar="NAME",
        help=f"of {', '.join(known)}; all when not given",
    )
    parser.add_argument("--json", type=Path, default=_BUILD / "mutation.json", metavar="FILE")
    options = parser.parse_args(words)
    console = Console(highlight=False)
    outcomes = []
    try:
        for name in options.target:
            console.rule(name)
            outcomes.append(measure(known[name], _ROOT, _BUILD / "mutation" / name))
    except NotMeasured as error:
        console.print(f"not measured: {error}", style="red", markup=False, soft_wrap=True)
        return 2
    _save(outcomes, options.json)
    _show(outcomes, console)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _save(outcomes: Sequence[Outcome], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    report = {"targets": [outcome.as_json() for outcome in outcomes]}
    file.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _show(outcomes: Sequence[Outcome], console: Console) -> None:
    console.rule(f"at most {MOST_SURVIVING:.0%} may survive")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("target", "mutants", "killed", "survived", "rate", ""):
        table.add_column(title, justify="left" if title in ("target", "") else "right")
    for outcome in outcomes:
        mutants, survived = len(outcome.statuses), len(outcome.survived)
        verdict = "[green]passed[/]" if outcome.passed else "[red]TOO MANY SURVIVE[/]"
        counts = (mutants, mutants - survived, survived)
        table.add_row(outcome.name, *map(str, counts), f"{outcome.rate:.1%}", verdict)
    console.print(table)
    for outcome in outcomes:
        for name in outcome.survived:
            told = f"{outcome.name}: {name} ({outcome.statuses[name]})"
            console.print(told, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
