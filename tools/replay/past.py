"""The questions about the past that need the events themselves: --seen and --between."""

import argparse
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

from rich.console import RenderableType

from tools.platform.caller import CallFailed
from tools.replay import report, table
from tools.replay.differences import as_json, differences
from tools.replay.look import About, Unknown, look
from tools.replay.operator import Operator, write_down
from tools.replay.report import Report
from tools.replay.seen import Row, rows_in
from tools.replay.then import Store


def ask_the_past(
    options: argparse.Namespace, instants: list[datetime]
) -> tuple[Any, Report, RenderableType]:
    """The answer, once it is written down who asked: for programs, and for people.

    Raises `CallFailed`.
    """
    operator = Operator(options.folder, options.account)
    by = operator.principal()
    about = _about(options, operator)
    with closing(Store(operator.database_url)) as store:
        try:
            states = look(store, operator.blobs, about, instants)
        except Unknown as error:
            raise CallFailed(str(error)) from error
        found = differences(states[0], states[1]) if options.between else []
        write_down(
            store.database,
            by,
            "changes" if options.between else "seen",
            len(found) if options.between else rows_in(states),
            trace_id=about.trace,
            person_id=about.person,
            agency=about.agency,
            as_of=instants[-1],
            compared_with=instants[0] if options.between else None,
        )
    head = _head(about, states[-1])
    if options.between:
        told = report.of_differences(states[0], states[1], found, head)
        facts: Any = {"from": states[0]["at"], "to": states[1]["at"], "differences": as_json(found)}
    else:
        told, facts = report.of_state(states[0], head), states[0]
    return facts, told, table.report(told)


def _about(options: argparse.Namespace, operator: Operator) -> About:
    named = [name for name in ("trace", "person", "agency") if getattr(options, name)]
    if len(named) != 1 or options.handler or options.status:
        raise CallFailed("--seen and --between take one of TRACE, --person and --agency")
    if options.trace:
        try:
            return About(trace=UUID(options.trace))
        except ValueError:
            raise CallFailed(f"{options.trace} is no trace's id") from None
    if options.person:
        return About(person=operator.person(options.person))
    return About(agency=options.agency)


def _head(about: About, state: Row) -> list[tuple[str, str]]:
    """Whom or what it is about."""
    if about.trace:
        return [("Hồ sơ", str(about.trace))]
    names = {view["full_name"] or view["agency_name"] for view in state["views"]}
    label = "Người" if about.person else "Cơ quan"
    return [(label, ", ".join(sorted(names)) or str(about.person or about.agency))]
