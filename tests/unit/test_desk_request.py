"""Two persons: given what was asked, when somebody decides, then this, or a refusal by its code."""

from uuid import UUID

import pytest

from libs.desk.request import Event, Request, ask, confirm, decline, evolve
from libs.messaging.desk_events import DecisionAsked, DecisionConfirmed, DecisionDeclined
from libs.web.problems import Problem

REQUEST, REASON, WHY_NOT = UUID(int=9), "a" * 64, "b" * 64
LAN, MINH = "person:lan/clerk", "person:minh/head"
ITEMS = ("interconnect.jobs/1", "interconnect.jobs/2")
ASKED = DecisionAsked(REQUEST, "interconnect", "release", ITEMS, REASON)
CONFIRMED = DecisionConfirmed(REQUEST, "interconnect", LAN, 1, ITEMS[:1])
DECLINED = DecisionDeclined(REQUEST, "interconnect", LAN, WHY_NOT)


def given(*events: tuple[Event, str]) -> Request:
    request = Request()
    for event, handler in events:
        request = evolve(request, event, handler)
    return request


def refused(code: str, status: int = 403) -> "pytest.RaisesExc[Problem]":
    return pytest.raises(Problem, match=f"^{code}$", check=lambda error: error.status == status)


def test_a_person_asks() -> None:
    assert ask(REQUEST, "interconnect", "release", ITEMS, REASON, LAN) == ASKED
    assert given((ASKED, LAN)) == Request(ASKED, LAN, "asked")


def test_a_second_person_confirms() -> None:
    assert confirm(given((ASKED, LAN)), MINH, 1, ITEMS[:1]) == CONFIRMED
    assert given((ASKED, LAN), (CONFIRMED, MINH)).state == "confirmed"


@pytest.mark.parametrize("by", [LAN, "person:lan/leader", "person:lan"])
def test_who_asked_does_not_confirm_in_whatever_position(by: str) -> None:
    with refused("second_person_needed"):
        confirm(given((ASKED, LAN)), by, 2, ())


@pytest.mark.parametrize("machine", ["machine:operator", "system:interconnect", "lan"])
def test_only_people_decide(machine: str) -> None:
    asked = given((ASKED, LAN))
    for decide in (
        lambda: ask(REQUEST, "interconnect", "refuse", ITEMS, REASON, machine),
        lambda: confirm(asked, machine, 2, ()),
        lambda: decline(asked, machine, WHY_NOT),
    ):
        with refused("person_needed"):
            decide()


@pytest.mark.parametrize("by", [MINH, LAN])
def test_a_second_person_declines_or_who_asked_takes_it_back(by: str) -> None:
    assert decline(given((ASKED, LAN)), by, WHY_NOT) == DECLINED
    assert given((ASKED, LAN), (DECLINED, by)).state == "declined"


@pytest.mark.parametrize("end", [CONFIRMED, DECLINED])
def test_what_was_settled_is_not_settled_again(end: Event) -> None:
    closed = given((ASKED, LAN), (end, MINH))
    with refused("request_closed", 409):
        confirm(closed, MINH, 2, ())
    with refused("request_closed", 409):
        decline(closed, LAN, WHY_NOT)


def test_what_nobody_asked_is_not_found() -> None:
    with refused("not_found", 404):
        confirm(given(), MINH, 2, ())
    with refused("not_found", 404):
        decline(given(), MINH, WHY_NOT)
