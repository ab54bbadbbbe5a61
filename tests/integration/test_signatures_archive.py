"""An auditor reads a file with its evidence: the look is an event, or there is no file."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from libs.contracts import decode
from libs.eventstore import START, Recorded
from services.signatures.events import EvidenceConsulted
from services.signatures.pdf.engine import Setup
from tests.support.pki import AGENCY, LEADER
from tests.support.servers import PostgresForTests
from tests.support.signatures_office import Front, Office, front_of, open_office

pytestmark = pytest.mark.postgres
KEPT = b"%PDF-1.7 with evidence"


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with open_office(postgres, Setup(trust=None), tmp_path_factory.mktemp("blobs")) as made:
        yield made


@pytest.fixture(scope="module")
def front(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Front:
    return front_of(office, tmp_path_factory.mktemp("issuer"))


def issued(office: Office, file: str, with_evidence: bool = True) -> str:
    document = str(uuid4())
    named = f'"document_id":"{document}","agency_id":"{uuid4()}","file":"{file}"'
    office.publish("documents", f"document-{document}", "DocumentIssued", f"{{{named}}}")
    if with_evidence:
        at, kept = "2026-11-22T07:05:00.000000Z", office.blobs.put_bytes(KEPT).digest
        times = f'"stamped_at":"{at}","certificate_ends":"{at}","holds_until":"{at}"'
        payload = f'{{"file":"{file}","evidence":"{kept}","over":"{file}",{times}}}'
        office.publish("signatures", f"evidence-{file}", "EvidenceAdded", payload)
    office.follow()
    return document


def read(front: Front, document: str, role: str = "auditor") -> Any:
    return front.call("GET", f"/v1/archive/{document}", role=role)


def consulted(office: Office) -> list[Recorded]:
    with office.store["signatures"].unit() as unit:
        found = unit.store.read_category("evidence", START)
    return [event for event in found if event.type == "EvidenceConsulted"]


def test_an_auditor_who_reads_it_is_in_the_store(office: Office, front: Front) -> None:
    document, before = issued(office, "a" * 64), len(consulted(office))
    answer = read(front, document)
    assert (answer.status_code, answer.data) == (200, KEPT)
    (event,) = consulted(office)[before:]
    told = decode(EvidenceConsulted, event.payload)
    assert told.document_id == UUID(document)
    assert office.blobs.read(told.evidence) == KEPT
    assert (event.agency, event.handler) == (AGENCY, f"person:{LEADER}/{UUID(int=1)}")
    assert event.stream == f"evidence-{told.consultation_id}"
    assert event.trace == told.consultation_id  # nothing is left in the document's own


def test_what_was_not_shown_is_no_look(office: Office, front: Front) -> None:
    document, before = issued(office, "b" * 64, with_evidence=False), len(consulted(office))
    assert read(front, document).status_code == 409
    assert read(front, str(uuid4())).status_code == 404
    assert read(front, issued(office, "c" * 64), role="leader").status_code == 403
    assert len(consulted(office)) == before


def test_nothing_is_shown_when_it_cannot_be_written_down(office: Office, front: Front) -> None:
    document, before = issued(office, "d" * 64), len(consulted(office))
    engine = create_engine(office.url("migrator"))
    change = "UPDATE es.grantee SET category = :now WHERE category = :was"
    with engine.begin() as owner:
        owner.execute(text(change), {"was": "evidence", "now": "evidence2"})
    try:
        answer = read(front, document)
        assert (answer.status_code, KEPT in answer.data) == (500, False)
    finally:
        with engine.begin() as owner:
            owner.execute(text(change), {"was": "evidence2", "now": "evidence"})
        engine.dispose()
    assert len(consulted(office)) == before


def told(office: Office, kind: str, stream: str, **fields: object) -> None:
    office.publish("signatures", stream, kind, json.dumps(fields))
    office.follow()


def waiting(front: Front) -> Any:
    answer = front.call("GET", "/v1/evidence", role="admin")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)["evidence"]["waiting"]


def test_what_two_people_refused_is_neither_awaited_nor_promised(
    office: Office, front: Front
) -> None:
    file, before = "e" * 64, waiting(front)
    document = issued(office, file, with_evidence=False)
    assert waiting(front) == before + 1
    assert told_code(read(front, document)) == "evidence_pending"
    reason = {"file": file, "over": file, "reason_code": "refused_at_desk"}
    told(office, "EvidenceRefused", f"evidence-{file}", **reason)
    assert waiting(front) == before
    assert told_code(read(front, document)) == "evidence_refused"
    # A second recipient finds the file good, long after.
    validation = str(uuid4())
    verdict = {"validation_id": validation, "file": file, "verdict": "TOTAL_PASSED"}
    told(office, "FileValidated", f"validation-{validation}", **verdict)
    assert waiting(front) == before


def told_code(answer: Any) -> Any:
    assert answer.status_code == 409
    return json.loads(answer.data)["code"]
