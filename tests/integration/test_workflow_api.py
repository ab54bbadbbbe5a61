"""Handling of documents over HTTP, on a real database, with real tokens."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from libs.web.issuer import TokenIssuer
from services.directory.events import PositionAssigned
from tests.support.servers import PostgresForTests
from tests.support.workflow_office import (
    AGENCY,
    CLERK,
    DIRECTORY,
    LAN,
    LEADER,
    MINH,
    PACKET,
    SENDER,
    STRANGER,
    TODAY,
    Office,
    Person,
    open_office,
    serving_issuer,
    wish,
)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenIssuer]:
    with serving_issuer(tmp_path_factory.mktemp("issuer")) as found:
        yield found


@pytest.fixture
def office(postgres: PostgresForTests, issuer: TokenIssuer) -> Iterator[Office]:
    with open_office(postgres, issuer) as found:
        yield found


def test_a_document_goes_through_assignment_start_and_finish(office: Office) -> None:
    process = office.accept(urgency=2)
    answer = office.assign(process, due_on=str(TODAY))
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"2"'
    task = answer.json["task_id"]
    assert answer.json == {
        "task_id": task,
        "state": "assigned",
        "process_id": str(process),
        "process_finished": False,
    }
    # Nothing was projected yet: a task can be acted on as soon as it is assigned.
    answer = office.post(LAN, f"/v1/tasks/{task}/start")
    assert (answer.status_code, answer.json["state"]) == (200, "started")
    answer = office.post(LAN, f"/v1/tasks/{task}/finish")
    assert (answer.json["state"], answer.json["process_finished"]) == ("finished", True)
    assert answer.headers["ETag"] == '"5"'
    office.settle()
    shown = office.get(CLERK, f"/v1/processes/{process}", **{"X-Read-After": read_after(answer)})
    assert "X-Stale" not in shown.headers
    assert shown.headers["ETag"] == '"5"'
    tasks = shown.json.pop("tasks")
    assert [(row["task_id"], row["state"], row["due_on"]) for row in tasks] == [
        (task, "finished", str(TODAY))
    ]


def read_after(answer: Any) -> str:
    return str(answer.headers["X-Read-After"])


def test_a_process_is_shown_with_its_document_and_its_tasks(office: Office) -> None:
    process = office.accept(urgency=2)
    task = office.assign(process).json["task_id"]
    office.settle()
    shown = office.get(LEADER, f"/v1/processes/{process}").json
    for volatile in ("opened_at", "document_id"):
        assert shown.pop(volatile)
    assert shown.pop("tasks")[0].pop("assigned_at").endswith("Z")
    assert shown == {
        "process_id": str(process),
        "agency_id": str(AGENCY),
        "packet_id": str(PACKET),
        "urgency": 2,
        "state": "assigned",
        "finished_at": None,
        "answered_by": None,
        "version": 2,
        "code": "12/CT-UBND",
        "type_name": "Chỉ thị",
        "issued_on": str(TODAY),
        "sender_id": str(SENDER),
        "sender_name": "Văn phòng",
    }
    (row,) = office.get(LAN, "/v1/tasks?mine=true").json["tasks"]
    assert row.pop("assigned_at")
    assert row.pop("document_id")
    assert row == {
        "task_id": task,
        "process_id": str(process),
        "agency_id": str(AGENCY),
        "unit": "Phòng Tổng hợp",
        "assignee_id": str(LAN.id),
        "assignee_position_id": str(LAN.position),
        "due_on": None,
        "state": "assigned",
        "started_at": None,
        "finished_at": None,
        "urgency": 2,
        "code": "12/CT-UBND",
        "type_name": "Chỉ thị",
        "issued_on": str(TODAY),
        "sender_id": str(SENDER),
        "sender_name": "Văn phòng",
    }


def test_a_repeated_assignment_makes_one_task(office: Office) -> None:
    process = office.accept()
    path = f"/v1/processes/{process}/tasks"
    first, again = (office.post(LEADER, path, wish(LAN), key="k") for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)
    office.settle()
    assert len(office.get(LEADER, f"/v1/processes/{process}").json["tasks"]) == 1


def test_starting_twice_writes_nothing_the_second_time(office: Office) -> None:
    task = office.assign(office.accept()).json["task_id"]
    first, second = (office.post(LAN, f"/v1/tasks/{task}/start") for _ in range(2))
    assert first.headers["ETag"] == second.headers["ETag"] == '"3"'
    assert "X-Read-After" not in second.headers


def test_a_task_given_to_somebody_else_leaves_the_first_ones_list(office: Office) -> None:
    process = office.accept()
    task = office.assign(process).json["task_id"]
    office.post(LAN, f"/v1/tasks/{task}/start")
    answer = office.post(LEADER, f"/v1/tasks/{task}/assign", wish(MINH))
    assert (answer.status_code, answer.json["state"]) == (200, "assigned")
    office.settle()
    assert office.get(LAN, "/v1/tasks?mine=true").json == {"tasks": []}
    (row,) = office.get(MINH, "/v1/tasks?mine=true").json["tasks"]
    assert (row["task_id"], row["state"], row["started_at"]) == (task, "assigned", None)
    refused = office.post(LAN, f"/v1/tasks/{task}/finish")
    assert (refused.status_code, refused.json["code"]) == (403, "not_the_assignee")


def test_closing_a_process_takes_its_tasks_from_the_lists(office: Office) -> None:
    process = office.accept()
    office.assign(process)
    answer = office.post(CLERK, f"/v1/processes/{process}/finish")
    assert answer.json == {"process_id": str(process), "process_finished": True}
    office.settle()
    assert office.get(LAN, "/v1/tasks?mine=true").json == {"tasks": []}
    (row,) = office.get(LAN, "/v1/tasks?mine=true&state=closed").json["tasks"]
    assert row["state"] == "closed"
    refused = office.post(CLERK, f"/v1/processes/{process}/finish")
    assert (refused.status_code, refused.json["code"]) == (409, "process_finished")


def test_another_agencys_processes_and_tasks_are_not_there(office: Office) -> None:
    process = office.accept()
    task = office.assign(process).json["task_id"]
    office.settle()
    answers = [
        office.post(STRANGER, f"/v1/processes/{process}/tasks", wish(STRANGER)),
        office.post(STRANGER, f"/v1/processes/{process}/finish"),
        office.post(STRANGER, f"/v1/tasks/{task}/assign", wish(STRANGER)),
        office.post(STRANGER, f"/v1/tasks/{task}/start"),
        office.post(STRANGER, f"/v1/tasks/{task}/finish"),
        office.get(STRANGER, f"/v1/processes/{process}"),
        office.post(LEADER, f"/v1/processes/{uuid4()}/tasks", wish(LAN)),
        office.post(LAN, f"/v1/tasks/{uuid4()}/start"),
        office.get(LEADER, f"/v1/processes/{uuid4()}"),
    ]
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(404, "not_found")}
    assert office.get(STRANGER, "/v1/processes").json == {"processes": []}
    assert office.get(STRANGER, "/v1/tasks").json == {"tasks": []}


@pytest.mark.parametrize(
    "to",
    [
        STRANGER,
        Person((), LAN.id, MINH.position),
        Person((), uuid4(), LAN.position),
    ],
)
def test_a_task_is_given_only_to_who_holds_the_position_in_the_agency(
    office: Office, to: Person
) -> None:
    refused = office.assign(office.accept(), to)
    assert (refused.status_code, refused.json["code"]) == (422, "assignee_unfit")


def test_a_position_counts_from_its_first_day(office: Office) -> None:
    later = Person((), uuid4(), uuid4())
    event = PositionAssigned(
        later.position, later.id, AGENCY, "u", "t", "", (), TODAY + timedelta(days=2)
    )
    office.tell("directory", DIRECTORY, f"person-{later.id}", [event])
    office.settle()
    assert office.assign(office.accept(), later).status_code == 422


def test_a_task_cannot_be_due_before_today_in_vietnam(office: Office) -> None:
    process = office.accept()
    refused = office.assign(process, due_on=str(TODAY - timedelta(days=2)))
    assert (refused.status_code, refused.json["code"]) == (422, "due_in_past")


def test_roles_decide_who_assigns_and_who_closes(office: Office) -> None:
    process = office.accept()
    for who, action in ((LAN, "tasks"), (CLERK, "tasks"), (LAN, "finish")):
        body = wish(LAN) if action == "tasks" else None
        assert office.post(who, f"/v1/processes/{process}/{action}", body).status_code == 403


def test_a_change_on_an_outdated_version_is_refused(office: Office) -> None:
    process = office.accept()
    office.assign(process)
    path = f"/v1/processes/{process}/finish"
    assert office.post(LEADER, path, **{"If-Match": '"1"'}).status_code == 412
    assert office.post(LEADER, path, **{"If-Match": '"2"'}).status_code == 200


def test_a_machine_has_no_tasks_and_starts_none(office: Office) -> None:
    task = office.assign(office.accept()).json["task_id"]
    token = office.issuer.issue("robot", str(AGENCY), ["officer"], kind="machine")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}
    refused = office.client.post(f"/v1/tasks/{task}/start", json={}, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (403, "not_the_assignee")
    assert office.client.get("/v1/tasks?mine=true", headers=headers).json == {"tasks": []}
