"""`python -m tests.fault.gap`: the gap test for as long as you like."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.fault.gap.run import Moment, run
from tests.fault.gap.verdict import Counts, Outcome
from tests.support.servers import running_postgres

_BUILD = Path(__file__).parents[3] / "build"


def main(words: Sequence[str] | None = None) -> int:
    """Run and print; 1 when a reader missed, doubled or inverted, or an arm did not."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.gap", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", type=Path, default=_BUILD / "faults-gap.json", metavar="FILE")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6), metavar="N")
    parser.add_argument(
        "--without-horizon",
        action="store_true",
        help="take the rule out of the store's reads, to see the run fail",
    )
    options = parser.parse_args(words)
    console = Console(highlight=False)
    console.print(f"gap test: {options.minutes:g} minutes, seed {options.seed}")
    with (
        tempfile.TemporaryDirectory(prefix="lienthong-gap-") as folder,
        _progress(console, options.minutes * 60) as show,
    ):
        # Not closed to the user whom root runs PostgreSQL as.
        Path(folder).chmod(0o711)
        with running_postgres(Path(folder)) as postgres:
            outcome = run(
                postgres,
                options.minutes * 60,
                options.seed,
                show=show,
                horizon=not options.without_horizon,
            )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(outcome.as_json(), indent=2) + "\n", encoding="utf-8")
    _print(outcome, console)
    return 0 if outcome.held else 1


@contextmanager
def _progress(console: Console, seconds: float) -> Iterator[Callable[[Moment], None]]:
    """A bar on a terminal, a line a minute elsewhere."""
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    next_line = 60

    def show(moment: Moment) -> None:
        nonlocal next_line
        told = f"{moment.restarts} restarts, {moment.killed} connections ended"
        bar.update(task, completed=moment.seconds, description=told)
        if not console.is_terminal and moment.seconds >= next_line:
            console.print(f"{next_line // 60} min: {told}")
            next_line += 60

    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=seconds)
        yield show


def _print(outcome: Outcome, console: Console) -> None:
    console.print(
        f"{outcome.written} events written, {outcome.rolled_back} rolled back,"
        f" {outcome.restarts} restarts, {outcome.killed} connections ended"
    )
    console.print(f"acknowledged and lost {outcome.lost}, rolled back and there {outcome.risen}")
    for title, readers in (("reader", outcome.readers), ("arm", outcome.arms)):
        for name, seen in readers.items():
            console.print(f"{title:6} {name:10} {_told(seen)}")
    for name in outcome.blind_arms:
        console.print(f"the test could not see the fault: arm {name} missed nothing")
    console.print("held" if outcome.held else "NOT HELD")


def _told(seen: Counts) -> str:
    return f"missed {seen.missed}, inverted {seen.inverted}, doubled {seen.doubled}"


if __name__ == "__main__":
    sys.exit(main())
