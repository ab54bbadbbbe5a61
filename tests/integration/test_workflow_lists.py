"""What there is to do, over HTTP: order, pages, filters."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.web.issuer import TokenIssuer
from tests.support.servers import PostgresForTests
from tests.support.workflow_office import (
    CLERK,
    LAN,
    LEADER,
    MINH,
    TODAY,
    Office,
    open_office,
    serving_issuer,
)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenIssuer]:
    with serving_issuer(tmp_path_factory.mktemp("issuer")) as found:
        yield found


@pytest.fixture
def office(postgres: PostgresForTests, issuer: TokenIssuer) -> Iterator[Office]:
    with open_office(postgres, issuer) as found:
        yield found


def test_what_i_must_do_comes_urgent_first_then_by_day_across_pages(office: Office) -> None:
    soon, later = str(TODAY), str(TODAY + timedelta(days=5))
    wanted = [(3, later), (3, None), (1, soon), (0, soon), (0, later), (0, later), (0, None)]
    for urgency, due_on in reversed(wanted):
        office.assign(office.accept(urgency), due_on=due_on)
    office.assign(office.accept(3), MINH)
    office.settle()
    found: list[Any] = []
    path = "/v1/tasks?mine=true&limit=2"
    while path:
        page = office.get(LAN, path).json
        found += page["tasks"]
        path = f"/v1/tasks?mine=true&limit=2&cursor={page['next']}" if "next" in page else ""
    assert [(row["urgency"], row["due_on"]) for row in found] == wanted
    assert len({row["task_id"] for row in found}) == len(wanted)
    assert len(office.get(LEADER, "/v1/tasks").json["tasks"]) == len(wanted) + 1


def test_processes_come_newest_first_across_pages_and_by_document_and_state(
    office: Office,
) -> None:
    made = [str(office.accept()) for _ in range(5)]
    office.assign(UUID(made[1]))
    office.settle()
    found: list[Any] = []
    path = "/v1/processes?limit=2"
    while path:
        page = office.get(CLERK, path).json
        found += page["processes"]
        path = f"/v1/processes?limit=2&cursor={page['next']}" if "next" in page else ""
    assert [row["process_id"] for row in found] == made[::-1]
    document = found[0]["document_id"]
    (one,) = office.get(CLERK, f"/v1/processes?document_id={document}").json["processes"]
    assert one["process_id"] == made[-1]
    (one,) = office.get(CLERK, "/v1/processes?state=assigned").json["processes"]
    assert one["process_id"] == made[1]


@pytest.mark.parametrize(
    "query",
    [
        "processes?cursor=x",
        "processes?cursor=eyJvcGVuZWQiOiJ4IiwicHJvY2VzcyI6IngifQ",
        "tasks?cursor=eyJkdWUiOiJ4IiwidGFzayI6IngiLCJ1cmdlbmN5IjoxfQ",
        "tasks?state=done",
        "processes?document_id=7",
        "processes?limit=0",
    ],
)
def test_an_argument_that_is_not_ours_is_refused_by_name(office: Office, query: str) -> None:
    refused = office.get(CLERK, f"/v1/{query}")
    assert refused.status_code == 400
    assert refused.json["code"] in ("cursor_malformed", "arguments_invalid")
