"""Carry out the drill: `make drill`, or `python -m tools.drill [--short]`."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tools.demo.client import DemoFailed
from tools.drill.run import Drill
from tools.drill.told import Told
from tools.platform import InstallationError, PlatformError
from tools.platform.handle import ROOT

_DESCRIPTION = """\
Start an installation of its own, back it up while it works (base copy, WAL, blobs, log), kill it,
and restore it twice into fresh folders. First to its last moment: no event and no blob is missing,
the log agrees. Then store, log and the sealer's memory to an older point in time: that past agrees
with itself, and the sealer refuses it all the same, for a witness has seen more. What is lost is
named, two persons let the log go on, read models are made anew.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the drill; 0 when everything came back, 1 with the reason when it did not."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.drill",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--short", action="store_true", help="without the journey, and one platform less"
    )
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build" / "drill", help="where it works"
    )
    parser.add_argument(
        "--json", type=Path, default=ROOT / "build" / "drill.json", metavar="FILE", help="its steps"
    )
    options = parser.parse_args(words)
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    told, console = Told(Console(highlight=False)), Console(highlight=False)
    try:
        Drill(options.folder.resolve(), told, short=options.short).carry_out()
    except (DemoFailed, InstallationError, PlatformError, AssertionError) as error:
        told.save(options.json, passed=False)
        console.print(f"\n[red]The drill failed:[/] {error}", soft_wrap=True)
        console.print(f"What there is lies in {options.folder}")
        return 1
    told.save(options.json, passed=True)
    console.print(f"\n[green]Everything came back.[/] Steps and times: {options.json}")
    shutil.rmtree(options.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
