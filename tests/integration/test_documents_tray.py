"""A day's tray over HTTP: one confirmation, each document on its own, urgent ones first."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.support.documents_office import Office, code_of, open_office
from tests.support.documents_world import DEPARTMENT, answer_signing
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture
def office(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with open_office(postgres, tmp_path_factory.mktemp("office")) as made:
        yield made


def reviewed(office: Office, **changes: Any) -> str:
    """A document that waits for the leader."""
    address = office.draft(**changes)
    assert office.call("POST", f"{address}/review", "head").status_code == 200
    office.world.catch_up()
    return address.rpartition("/")[2]


def confirm(office: Office, **body: Any) -> Any:
    answer = office.call("POST", "/v1/trays", "leader", body=body)
    assert answer.status_code == 202, answer.json
    assert answer.json is not None
    return answer.json


def shown(office: Office, tray_id: str) -> Any:
    answer = office.call("GET", f"/v1/trays/{tray_id}", "leader")
    assert answer.status_code == 200, answer.json
    return answer.json


def waiting(office: Office) -> Any:
    return office.call("GET", "/v1/trays/waiting", "leader").json


def answer(office: Office, document: str, name: str = "SigningFinished", **fields: str) -> None:
    asked = office.world.last(UUID(document), "SignatureRequested")
    more = fields or {"file": office.world.blobs.put_bytes(uuid4().bytes).digest}
    answer_signing(office.world, asked, name, **more)


def test_what_waits_for_the_leader_is_signed_by_one_confirmation_urgent_first(
    office: Office,
) -> None:
    slow, fast, slower = (reviewed(office, urgency=urgency) for urgency in (0, 3, 0))
    office.draft()  # not reviewed: it does not wait
    seen = waiting(office)
    assert [row["document_id"] for row in seen["documents"]] == [fast, slow, slower]

    tray = confirm(office, digest=seen["digest"])
    assert tray["total"] == 3
    with office.world.database.unit() as unit:
        jobs = unit.connection.execute(
            text(
                "SELECT arguments ->> 'document_id', urgent FROM documents.job"
                " WHERE kind = 'approve' ORDER BY urgent DESC, created"
            )
        ).all()
    assert [tuple(job) for job in jobs] == [(fast, True), (slow, False), (slower, False)]

    office.world.catch_up()
    half = shown(office, tray["tray_id"])
    assert [(row["document_id"], row["state"]) for row in half["documents"]] == [
        (fast, "signing"),
        (slow, "signing"),
        (slower, "signing"),
    ]
    for document in (slow, fast, slower):
        answer(office, document)
    done = shown(office, tray["tray_id"])
    assert (done["total"], done["signed"], done["failed"], done["done"]) == (3, 3, 0, True)
    assert waiting(office)["documents"] == []


def test_what_cannot_be_signed_stops_no_other_and_says_why(office: Office) -> None:
    good, refused = reviewed(office), reviewed(office)
    draft = office.draft().rpartition("/")[2]
    nowhere = str(uuid4())
    tray = confirm(office, documents=[draft, nowhere, good, refused])
    office.world.catch_up()
    answer(office, good)
    answer(office, refused, "SigningRefused", reason_code="token_pin_refused")
    lines = {row["document_id"]: row for row in shown(office, tray["tray_id"])["documents"]}
    assert {name: (row["state"], row["reason_code"]) for name, row in lines.items()} == {
        draft: ("failed", "document_state_wrong"),
        nowhere: ("failed", "not_found"),
        good: ("signed", None),
        refused: ("failed", "token_pin_refused"),
    }
    assert lines[refused]["reason_vi"].startswith("Mã PIN")
    assert shown(office, tray["tray_id"])["done"] is True
    # What was refused waits again, and may be signed in the next tray.
    assert [row["document_id"] for row in waiting(office)["documents"]] == [refused]
    again = confirm(office, documents=[refused])
    office.world.catch_up()
    answer(office, refused)
    assert shown(office, again["tray_id"])["signed"] == 1
    assert shown(office, tray["tray_id"])["failed"] == 3


def test_a_leader_confirms_what_he_saw_and_nothing_that_came_after(office: Office) -> None:
    reviewed(office)
    seen = waiting(office)["digest"]
    reviewed(office)
    late = office.call("POST", "/v1/trays", "leader", body={"digest": seen})
    assert code_of(late) == (409, "tray_changed")
    assert confirm(office, digest=waiting(office)["digest"])["total"] == 2


def test_another_leaders_documents_are_not_signed(office: Office) -> None:
    document = reviewed(office)
    stranger = uuid4()
    answer_ = office.call(
        "POST", "/v1/trays", "leader", person=stranger, body={"documents": [document]}
    )
    assert answer_.status_code == 202
    assert answer_.json is not None
    office.world.catch_up()
    (line,) = shown(office, answer_.json["tray_id"])["documents"]
    assert (line["state"], line["reason_code"]) == ("failed", "not_the_signer")
    assert office.world.names(UUID(document))[-1] == "DraftReviewed"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"documents": []},
        {"documents": ["x"]},
        {"documents": [str(uuid4())] * 501},
        {"digest": "1"},
        {"documents": [str(uuid4())], "digest": "0" * 64},
        {"documents": None, "digest": None},
    ],
)
def test_a_confirmation_of_nothing_in_particular_is_refused(office: Office, body: Any) -> None:
    assert office.call("POST", "/v1/trays", "leader", body=body).status_code == 422


def test_only_leaders_confirm_and_only_their_agency_looks(office: Office) -> None:
    document = reviewed(office)
    body = {"documents": [document]}
    clerk = office.call("POST", "/v1/trays", "clerk", body=body)
    assert code_of(clerk) == (403, "action_not_allowed")
    tray = confirm(office, **body)["tray_id"]
    office.world.catch_up()
    other = office.call("GET", f"/v1/trays/{tray}", "leader", agency=DEPARTMENT)
    assert code_of(other) == (404, "not_found")
    assert code_of(office.call("GET", f"/v1/trays/{uuid4()}", "leader")) == (404, "not_found")


def test_the_same_confirmation_twice_is_one_tray(office: Office) -> None:
    body = {"documents": [reviewed(office)]}
    first, second = (
        office.call("POST", "/v1/trays", "leader", body=body, Idempotency_Key="tray")
        for _ in range(2)
    )
    assert first.json == second.json
    office.world.catch_up()
    assert first.json is not None
    (line,) = shown(office, first.json["tray_id"])["documents"]
    assert line["state"] == "signing"
