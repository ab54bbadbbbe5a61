"""The report's check works the timeline out again, and finds what was changed in a report."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from libs.blobs import open_store
from libs.web.access import AccessTable, Rule
from libs.web.api import Api
from libs.web.principal import Principal
from services.audit.actions import ACTIONS
from services.audit.api import add_routes
from services.audit.names import Names
from tests.integration.audit_trail import (
    BEGIN,
    Trail,
    arrive,
    everybody,
    handle,
    identity,
    issue,
    tell,
)
from tests.support.servers import PostgresForTests
from tools.check_report.evidence import Evidence, read_events
from tools.check_report.names import Names as Directory
from tools.check_report.outcome import Outcome
from tools.check_report.timeline import FIELDS, WORDS, lines, rebuild, subject

pytestmark = pytest.mark.postgres


class Anyone:
    """A verifier that takes everybody for the auditor."""

    def verify(self, _token: str) -> Principal:
        return Principal("a", "b", frozenset({"auditor"}), None, None, "person")


@pytest.fixture
def checked(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Callable[[Any], Outcome]]:
    """Checks a changed trace of a journey's report: the outcome for its timeline."""
    url = postgres.fresh_database()
    trail = Trail(url, open_store(f"file://{tmp_path}/blobs"))
    who = everybody(trail)
    signer = {"full_name": "Đỗ Quang Hải", "position": "BỘ TRƯỞNG"}
    directive = trail.text(subject="Công điện", signer=signer)
    arrive(trail, "province", "government", "incoming", "7/CĐ-VPCP", directive)
    handle(trail, "province", "incoming", who)
    issue(trail, "own", trail.text(subject="Chỉ thị"), who)
    tell(trail, "own", "06", BEGIN, staff=trail.text(full_name="Lê Thị Dung"))
    trail.read()
    rule = Rule(frozenset({"auditor"}), "any")
    access = AccessTable({"audit.read": rule, "audit.oversee": rule})
    api = Api("audit", Anyone(), access)
    add_routes(api, trail.audit, Names(trail.blobs), Path("/nowhere"))
    answer = Client(api).get(
        f"/v1/traces/{identity('trace')}", headers={"Authorization": "Bearer x"}
    )
    trace: dict[str, Any] = answer.json  # type: ignore[assignment]
    trace["timeline"] = trace.pop("lines")
    evidence = Evidence(
        read_events(url("monitor"), [trace["trace_id"]]), trail.blobs, tmp_path / "axis"
    )

    def check(change: Any) -> Outcome:
        changed = copy.deepcopy(trace)
        change(changed)
        steps = rebuild(evidence, Directory(evidence), trace["trace_id"])
        return lines(changed, steps, subject(evidence, trace["trace_id"]))

    yield check
    trail.close()


def test_an_honest_report_is_found_equal(checked: Callable[[Any], Outcome]) -> None:
    outcome = checked(lambda _trace: None)
    assert outcome.differences == []
    assert outcome.compared == 14
    assert outcome.equal


CHANGES: list[Callable[[Any], Any]] = [
    lambda trace: trace["timeline"].pop(3),
    lambda trace: trace["timeline"].append(trace["timeline"][0]),
    lambda trace: trace["timeline"].reverse(),
    lambda trace: trace.update(subject="Khác"),
    lambda trace: trace.update(tiers=[1, 2, 3]),
    *(
        lambda trace, field=field: trace["timeline"][3].update({field: "2026-11-22T00:00Z"})
        for field in FIELDS
    ),
]


def test_every_change_of_a_report_is_found_out(checked: Callable[[Any], Outcome]) -> None:
    assert [number for number, change in enumerate(CHANGES) if checked(change).equal] == []


def test_the_check_knows_every_action_of_the_trail() -> None:
    ours = {
        (key.replace("StatusReceived:", "StatusReceived:axis:"), action.vi, action.status)
        for key, action in ACTIONS.items()
    }
    assert {(key.replace(" ", ":"), *words) for key, words in WORDS.items()} == ours
