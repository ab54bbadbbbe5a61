"""The desk over HTTP with parked events: who may look, the dry run, two persons, and the record."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from libs.blobs import open_store
from libs.contracts import message
from libs.web.desk import add_desk
from tests.support.desk import LAN, MINH, POST, WHY, Desk, api_for, refusal
from tests.support.parked import CONSUMER, Office
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
BAD, GOOD, THIRD = "document-bad", "document-good", "document-third"
ITEM = f"{CONSUMER}/{BAD}/1"
ASKER, CONFIRMER = f"person:{LAN}/{POST}", f"person:{MINH}/{POST}"


@pytest.fixture
def office(postgres: PostgresForTests) -> Iterator[Office]:
    office = Office(postgres.fresh_database())
    yield office
    office.close()


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    api, issuer = api_for("workflow", office.workflow, tmp_path)
    path = "/v1/desk/workflow"
    add_desk(api, path, office.workflow, open_store(f"file://{tmp_path}/blobs"))
    return Desk(Client(api), issuer, path)


def told(office: Office, stream: str) -> list[Any]:
    with office.workflow.unit() as unit:
        return [(each.type, each.handler, message(each)) for each in unit.store.read(stream)]


def test_the_desk_tells_cause_in_plain_words_since_when_and_how_many_stand_behind(
    office: Office, desk: Desk
) -> None:
    assert desk.show() == {"count": 0, "causes": [], "letters": [], "next": None}
    office.park(BAD, behind=2)
    shown = desk.show()
    (letter,) = shown["letters"]
    assert letter["since"][:2] == "20"
    wanted = {"item": ITEM, "kind": "event", "what": "DraftReviewed", "attempts": 5, "behind": 2,
              "cause": "ValueError: poison", "request_id": None}  # fmt: skip
    assert wanted.items() <= letter.items()
    assert "mend the fault" in letter["en"]
    assert "hãy sửa lỗi" in letter["vi"]
    (cause,) = shown["causes"]
    assert (cause["kind"], cause["cause"], cause["count"], cause["behind"]) == (
        "event", "ValueError", 1, 2,
    )  # fmt: skip


def test_the_list_is_filtered_by_cause_and_paged_oldest_first(office: Office, desk: Desk) -> None:
    for stream in (BAD, GOOD, THIRD):
        office.park(stream, cause=KeyError("x") if stream == GOOD else None)
    found, cursor = [], ""
    while cursor is not None:
        page = desk.show(f"?limit=2&cursor={cursor}" if cursor else "?limit=2")
        found += [letter["item"] for letter in page["letters"]]
        cursor = page["next"]
    assert found == [f"{CONSUMER}/{stream}/1" for stream in (BAD, GOOD, THIRD)]
    only = desk.show("?kind=event&cause=KeyError")
    assert ([each["item"] for each in only["letters"]], only["count"]) == (found[1:2], 1)
    assert desk.show("?kind=job")["count"] == 0
    assert refusal(desk.call("GET", "?cursor=x")) == (400, "cursor_malformed")


@pytest.mark.parametrize("action", ["release", "refuse"])
def test_a_dry_run_counts_shows_a_sample_and_changes_nothing(
    office: Office, desk: Desk, action: str
) -> None:
    for number in range(12):
        office.park(f"document-{number:02}", behind=1)
    before = office.rows()
    preview = desk.show(f"/preview?action={action}&kind=event&cause=ValueError")
    assert (preview["count"], preview["behind"], preview["left_out"]) == (12, 12, 0)
    assert len(preview["sample"]) == 10
    (effect,) = preview["effects"]
    assert ("tried again" in effect["en"]) == (action == "release")
    assert desk.show(f"/preview?action={action}&item={CONSUMER}/document-03/1")["count"] == 1
    assert desk.show("/requests")["requests"] == []
    assert office.rows() == before


@pytest.mark.parametrize(("action", "follows"), [("release", [1, 2]), ("refuse", [2])])
def test_one_person_asks_a_second_confirms_and_then_it_is_done(
    office: Office, desk: Desk, action: str, follows: list[int]
) -> None:
    office.park(BAD, behind=1)
    office.park(GOOD)
    office.heal()
    request = desk.ask(action, items=[ITEM])
    assert office.run() == []
    (letter, other) = desk.show()["letters"]
    assert (letter["request_id"], other["request_id"]) == (request, None)
    assert desk.confirm(request) == {"state": "confirmed", "done": [ITEM], "passed_over": []}
    assert office.run() == [(BAD, version) for version in follows]
    assert [letter["item"] for letter in desk.show()["letters"]] == [f"{CONSUMER}/{GOOD}/1"]


@pytest.mark.parametrize("action", ["release", "refuse"])
def test_every_step_is_an_event_with_both_persons_in_the_trace_of_what_it_is_about(
    office: Office, desk: Desk, action: str
) -> None:
    office.park(BAD)
    request = desk.ask(action, items=[ITEM])
    desk.confirm(request)
    (asked, confirmed) = told(office, f"desk-workflow.requests.{request}")
    assert (asked[0], asked[1]) == ("DecisionAsked", ASKER)
    assert (asked[2].action, list(asked[2].items)) == (action, [ITEM])
    assert (confirmed[0], confirmed[1]) == ("DecisionConfirmed", CONFIRMER)
    assert (confirmed[2].asked_by, confirmed[2].done) == (ASKER, 1)
    ((kind, handler, done),) = told(office, f"desk-{CONSUMER}")
    assert kind == ("ParkedEventReleased" if action == "release" else "ParkedEventRefused")
    assert (handler, done.asked_by, done.confirmed_by) == (CONFIRMER, ASKER, CONFIRMER)
    assert (done.request_id, done.stream, done.version) == (request, BAD, 1)
    with office.workflow.unit() as unit:
        event = unit.store.read(BAD)[0]
        decided = unit.store.read(f"desk-{CONSUMER}")[0]
    assert decided.trace == event.trace
    assert decided.place > event.place


def test_the_reason_is_a_blob_and_the_list_of_requests_tells_it(office: Office, desk: Desk) -> None:
    office.park(BAD)
    request = desk.ask("refuse", items=[ITEM])
    ((_, _, asked),) = told(office, f"desk-workflow.requests.{request}")
    assert WHY not in str(asked)
    (open_one,) = desk.show("/requests?state=asked")["requests"]
    assert (open_one["reason"], open_one["asked_by"], open_one["count"]) == (WHY, ASKER, 1)
    desk.confirm(request)
    assert desk.show("/requests?state=asked")["requests"] == []
    shown = desk.show(f"/requests/{request}")
    assert (shown["state"], shown["decided_by"], shown["done"]) == ("confirmed", CONFIRMER, 1)
    assert (shown["items"], shown["sample"]) == ([ITEM], [])
    assert refusal(desk.call("GET", f"/requests/{uuid4()}")) == (404, "not_found")


def test_who_asked_may_not_confirm_and_nothing_is_changed(office: Office, desk: Desk) -> None:
    office.park(BAD)
    request = desk.ask("release", items=[ITEM])
    before = office.rows()
    answer = desk.call("POST", f"/requests/{request}/confirm", who=LAN)
    assert refusal(answer) == (403, "second_person_needed")
    assert office.rows() == before
    assert len(told(office, f"desk-workflow.requests.{request}")) == 1
    desk.confirm(request)


def test_machines_and_other_roles_do_not_decide(office: Office, desk: Desk) -> None:
    office.park(BAD)
    body = {"action": "release", "reason": WHY, "items": [ITEM]}
    machine = desk.call("POST", "/requests", body, kind="machine")
    assert refusal(machine) == (403, "person_needed")
    for role in ("auditor", "monitor", "leader", "clerk"):
        answer = desk.call("POST", "/requests", body, role=role)
        assert refusal(answer) == (403, "action_not_allowed")
    request = desk.ask("release", items=[ITEM])
    answer = desk.call("POST", f"/requests/{request}/confirm", who=MINH, role="auditor")
    assert refusal(answer) == (403, "action_not_allowed")
    assert desk.call("GET", role="monitor").status_code == 200
    assert refusal(desk.call("GET", role="clerk")) == (403, "action_not_allowed")


@pytest.mark.parametrize("who", [LAN, MINH])
def test_a_declined_request_does_nothing_and_frees_what_it_was_about(
    office: Office, desk: Desk, who: UUID
) -> None:
    office.park(BAD)
    request = desk.ask("refuse", items=[ITEM])
    answer = desk.call("POST", f"/requests/{request}/decline", {"reason": "Chưa rõ"}, who=who)
    assert (answer.status_code, answer.json) == (200, {"state": "declined"})
    shown = desk.show(f"/requests/{request}")
    assert (shown["state"], shown["answer"], shown["done"]) == ("declined", "Chưa rõ", None)
    assert refusal(desk.call("POST", f"/requests/{request}/confirm", who=MINH)) == (
        409, "request_closed",
    )  # fmt: skip
    assert desk.settle("release", items=[ITEM])["done"] == [ITEM]


def test_nobody_asks_twice_about_the_same_nor_about_what_is_not_parked(
    office: Office, desk: Desk
) -> None:
    office.park(BAD)
    request = desk.ask("release", items=[ITEM])
    body = {"action": "refuse", "reason": WHY, "items": [ITEM]}
    again = desk.call("POST", "/requests", body)
    assert refusal(again) == (409, "already_asked")
    assert again.json is not None
    assert again.json["requests"] == [request]
    strangers = [f"{CONSUMER}/{GOOD}/1", "workflow.jobs/x", "x", f"{CONSUMER}/{BAD}/2"]
    for stranger in strangers:
        answer = desk.call("POST", "/requests", {**body, "items": [stranger]})
        assert refusal(answer) == (409, "not_parked")
    cause = {"action": "refuse", "reason": WHY, "kind": "event", "cause": "ValueError"}
    assert refusal(desk.call("POST", "/requests", cause)) == (409, "not_parked")


def test_all_of_one_cause_are_asked_and_settled_at_once_and_no_other(
    office: Office, desk: Desk
) -> None:
    for stream in (BAD, GOOD, THIRD):
        office.park(stream, cause=KeyError("x") if stream == GOOD else None)
    office.heal()
    done = desk.settle("release", kind="event", cause="ValueError")["done"]
    assert done == [f"{CONSUMER}/{stream}/1" for stream in (BAD, THIRD)]
    assert sorted(office.run()) == [(BAD, 1), (THIRD, 1)]


def test_what_was_settled_otherwise_meanwhile_is_passed_over(office: Office, desk: Desk) -> None:
    office.park(BAD)
    office.park(GOOD)
    items = [ITEM, f"{CONSUMER}/{GOOD}/1"]
    request = desk.ask("release", items=items)
    with office.workflow.unit() as unit:
        unit.connection.execute(text("DELETE FROM es.retry WHERE stream = :s"), {"s": BAD})
    assert desk.confirm(request) == {
        "state": "confirmed", "done": items[1:], "passed_over": items[:1],
    }  # fmt: skip
    assert list(told(office, f"desk-workflow.requests.{request}")[1][2].passed_over) == items[:1]


def test_the_same_key_asks_once_and_confirms_once(office: Office, desk: Desk) -> None:
    office.park(BAD)
    body = {"action": "release", "reason": WHY, "items": [ITEM]}
    first, second = (desk.call("POST", "/requests", body, key="one") for _ in range(2))
    assert first.json == second.json
    assert first.json is not None
    request = first.json["request_id"]
    assert desk.confirm(request, key="two") == desk.confirm(request, key="two")
    assert len(told(office, f"desk-workflow.requests.{request}")) == 2
    assert len(told(office, f"desk-{CONSUMER}")) == 1


def test_of_two_who_confirm_at_once_one_is_too_late(office: Office, desk: Desk) -> None:
    office.park(BAD)
    request = desk.ask("release", items=[ITEM])
    together = Barrier(2)

    def confirm(who: UUID) -> int:
        together.wait(timeout=10)
        return desk.call("POST", f"/requests/{request}/confirm", who=who).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(confirm, (MINH, uuid4())))
    assert sorted(answers) == [200, 409]
    assert len(told(office, f"desk-{CONSUMER}")) == 1


def test_a_malformed_request_changes_nothing(office: Office, desk: Desk) -> None:
    office.park(BAD)
    good = {"action": "release", "reason": WHY, "items": [ITEM]}
    bad: list[Any] = [
        {}, {**good, "action": "delete"}, {**good, "reason": " "}, {**good, "reason": "x" * 1001},
        {**good, "items": []}, {**good, "items": ["x" * 401]}, {**good, "kind": "event"},
        {"action": "release", "reason": WHY}, {"action": "release", "reason": WHY, "kind": "event"},
    ]  # fmt: skip
    assert {refusal(desk.call("POST", "/requests", body)) for body in bad} == {
        (422, "body_invalid")
    }
    assert desk.show("/requests")["requests"] == []


def test_a_service_sees_no_other_services_requests(
    office: Office, desk: Desk, tmp_path: Path
) -> None:
    office.park(BAD)
    request = desk.ask("release", items=[ITEM])
    api, _ = api_for("documents", office.documents, tmp_path)
    add_desk(api, "/v1/desk/documents", office.documents, open_store(f"file://{tmp_path}/blobs"))
    other = Desk(Client(api), desk.issuer, "/v1/desk/documents")
    assert other.show()["count"] == 0
    assert other.show("/requests")["requests"] == []
    assert refusal(other.call("GET", f"/requests/{request}")) == (404, "not_found")
    assert refusal(other.call("POST", f"/requests/{request}/confirm", who=MINH)) == (
        404, "not_found",
    )  # fmt: skip
