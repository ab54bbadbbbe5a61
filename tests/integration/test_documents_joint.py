"""Joint documents and copies over HTTP: each agency sees, signs and seals in its turn."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.documents_office import Office, code_of, open_office
from tests.support.documents_world import (
    DEPARTMENT,
    DEPARTMENT_POST,
    LEADER,
    OFFICE,
    POST,
    PROVINCE,
    answer_signing,
    arrived,
    verify,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres

DEPUTY, DEPUTY_POST = uuid4(), uuid4()
COSIGNER = {
    "agency_id": str(DEPARTMENT),
    "person_id": str(DEPUTY),
    "position_id": str(DEPUTY_POST),
}


@pytest.fixture
def office(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with open_office(postgres, tmp_path_factory.mktemp("office")) as made:
        world, person = made.world, f"person-{DEPUTY}"
        card = world.blobs.put_bytes(b'{"full_name":"Tran Van Pho"}').digest
        world.tell("directory", person, "PersonRegistered", person_id=str(DEPUTY), card=card)
        world.tell(
            "directory",
            person,
            "PositionAssigned",
            position_id=str(DEPUTY_POST),
            person_id=str(DEPUTY),
            agency_id=str(DEPARTMENT),
            unit="Lãnh đạo",
            title="Phó Giám đốc",
            authority="KT. GIÁM ĐỐC",
            roles=["leader"],
            valid_from="2026-01-01",
        )
        world.catch_up()
        yield made


def call(office: Office, path: str, role: str, agency: UUID = PROVINCE, **more: Any) -> Any:
    person = DEPUTY if agency == DEPARTMENT else LEADER
    post = DEPUTY_POST if agency == DEPARTMENT else POST
    answer = office.call("POST", path, role, agency=agency, person=person, position=post, **more)
    office.world.catch_up()
    return answer


def signed(office: Office, document: str, kind: str = "SignatureRequested") -> Any:
    """What was asked for is done: a file that grows."""
    asked = office.world.last(UUID(document), kind)
    before = office.world.blobs.read(asked.file) if asked.file else b""
    file = office.world.blobs.put_bytes(before + b"+").digest
    answer_signing(office.world, asked, "SigningFinished", file=file, attachments=[])
    return asked


def state(office: Office, address: str, agency: UUID = PROVINCE) -> Any:
    answer = office.call("GET", address, "clerk", agency=agency)
    return answer.json["state"] if answer.status_code == 200 else answer.status_code  # type: ignore[index]


def joint(office: Office) -> tuple[str, str]:
    """A joint document at whose first signature is; its address and id."""
    address = office.draft(type_code="KH", cosigners=[COSIGNER], recipients=[str(OFFICE)])
    document = address.rpartition("/")[2]
    assert call(office, f"{address}/review", "head").status_code == 200
    assert call(office, f"{address}/approve", "leader").status_code == 200
    signed(office, document)
    return address, document


def test_two_agencies_sign_and_seal_one_document(office: Office) -> None:
    address, document = joint(office)
    assert state(office, address) == state(office, address, DEPARTMENT) == "cosigning"
    shown = office.call("GET", address, "clerk").json
    assert shown is not None
    assert [signer["signed"] for signer in shown["signers"]] == [True, False]

    assert call(office, f"{address}/approve", "leader", DEPARTMENT).status_code == 200
    asked = signed(office, document)
    assert (asked.agency_id, asked.field) == (str(DEPARTMENT), "leader-2")
    assert state(office, address) == "signed"

    answer = call(office, f"{address}/issue", "clerk")
    assert answer.json["code"].endswith("/KH-UBND-STC")
    signed(office, document, "SealRequested")
    assert state(office, address) == "cosealing"
    own = call(office, f"{address}/seal", "clerk")
    assert code_of(own) == (403, "not_the_seals_turn")
    assert call(office, f"{address}/seal", "clerk", DEPARTMENT).status_code == 200
    asked = signed(office, document, "SealRequested")
    assert (asked.agency_id, asked.field, asked.number_text) == (str(DEPARTMENT), "seal-2", "")
    assert state(office, address, DEPARTMENT) == "issued"
    listed = office.call("GET", "/v1/documents", "clerk", agency=DEPARTMENT).json
    assert listed is not None
    assert [row["document_id"] for row in listed["documents"]] == [document]


def test_an_agency_that_takes_no_part_sees_nothing(office: Office) -> None:
    address, _ = joint(office)
    assert state(office, address, OFFICE) == 404
    for step, role in (("approve", "leader"), ("seal", "clerk"), ("issue", "clerk")):
        refused = call(office, f"{address}/{step}", role, OFFICE)
        assert code_of(refused) == (404, "not_found")
    # The number and the end of a joint document are its own agency's to order.
    for step, body in (("issue", None), ("void", {"note": "x"})):
        refused = call(office, f"{address}/{step}", "clerk", DEPARTMENT, body=body)
        assert code_of(refused) == (404, "not_found")


def test_a_cosigner_may_return_it_and_then_all_sign_again(office: Office) -> None:
    address, document = joint(office)
    note = {"note": "Chưa thống nhất nội dung"}
    returned = call(office, f"{address}/return", "leader", DEPARTMENT, body=note)
    assert returned.status_code == 200
    shown = office.call("GET", address, "clerk").json
    assert shown is not None
    assert (shown["state"], shown["note"]) == ("drafted", note["note"])
    assert [signer["signed"] for signer in shown["signers"]] == [False, False]
    call(office, f"{address}/review", "head")
    early = call(office, f"{address}/approve", "leader", DEPARTMENT)
    assert code_of(early) == (403, "not_the_signer")
    assert call(office, f"{address}/approve", "leader").status_code == 200
    assert office.world.last(UUID(document), "SignatureRequested").field == "leader"


def test_a_cosigner_finds_it_in_his_tray(office: Office) -> None:
    _, document = joint(office)
    who: Any = {"agency": DEPARTMENT, "person": DEPUTY, "position": DEPUTY_POST}
    waiting = office.call("GET", "/v1/trays/waiting", "leader", **who).json
    assert waiting is not None
    assert [row["document_id"] for row in waiting["documents"]] == [document]
    made = call(office, "/v1/trays", "leader", DEPARTMENT, body={"digest": waiting["digest"]})
    assert made.status_code == 202
    signed(office, document)
    tray = office.call("GET", f"/v1/trays/{made.json['tray_id']}", "leader", **who).json
    assert tray is not None
    assert (tray["signed"], tray["done"]) == (1, True)


@pytest.mark.parametrize(
    "cosigners",
    [
        [{**COSIGNER, "agency_id": str(OFFICE)}],
        [{**COSIGNER, "person_id": str(LEADER)}],
        [{**COSIGNER, "position_id": str(uuid4())}],
        [COSIGNER, COSIGNER],
        [{"agency_id": str(PROVINCE), "person_id": str(LEADER), "position_id": str(POST)}],
    ],
)
def test_a_cosigner_holds_the_position_that_is_named_and_is_named_once(
    office: Office, cosigners: Any
) -> None:
    body = {
        "type_code": "KH",
        "subject": "x",
        "paragraphs": ["x"],
        "recipients": [str(OFFICE)],
        "signer_id": str(LEADER),
        "signer_position_id": str(POST),
        "cosigners": cosigners,
    }
    answer = office.call("POST", "/v1/documents", "officer", body=body)
    assert code_of(answer) == (422, "cosigners_invalid")


def accepted(office: Office) -> str:
    """An arrival that the province accepted; its id."""
    document_id = arrived(office.world)
    verify(office.world, document_id, "TOTAL_PASSED")
    assert call(office, f"/v1/documents/{document_id}/accept", "clerk").status_code == 200
    return str(document_id)


def copied(office: Office, source: str, form: str, **more: Any) -> Any:
    body = {
        "form": form,
        "signer_id": str(LEADER),
        "signer_position_id": str(POST),
        "recipients": [str(OFFICE)],
        **more,
    }
    return call(office, f"/v1/documents/{source}/copies", "clerk", body=body)


def issued(office: Office, document: str) -> Any:
    """Walk a copy to its end; the event of its issue."""
    address = f"/v1/documents/{document}"
    for step, role in (("review", "head"), ("approve", "leader")):
        assert call(office, f"{address}/{step}", role).status_code == 200
    signed(office, document)
    assert call(office, f"{address}/issue", "clerk").status_code == 200
    signed(office, document, "SealRequested")
    return office.world.last(UUID(document), "DocumentIssued")


def test_a_copy_of_an_arrival_is_the_arrivals_own_file_with_more_on_it(office: Office) -> None:
    office.world.blobs.put_bytes(b"x")
    source = accepted(office)
    made = copied(office, source, "SY")
    assert made.status_code == 201, made.json
    document = made.json["document_id"]
    asked_file = office.world.last(UUID(source), "DocumentArrived").files[1].digest
    drafted = office.world.last(UUID(document), "DocumentDrafted")
    assert (drafted.copy_file, drafted.copy_of) == (asked_file, source)
    shown = office.call("GET", f"/v1/documents/{document}", "clerk").json
    assert shown is not None
    assert shown["subject"] == "Sao y Công văn 7/STC-NS: Xin ý kiến"
    assert (shown["type_name"], shown["copy_of"]) == ("Sao y", source)


def test_copies_are_numbered_in_a_series_of_their_own(office: Office) -> None:
    ordinary = office.draft()
    document = ordinary.rpartition("/")[2]
    first = issued(office, document)
    copy = copied(office, document, "SY").json["document_id"]
    told = issued(office, copy)
    assert (told.number, told.notation, told.copy_of) == (1, "SY-UBND", document)
    assert first.number == 1
    assert told.pages == first.pages
    again = copied(office, copy, "SL").json["document_id"]
    assert issued(office, again).number == 2
    year = str(first.issued_on)[:4]
    for series, lines in (("copies", 2), ("outgoing", 1)):
        book = office.call("GET", f"/v1/registers?year={year}&series={series}", "clerk").json
        assert book is not None
        assert len(book["entries"]) == lines


def test_an_extract_is_laid_out_with_what_was_taken_out(office: Office) -> None:
    document = office.draft().rpartition("/")[2]
    issued(office, document)
    made = copied(office, document, "TrS", paragraphs=["Điều 1. Phạm vi."])
    extract = made.json["document_id"]
    told = issued(office, extract)
    assert (told.type_code, told.copy_of, told.pages) == ("TrS", document, 1)
    assert office.world.last(UUID(extract), "SignatureRequested").field == "leader"


@pytest.mark.parametrize(
    ("form", "more", "why"),
    [
        ("SY", {"paragraphs": ["x"]}, "body_invalid"),
        ("TrS", {}, "body_invalid"),
        ("XX", {}, "body_invalid"),
        ("SL", {}, "source_not_copied"),
    ],
)
def test_a_copy_in_no_form_or_of_the_wrong_source_is_refused(
    office: Office, form: str, more: Any, why: str
) -> None:
    assert code_of(copied(office, accepted(office), form, **more)) == (422, why)


def test_what_another_agency_has_is_not_copied(office: Office) -> None:
    document = office.draft().rpartition("/")[2]
    issued(office, document)
    answer = office.call(
        "POST",
        f"/v1/documents/{document}/copies",
        "clerk",
        agency=OFFICE,
        body={
            "form": "SY",
            "signer_id": str(LEADER),
            "signer_position_id": str(DEPARTMENT_POST),
            "recipients": [str(PROVINCE)],
        },
    )
    assert code_of(answer) == (404, "not_found")


def test_a_copy_cannot_be_drafted_without_a_source(office: Office) -> None:
    body = {
        "type_code": "SY",
        "subject": "x",
        "paragraphs": ["x"],
        "recipients": [str(OFFICE)],
        "signer_id": str(LEADER),
        "signer_position_id": str(POST),
    }
    answer = office.call("POST", "/v1/documents", "officer", body=body)
    assert code_of(answer) == (422, "document_type_unknown")
