"""The auditor's HTTP interface: lists, refusals, and who may read."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from libs.blobs import open_store
from tests.integration.audit_client import TRACE, Auditor, front_end
from tests.integration.audit_trail import Trail, everybody, identity
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture
def trail(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Trail]:
    with closing(Trail(postgres.fresh_database(), open_store(f"file://{tmp_path}"))) as made:
        yield made


@pytest.fixture
def auditor(trail: Trail) -> Auditor:
    return front_end(trail)


def test_traces_are_listed_newest_first_each_once(trail: Trail, auditor: Auditor) -> None:
    everybody(trail)
    for number in range(5):
        trail.append(
            "DocumentDrafted",
            f"draft {number}",
            trace=f"trace {number}",
            document_id=identity(f"draft {number}"),
            agency_id=identity("commune"),
            text=trail.text(subject=f"Việc {number}"),
        )
    trail.append("DraftReviewed", "draft 0", trace="trace 0", document_id=identity("draft 0"))
    trail.read()
    found, page = [], auditor.get("/v1/traces", limit="2")
    while page["traces"]:
        found += page["traces"]
        page = (
            auditor.get("/v1/traces", limit="2", cursor=page["next"])
            if "next" in page
            else {"traces": []}
        )
    assert [row["subject"] for row in found] == [f"Việc {n}" for n in (4, 3, 2, 1, 0)]
    assert (found[-1]["tiers"], found[-1]["lines"]) == ([2, 4], 2)
    assert found[0]["first_at"] == found[0]["last_at"]


def test_the_directory_makes_no_trace(trail: Trail, auditor: Auditor) -> None:
    everybody(trail)
    trail.read()
    assert auditor.get("/v1/traces") == {"traces": []}


HOSTILE: list[tuple[str, dict[str, str]]] = [
    (TRACE, {"at": "yesterday"}),
    (TRACE, {"at": "2026-11-22T09:00:00"}),
    (TRACE, {"at": "0001-01-01T00:00+23:00"}),
    (TRACE, {"from": "2026-11-22"}),
    ("/v1/steps", {"from": "'; DROP TABLE audit.line; --"}),
    ("/v1/steps", {"to": "9999-12-31"}),
    ("/v1/steps", {"handler": "Nguyễn"}),
    ("/v1/steps", {"agency": "H42%"}),
    ("/v1/steps", {"agency": "a" * 65}),
    ("/v1/steps", {"status": "3"}),
    ("/v1/steps", {"status": "٠٣"}),
    ("/v1/steps", {"limit": "0"}),
    ("/v1/steps", {"limit": "100000"}),
    ("/v1/steps", {"cursor": "x"}),
    ("/v1/steps", {"cursor": "eyJhdCI6IngiLCJwb3NpdGlvbiI6MSwidHgiOjF9"}),
    ("/v1/traces", {"cursor": "e30"}),
    ("/v1/traces", {"at": "2026-11-22"}),
    ("/v1/steps", {"at": "2026-11-22\x00"}),
]


def test_hostile_arguments_are_refused_by_a_problem(trail: Trail, auditor: Auditor) -> None:
    trail.append("DraftReviewed", "own", document_id=identity("own"))
    trail.read()
    for path, args in HOSTILE:
        answer = auditor.ask(path, **args)
        assert answer.status_code == 400, (path, args)
        assert answer.content_type == "application/problem+json"


def test_an_unknown_trace_is_not_found(auditor: Auditor) -> None:
    assert auditor.ask(f"/v1/traces/{uuid4()}").status_code == 404
    assert auditor.ask("/v1/traces/not-a-uuid").status_code == 404


def test_only_auditors_and_operators_read_the_trail(auditor: Auditor) -> None:
    for role in ("clerk", "leader", "officer", "head", "machine"):
        answers = [auditor.ask(path, role=role) for path in (TRACE, "/v1/traces", "/v1/steps")]
        assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert auditor.ask("/v1/steps", role="admin").status_code == 200
