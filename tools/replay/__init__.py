"""`lienthong replay`: who did what, who saw what, at any instant; and who asked for it."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from sqlalchemy.exc import DBAPIError

from libs.contracts import instant_text
from libs.db import connection_lost
from libs.eventstore import RestoredNotRebased
from libs.fonts import FontNotInstalled
from tools.platform.caller import CallFailed
from tools.replay import report, table
from tools.replay.arguments import parser
from tools.replay.report import Report
from tools.replay.times import instant, today

# Wide enough for every column when the output goes to a file.
FILE_WIDTH = 170


class WrongCall(Exception):
    """The words do not make a question; the message says which ones would."""


@dataclass(frozen=True)
class Answer:
    """What was found: for programs, for the terminal, and as tables to be exported."""

    facts: Any
    told: Report
    shown: RenderableType


def main(words: Sequence[str]) -> int:
    """Run the command; 0 done, 1 failed or refused, 2 for a wrong call."""
    options = parser().parse_args(words)
    try:
        answer = _answer(options)
        _export(options, answer.told)
    except WrongCall as error:
        sys.stderr.write(f"lienthong replay: {error}\n")
        return 2
    except (CallFailed, FontNotInstalled, OSError, RestoredNotRebased) as error:
        return _complain(str(error))
    except DBAPIError as error:
        if not connection_lost(error):
            raise
        return _complain("The database does not answer. Does the platform run? lienthong status")
    if options.json:
        print(json.dumps(answer.facts, ensure_ascii=False, indent=1, default=str))
        return 0
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_WIDTH)
    console.print(answer.shown)
    return 0


def _answer(options: argparse.Namespace) -> Answer:
    times = Times(options, datetime.now(UTC))
    if options.seen or options.between:
        # What the services are made of takes a moment to load, and only this needs it.
        from tools.replay.past import ask_the_past

        return Answer(*ask_the_past(options, times.instants()))
    from tools.replay.trail import Trail

    if options.queries:
        _refuse(options, "--queries", "trace", "handler", "agency", "status", "at")
        trail = Trail(options.folder, options.account)
        found = trail.consultations({"person": trail.person(options.person), **times.span()})
        told = report.of_consultations(found)
        return Answer(found, told, table.report(told))
    narrowed = any((options.person, options.handler, options.agency, options.status))
    if not (options.trace or narrowed or times.span()):
        raise WrongCall("name a TRACE, or --person, --agency, --day or such; see --help")
    at = instant_text(times.at) if times.at else None
    trail = Trail(options.folder, options.account)
    if options.trace and not narrowed and not times.span():
        found = trail.trace(options.trace, at)
        return Answer(found, report.of_lines(found), table.timeline(found))
    found = trail.steps(
        {
            "trace": options.trace,
            "person": trail.person(options.person),
            "handler": trail.person(options.handler),
            "agency": options.agency,
            "status": options.status,
            **times.span(),
            "at": at,
        }
    )
    return Answer(found, report.of_lines(found), table.steps(found))


class Times:
    """The instants that the words name. Raises `WrongCall`."""

    def __init__(self, options: argparse.Namespace, now: datetime) -> None:
        self._options = options
        self._now = now
        try:
            self._day = date.fromisoformat(options.day) if options.day else today(now)
        except ValueError:
            raise WrongCall(f"--day {options.day}: not a day such as 2026-11-22") from None
        self.at = self._instant("--at", options.at) if options.at else None

    def span(self) -> dict[str, str | None]:
        """From when until when, for HTTP; empty when nothing was said."""
        start, end = getattr(self._options, "from"), self._options.to
        if self._options.day and (start or end):
            raise WrongCall("--day, or --from and --to, not both")
        if self._options.day:
            return {"day": self._options.day}
        given = {
            "from": instant_text(self._instant("--from", start, end=False)) if start else None,
            "to": instant_text(self._instant("--to", end)) if end else None,
        }
        return given if start or end else {}

    def instants(self) -> list[datetime]:
        """The one of --seen, or the two of --between in their order; none lies in the future."""
        options = self._options
        if getattr(options, "from") or options.to:
            raise WrongCall("--seen and --between take --at or two TIMEs, not --from and --to")
        if options.between:
            if options.at:
                raise WrongCall("--between names its two TIMEs; leave --at out")
            found = [self._instant("--between", each) for each in options.between]
            if found[0] >= found[1]:
                raise WrongCall("--between takes the earlier TIME first")
        elif options.at or options.day:
            found = [self.at or self._instant("--day", options.day)]
        else:
            found = [self._now]
        return [min(each, self._now) for each in found]

    def _instant(self, name: str, text: str, *, end: bool = True) -> datetime:
        try:
            return instant(text, self._day, end=end)
        except ValueError:
            raise WrongCall(
                f"{name} {text}: not a time such as 14:05, 2026-11-22T14:05 or 2026-11-22"
            ) from None


def _refuse(options: argparse.Namespace, what: str, *names: str) -> None:
    for name in names:
        if getattr(options, name):
            raise WrongCall(f"{what} does not go with {name.upper()}")


def _export(options: argparse.Namespace, told: Report) -> None:
    if options.xlsx:
        from tools.replay import xlsx

        _kept(xlsx.write, told, options.xlsx)
    if options.pdf:
        from tools.replay import pdf

        _kept(pdf.write, told, options.pdf)


def _kept(write: Any, told: Report, file: Path) -> None:
    write(told, file)
    sys.stderr.write(f"{file}\n")


def _complain(text: str) -> int:
    Console(stderr=True).print(text, style="red", markup=False, soft_wrap=True)
    return 1
