"""`python -m tests.fault.exchange`: one run under faults in a drawn order, of any seed and size.

Starts an installation of its own in a new folder, which stays, with its logs, when something
differs. Says each strike as it comes, and at the end what differs; 1 if anything does.
A run of the usual size writes its row of the report, as `make faults` does.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from rich.console import Console

from tests.fault.exchange.run import LONG, Size, drawn
from tests.fault.exchange.test_exchange import test_exchange_under_faults_in_a_drawn_order as rule
from tests.support.fault_report import Fault
from tools.faults.report import DATA, PAGE, page, read_rows, write_rows


def main(words: Sequence[str] | None = None) -> int:
    """Run and print."""
    options = _options(words)
    size = Size(**{each.name: getattr(options, each.name) for each in fields(Size)})
    folder = Path(tempfile.mkdtemp(prefix="lienthong-exchange-"))
    # Not closed to the user whom root runs PostgreSQL as.
    folder.chmod(0o711)
    console, began = Console(highlight=False, markup=False, soft_wrap=True), time.monotonic()

    def show(what: str) -> None:
        console.print(f"{(time.monotonic() - began) / 60:6.1f} min  {what}")

    show(f"seed {options.seed}, {size}; in {folder}")
    outcome = drawn(folder, options.seed, size, show)
    console.print(str(outcome))
    held = not outcome.differences and len(outcome.struck) == size.strikes
    if size == LONG:
        _report(options.seed, size, held)
    if held:
        shutil.rmtree(folder)
    return int(not held)


def _report(seed: int, size: Size, held: bool) -> None:
    row = Fault(long=True).row(f"{rule.__name__}[{seed}]", rule.__doc__ or "")
    write_rows([{**row, "held": held, "note": str(size)}])
    PAGE.write_text(page(read_rows(DATA)), encoding="utf-8")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fault.exchange",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what it is drawn from")
    for each in fields(Size):
        usual = getattr(LONG, each.name)
        parser.add_argument(
            f"--{each.name}", type=int, default=usual, metavar="N", help=f"usually {usual}"
        )
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
