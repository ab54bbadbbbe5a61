"""What somebody saw at an instant: the answers of the services' routes, as they were then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.contracts import instant_text
from libs.web.principal import Principal
from services.audit.names import Names
from tools.replay.then import Directory, Moment, Then

MOST = 1000
_PAGE = "200"
# Whoever asks about an agency or a matter as a whole sees what all of its people together saw.
_EVERYBODY = frozenset({"leader", "head", "clerk", "officer"})
_NIL = UUID(int=0)

Row = dict[str, Any]
Answers = dict[str, list[Row]]
LISTS = ("documents", "tasks", "processes", "dispatches")


@dataclass(frozen=True)
class Viewer:
    """Somebody who looks: a person in a position, or an agency as a whole."""

    agency_id: str
    person_id: str | None = None
    position_id: str | None = None
    title: str = ""
    unit: str = ""
    roles: frozenset[str] = _EVERYBODY

    @property
    def principal(self) -> Principal:
        """The caller that the routes see."""
        who = self.person_id or str(_NIL)
        return Principal(who, self.agency_id, self.roles, self.position_id, None, "person")


def viewers_of_person(person_id: UUID, directory: Directory, moment: Moment) -> list[Viewer]:
    """The person in each position that he held then, with its roles."""
    return [
        Viewer(
            agency_id=held.agency_id,
            person_id=str(person_id),
            position_id=held.position_id,
            title=held.title,
            unit=held.unit,
            roles=frozenset(held.roles),
        )
        for held in directory.held_by(person_id, moment.day)
    ]


def viewers_of_agencies(agencies: Iterable[str], directory: Directory) -> list[Viewer]:
    """Agencies as a whole, from the top tier down; those that the directory does not know see
    nothing here."""
    known = [directory.agencies[each] for each in agencies if each in directory.agencies]
    ordered = sorted(known, key=lambda entry: (entry.tier, entry.name, entry.agency_id))
    return [Viewer(agency_id=entry.agency_id) for entry in ordered]


def view(then: Then, viewer: Viewer, at: datetime, *, whole: bool) -> Row:
    """All lists as the viewer saw them; with `whole` (a matter) each row in full, and all tasks.

    `more` names lists of which only the first thousand rows are here, `refused` those that the
    viewer's roles did not open.
    """
    seen = _Seen(then, viewer, at)
    answers: Answers = {
        "documents": seen.all("/v1/documents", "documents"),
        "processes": seen.all("/v1/processes", "processes"),
        "dispatches": seen.all("/v1/dispatches", "dispatches"),
    }
    if whole:
        for name, key in (
            ("documents", "document_id"),
            ("processes", "process_id"),
            ("dispatches", "document_id"),
        ):
            answers[name] = [seen.one(f"/v1/{name}/{row[key]}") for row in answers[name]]
        answers["tasks"] = [
            {"document_id": process["document_id"], "code": process["code"], **task}
            for process in answers["processes"]
            for task in process["tasks"]
        ]
    else:
        mine = {"mine": "true"} if viewer.person_id else {}
        answers["tasks"] = seen.all("/v1/tasks", "tasks", **mine)
    return {**answers, "more": sorted(seen.more), "refused": sorted(seen.refused)}


class _Seen:
    """One viewer's questions."""

    def __init__(self, then: Then, viewer: Viewer, at: datetime) -> None:
        self._then = then
        self._viewer = viewer
        self._at = at
        self.more: set[str] = set()
        self.refused: set[str] = set()

    def all(self, path: str, name: str, **args: str) -> list[Row]:
        """A list to its end, or its first thousand rows."""
        found: list[Row] = []
        cursor: Row = {}
        while len(found) < MOST:
            status, page = self._ask(path, limit=_PAGE, **args, **cursor)
            if status == 403:
                self.refused.add(name)
                return []
            found += page[name]
            if not page.get("next"):
                return found
            cursor = {"cursor": page["next"]}
        self.more.add(name)
        return found

    def one(self, path: str) -> Row:
        """One row in full."""
        return self._ask(path)[1]

    def _ask(self, path: str, **args: str) -> tuple[int, Row]:
        status, body = self._then.ask(self._viewer.principal, self._at, path, **args)
        if status not in (200, 403):
            raise RuntimeError(f"{path} answered {status}: {body.get('code')}")
        return status, body


def told(viewer: Viewer, answers: Row, directory: Directory, names: Names) -> Row:
    """A view with its head: who looked, by the names of that day."""
    agency = directory.agencies.get(viewer.agency_id)
    return {
        "agency_id": viewer.agency_id,
        "agency_name": agency.name if agency else "",
        "person_id": viewer.person_id,
        "full_name": full_name(viewer.person_id, directory, names),
        "position_id": viewer.position_id,
        "position": viewer.title,
        "unit": viewer.unit,
        "roles": sorted(viewer.roles) if viewer.person_id else [],
        **{name: [_named(row, directory, names) for row in answers[name]] for name in LISTS},
        "more": answers["more"],
        "refused": answers["refused"],
    }


def full_name(person_id: str | None, directory: Directory, names: Names) -> str:
    """A person's name; empty for a stranger."""
    card = directory.cards.get(person_id or "")
    return names.of(card).full_name if card else ""


def _named(row: Row, directory: Directory, names: Names) -> Row:
    """A row with the name of the person whom it gives by id alone."""
    if "assignee_id" not in row:
        return row
    return {**row, "assignee": full_name(row["assignee_id"], directory, names)}


def state(moment: Moment, views: list[Row], failed: dict[str, str]) -> Row:
    """Everything that was seen at a moment."""
    tx, position = moment.place
    return {
        "at": instant_text(moment.at),
        "place": {"tx": tx, "position": position},
        "views": views,
        "not_applied": failed,
    }


def rows_in(states: Iterable[Row]) -> int:
    """How many lines are shown."""
    return sum(len(view[name]) for one in states for view in one["views"] for name in LISTS)
