"""Whoever looks into the trail is in it: who, what for, through which door, how many lines."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from libs.blobs import open_store
from libs.contracts import decode
from libs.eventstore import START
from services.audit.events import TrailConsulted
from tests.integration.audit_client import TRACE, Auditor, front_end
from tests.integration.audit_trail import Trail, arrive, everybody, handle, identity
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
AUDITOR = str(UUID(int=1))


@pytest.fixture
def url(postgres: PostgresForTests) -> Any:
    return postgres.fresh_database()


@pytest.fixture
def trail(url: Any, tmp_path: Path) -> Iterator[Trail]:
    with closing(Trail(url, open_store(f"file://{tmp_path}"))) as made:
        who = everybody(made)
        arrive(made, "province", "government", "directive", "1/CT-TTg", made.text(subject="Việc"))
        handle(made, "province", "directive", who)
        made.read()
        yield made


@pytest.fixture
def auditor(trail: Trail) -> Auditor:
    return front_end(trail)


def consulted(trail: Trail) -> list[TrailConsulted]:
    """Every consultation in the store, oldest first."""
    with trail.audit.unit() as unit:
        found = unit.store.read_category("consultation", START)
    return [decode(TrailConsulted, event.payload) for event in found]


def test_a_look_is_an_event_with_what_was_asked_and_how_much_was_shown(
    trail: Trail, auditor: Auditor
) -> None:
    lines = auditor.get(TRACE, at="2030-01-01")["lines"]
    auditor.get("/v1/steps", person=identity("Lê Minh Đức"), agency="H42", status="04")
    first, second = consulted(trail)
    assert (first.question, first.door, first.lines) == ("trace", "http", len(lines))
    assert str(first.trace_id) == identity("trace")
    assert first.as_of is not None
    assert first.as_of.isoformat() == "2030-01-01T17:00:00+00:00"
    assert (str(second.person_id), second.agency) == (identity("Lê Minh Đức"), "H42")
    assert (second.question, second.status_code, second.lines) == ("steps", "04", 1)


def test_a_look_leaves_nothing_in_what_is_looked_at(trail: Trail, auditor: Auditor) -> None:
    before = auditor.get(TRACE)["lines"]
    trail.read()
    assert auditor.get(TRACE)["lines"] == before
    assert len(auditor.get("/v1/traces")["traces"]) == 1


def test_nothing_is_shown_when_it_cannot_be_written_down(
    trail: Trail, auditor: Auditor, url: Any
) -> None:
    engine = create_engine(url("migrator"))
    with engine.begin() as owner:
        owner.execute(text("DELETE FROM es.grantee WHERE category = 'consultation'"))
    engine.dispose()
    for path in (TRACE, "/v1/traces", "/v1/steps", "/v1/consultations"):
        answer = auditor.ask(path)
        assert answer.status_code == 500, path
        assert "lines" not in answer.json
    assert consulted(trail) == []


def test_what_was_refused_was_not_shown(trail: Trail, auditor: Auditor) -> None:
    assert auditor.ask(f"/v1/traces/{UUID(int=9)}").status_code == 404
    assert auditor.ask(TRACE, role="leader").status_code == 403
    assert auditor.ask("/v1/steps", status="x").status_code == 400
    assert consulted(trail) == []


def test_who_looked_is_listed_newest_first_and_paged(trail: Trail, auditor: Auditor) -> None:
    for status in ("01", "02", "03"):
        auditor.get("/v1/steps", status=status)
    trail.read()
    page = auditor.get("/v1/consultations", limit="2")
    rest = auditor.get("/v1/consultations", limit="2", cursor=page["next"])
    found = page["consultations"] + rest["consultations"]
    assert [each["asked"] for each in found] == [{"status_code": c} for c in ("03", "02", "01")]
    assert {each["handler_id"] for each in found} == {f"person:{AUDITOR}"}
    trail.read()
    assert auditor.get("/v1/consultations")["consultations"][0]["question"] == "consultations"
    assert auditor.get("/v1/consultations", day="2020-01-01")["consultations"] == []
    nobody = auditor.get("/v1/consultations", person=str(UUID(int=9)))
    assert nobody["consultations"] == []


def test_who_read_a_file_of_the_archive_is_listed_too(trail: Trail, auditor: Auditor) -> None:
    trail.append(
        "EvidenceConsulted",
        "look",
        trace="look",
        handler=f"person:{AUDITOR}",
        consultation_id=identity("look"),
        document_id=identity("directive"),
        evidence="e" * 64,
    )
    trail.read()
    (found,) = auditor.ask("/v1/consultations", role="admin").json["consultations"]
    assert (found["question"], found["door"], found["lines"]) == ("archive", "http", 1)
    assert found["asked"] == {"document_id": identity("directive")}
    assert found["handler_id"] == f"person:{AUDITOR}"


def test_auditors_oversee_their_own_agency_and_the_managing_body_all(
    trail: Trail, auditor: Auditor
) -> None:
    trail.append(
        "TrailConsulted",
        "elsewhere",
        agency="commune",
        handler="person:somebody",
        consultation_id=identity("elsewhere"),
        question="traces",
        door="http",
        lines=3,
    )
    trail.read()
    own = auditor.get("/v1/consultations")["consultations"]
    every = auditor.ask("/v1/consultations", role="admin").json["consultations"]
    assert own == []
    assert [each["agency_id"] for each in every] == [identity("commune")]
    assert auditor.ask("/v1/consultations", role="leader").status_code == 403


def test_a_person_s_lines_are_what_they_did_and_what_they_were_given(auditor: Auditor) -> None:
    officer = identity("Lê Minh Đức")
    given_too = auditor.get("/v1/steps", person=officer)["lines"]
    done = auditor.get("/v1/steps", handler=officer)["lines"]
    assert given_too[0]["event_type"] == "TaskAssigned"
    assert given_too[1:] == done


def test_a_day_is_one_of_viet_nam_s(trail: Trail, auditor: Auditor) -> None:
    by_day = auditor.get("/v1/steps", day="2026-11-22", trace=identity("trace"))
    by_hour = auditor.get(
        "/v1/steps", **{"from": "2026-11-21T17:00:00Z", "to": "2026-11-22T17:00:00Z"}
    )
    assert by_day["lines"] == by_hour["lines"] != []
    first, second = consulted(trail)
    assert (first.since, first.until) == (second.since, second.until)
    assert auditor.get("/v1/steps", trace=str(UUID(int=9)))["lines"] == []


@pytest.mark.parametrize(
    "args", [{"day": "2026-11-22", "from": "2026-11-22"}, {"day": "2026-13-01"}, {"day": "today"}]
)
def test_a_day_that_cannot_be_meant_is_refused(auditor: Auditor, args: dict[str, str]) -> None:
    assert auditor.ask("/v1/steps", **args).status_code == 400
