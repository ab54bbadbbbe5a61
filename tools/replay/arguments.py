"""The words of `lienthong replay`."""

import argparse
from pathlib import Path

from tools.platform.handle import RUN_FOLDER
from tools.replay.times import HELP

_DESCRIPTION = f"""\
Print who did what: the history of a matter (TRACE), of a person, of an agency, of a day, or of what
they have in common. With --seen: what they saw at an instant, made anew from the events by the
services' own read models. With --between: what changed from one instant to another.
Reads a running platform (lienthong up). Whatever is asked is recorded with the name of the account.
{HELP}
"""
_EXAMPLES = """\
examples:
  lienthong replay TRACE                          one matter through all tiers
  lienthong replay TRACE --at 14:05               ... as it was known at five past two today
  lienthong replay --person PERSON --day 2026-11-22    what a person did, and was given, on a day
  lienthong replay --agency H42.14 --status 06    all that an agency finished
  lienthong replay --person PERSON --at 14:05 --seen   the tasks and documents that he saw then
  lienthong replay --agency H42.14 --between 09:00 17:00   what the day brought
  lienthong replay TRACE --xlsx trace.xlsx --pdf trace.pdf
  lienthong replay --queries --day 2026-11-22     who looked into the trail on that day
"""


def parser() -> argparse.ArgumentParser:
    """All arguments."""
    made = argparse.ArgumentParser(
        prog="lienthong replay",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("trace", nargs="?", metavar="TRACE", help="the matter's id")
    whose = made.add_argument_group("whose, and when")
    whose.add_argument(
        "--person", metavar="PERSON", help="who did it or was given it: an id, or an account"
    )
    whose.add_argument("--handler", metavar="PERSON", help="who did it: an id, or an account")
    whose.add_argument("--agency", metavar="AGENCY", help="an agency's id or code")
    whose.add_argument("--status", metavar="CODE", help="steps with this status code, e.g. 03")
    whose.add_argument("--day", metavar="DAY", help="one day in Việt Nam, e.g. 2026-11-22")
    whose.add_argument("--from", metavar="TIME", help="not before this")
    whose.add_argument("--to", metavar="TIME", help="before this, or up to the end of this day")
    whose.add_argument("--at", metavar="TIME", help="as it was known at this instant")
    what = made.add_argument_group("what (without one of these: the steps)")
    one = what.add_mutually_exclusive_group()
    one.add_argument("--seen", action="store_true", help="what was seen at that instant, or now")
    one.add_argument(
        "--between", nargs=2, metavar="TIME", help="what appeared, changed, ended between the two"
    )
    one.add_argument("--queries", action="store_true", help="who looked into the trail")
    how = made.add_argument_group("how")
    how.add_argument("--json", action="store_true", help="print JSON for programs")
    how.add_argument("--xlsx", type=Path, metavar="FILE", help="write a workbook as well")
    how.add_argument("--pdf", type=Path, metavar="FILE", help="write a PDF as well")
    how.add_argument(
        "--as", dest="account", metavar="ACCOUNT", help="who asks (default: the first auditor)"
    )
    how.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )
    return made
