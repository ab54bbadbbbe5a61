"""A request and the second person (nguyên tắc hai người): pure decisions over its events."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from libs.desk import refusals
from libs.messaging.desk_events import DecisionAsked, DecisionConfirmed, DecisionDeclined

Event = DecisionAsked | DecisionConfirmed | DecisionDeclined
ASKED, CONFIRMED, DECLINED = "asked", "confirmed", "declined"
_STATES: dict[type, str] = {DecisionConfirmed: CONFIRMED, DecisionDeclined: DECLINED}


@dataclass(frozen=True)
class Request:
    """One request: what was asked by whom, and whether it is still open."""

    asked: DecisionAsked | None = None
    asked_by: str = ""
    state: str = ""


def evolve(request: Request, event: Event, handler: str) -> Request:
    """Apply a fact and who did it."""
    if isinstance(event, DecisionAsked):
        return Request(event, handler, ASKED)
    return replace(request, state=_STATES[type(event)])


def ask(
    request_id: UUID, service: str, action: str, items: Sequence[str], reason: str, by: str
) -> DecisionAsked:
    """Ask for a decision. Raises `Problem` (person_needed)."""
    person_of(by)
    return DecisionAsked(request_id, service, action, tuple(items), reason)


def confirm(request: Request, by: str, done: int, passed_over: Sequence[str]) -> DecisionConfirmed:
    """Confirm it, as another person than the one who asked. Raises `Problem`."""
    asked = _open(request)
    if person_of(by) == person_of(request.asked_by):
        raise refusals.second_person_needed()
    return DecisionConfirmed(
        asked.request_id, asked.service, request.asked_by, done, tuple(passed_over)
    )


def decline(request: Request, by: str, reason: str) -> DecisionDeclined:
    """Decline it; who asked may take it back. Raises `Problem`."""
    asked = _open(request)
    person_of(by)
    return DecisionDeclined(asked.request_id, asked.service, request.asked_by, reason)


def person_of(handler: str) -> str:
    """The person in `person:<id>/<position>`, whatever the position. Raises `Problem`."""
    kind, _, who = handler.partition(":")
    if kind != "person":
        raise refusals.person_needed()
    return who.partition("/")[0]


def _open(request: Request) -> DecisionAsked:
    if request.asked is None:
        raise refusals.request_unknown()
    if request.state != ASKED:
        raise refusals.request_closed(request.state)
    return request.asked
