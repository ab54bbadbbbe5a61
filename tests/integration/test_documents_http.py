"""The documents service over HTTP: real tokens, the checked-in access table, the real store."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.documents.texts import put_text
from tests.support.documents_office import DRAFT, Office, code_of, open_office
from tests.support.documents_world import (
    DEPARTMENT,
    OFFICE,
    PROVINCE,
    answer_signing,
    arrived,
    signed,
    verify,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with open_office(postgres, tmp_path_factory.mktemp("office")) as made:
        yield made


def test_a_draft_is_answered_with_its_address_and_version(office: Office) -> None:
    answer = office.call("POST", "/v1/documents", "officer", body=DRAFT)
    assert answer.status_code == 201
    assert answer.json is not None
    document_id = answer.json["document_id"]
    assert answer.json == {
        "document_id": document_id,
        "state": "drafted",
        "version": 1,
        "code": None,
        "issued_on": None,
    }
    assert (answer.headers["ETag"], "X-Read-After" in answer.headers) == ('"1"', True)
    office.world.catch_up()
    shown = office.call("GET", f"/v1/documents/{document_id}", "clerk")
    assert shown.json is not None
    assert (shown.json["subject"], shown.json["state"]) == (DRAFT["subject"], "drafted")
    assert shown.json["recipients"] == [{"agency_id": str(DEPARTMENT), "name": "Sở Tài chính"}]
    assert shown.json["text"]["paragraphs"] == DRAFT["paragraphs"]


def test_the_same_key_drafts_once(office: Office) -> None:
    first, second = (
        office.call("POST", "/v1/documents", "officer", body=DRAFT, Idempotency_Key="once")
        for _ in range(2)
    )
    assert first.json == second.json


def test_a_document_goes_all_the_way_to_issue(office: Office) -> None:
    address = office.draft()
    assert office.call("POST", f"{address}/review", "head").status_code == 200
    assert office.call("POST", f"{address}/approve", "leader").status_code == 200
    office.world.catch_up()
    document_id = UUID(address.rpartition("/")[2])
    asked = office.world.last(document_id, "SignatureRequested")
    signed_file = office.world.blobs.put_bytes(office.world.blobs.read(asked.file) + b"1").digest
    answer_signing(office.world, asked, "SigningFinished", file=signed_file)
    answer = office.call("POST", f"{address}/issue", "clerk")
    assert answer.json is not None
    assert (answer.json["state"], answer.json["code"][2:]) == ("sealing", "/CT-UBND")
    asked = office.world.last(document_id, "SealRequested")
    sealed = office.world.blobs.read(signed_file) + b"2"
    answer_signing(
        office.world, asked, "SigningFinished", file=office.world.blobs.put_bytes(sealed).digest
    )
    file = office.call("GET", f"{address}/file", "officer")
    digest = office.world.last(document_id, "DocumentIssued").file
    assert (file.data, file.headers["ETag"]) == (sealed, f'"{digest}"')
    assert file.headers["Content-Type"] == "application/pdf"


@pytest.mark.parametrize("own_device", [True, False])
def test_a_leader_may_sign_with_his_own_device(office: Office, own_device: bool) -> None:
    address = office.draft()
    office.call("POST", f"{address}/review", "head")
    body = {"own_device": own_device}
    assert office.call("POST", f"{address}/approve", "leader", body=body).status_code == 200
    office.world.catch_up()
    asked = office.world.last(UUID(address.rpartition("/")[2]), "SignatureRequested")
    assert asked.own_device is own_device


def test_a_version_that_is_no_longer_the_newest_is_refused(office: Office) -> None:
    address = office.draft()
    office.call("POST", f"{address}/review", "head")
    answer = office.call("POST", f"{address}/return", "head", body={"note": "x"}, If_Match='"1"')
    assert code_of(answer) == (412, "stale_version")
    fresh = office.call("POST", f"{address}/return", "head", body={"note": "x"}, If_Match='"2"')
    assert fresh.status_code == 200


def test_a_returned_draft_shows_why_and_takes_a_new_text(office: Office) -> None:
    address = office.draft()
    office.call("POST", f"{address}/return", "head", body={"note": "Thiếu căn cứ"})
    office.world.catch_up()
    shown = office.call("GET", address, "officer").json
    assert shown is not None
    assert shown["note"] == "Thiếu căn cứ"
    text = {"subject": "Về việc mới", "paragraphs": ["Hai."]}
    assert office.call("PUT", f"{address}/text", "officer", body=text).status_code == 200
    office.world.catch_up()
    listed = office.call("GET", "/v1/documents?limit=1", "officer").json
    assert listed is not None
    assert listed["documents"][0]["subject"] == "Về việc mới"


@pytest.mark.parametrize(
    ("method", "step"),
    [
        ("GET", ""),
        ("GET", "/file"),
        ("GET", "/report"),
        ("POST", "/review"),
        ("POST", "/approve"),
        ("POST", "/issue"),
        ("POST", "/accept"),
    ],
)
def test_another_agencys_document_is_not_found(office: Office, method: str, step: str) -> None:
    address = office.draft()
    roles = ("clerk", "leader", "head")
    answer = office.call(method, f"{address}{step}", *roles, agency=OFFICE)
    assert code_of(answer) == (404, "not_found")


def test_a_role_that_does_not_carry_the_action_is_refused(office: Office) -> None:
    address = office.draft()
    answer = office.call("POST", f"{address}/approve", "clerk", "head", "officer")
    assert code_of(answer) == (403, "action_not_allowed")


def test_another_leader_does_not_approve(office: Office) -> None:
    address = office.draft()
    office.call("POST", f"{address}/review", "head")
    answer = office.call("POST", f"{address}/approve", "leader", person=uuid4())
    assert code_of(answer) == (403, "not_the_signer")


def test_nobody_drafts_to_an_agency_that_ended_and_its_successor_is_named(office: Office) -> None:
    gone, heir = uuid4(), DEPARTMENT
    stream, code = f"agency-{gone}", {"code": "H40.77", "scheme": "qd20"}
    office.world.tell(
        "directory", stream, "AgencyRegistered", agency_id=str(gone), tier=4, name="Xã cũ",
        place="Huế", channel="inside", codes=[{**code, "valid_from": "2020-01-01"}],
        short_sign="UBND", refuse_invalid=False,
    )  # fmt: skip
    closed = {"agency_id": str(gone), "closed_on": "2025-06-30", "successor_id": str(heir)}
    office.world.tell("directory", stream, "AgencyClosed", **closed)
    office.world.catch_up()
    body = {**DRAFT, "recipients": [str(gone), str(DEPARTMENT)]}
    answer = office.call("POST", "/v1/documents", "officer", body=body)
    assert code_of(answer) == (422, "recipients_closed")
    assert answer.json is not None
    assert answer.json["recipients"] == [{**closed, "successor": "Sở Tài chính"}]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "  "}, "body_invalid"),
        ({"paragraphs": []}, "body_invalid"),
        ({"paragraphs": ["a" * 100_001] * 2}, "body_invalid"),
        ({"urgency": 4}, "body_invalid"),
        ({"recipients": []}, "body_invalid"),
        ({"colour": "red"}, "body_invalid"),
        ({"type_code": "XX"}, "document_type_unknown"),
        ({"type_code": "CV"}, "notation_invalid"),
        ({"signer_id": str(uuid4())}, "signer_unknown"),
        ({"recipients": [str(PROVINCE)]}, "recipients_unknown"),
        ({"answers": str(uuid4())}, "source_not_accepted"),
    ],
)
def test_an_unfit_draft_is_refused(office: Office, changes: dict[str, Any], code: str) -> None:
    answer = office.call("POST", "/v1/documents", "officer", body={**DRAFT, **changes})
    assert code_of(answer) == (422, code)


def test_a_letter_has_the_drafting_unit_in_its_sign(office: Office) -> None:
    address = office.draft(type_code="CV", unit_sign="VX")
    document_id = UUID(address.rpartition("/")[2])
    assert office.world.last(document_id, "DocumentDrafted").notation == "UBND-VX"


def test_an_arrival_is_accepted_once_its_report_is_there(office: Office) -> None:
    document_id = arrived(office.world)
    address = f"/v1/documents/{document_id}"
    early = office.call("POST", f"{address}/accept", "clerk")
    assert code_of(early) == (409, "verdict_pending")
    assert code_of(office.call("GET", f"{address}/report", "clerk")) == (404, "report_missing")
    report = put_text(office.world.blobs, {"verdict": "TOTAL_PASSED"})
    verify(office.world, document_id, "TOTAL_PASSED", report)
    assert office.call("GET", f"{address}/report", "clerk").json == {"verdict": "TOTAL_PASSED"}
    answer = office.call("POST", f"{address}/accept", "clerk").json
    assert answer is not None
    office.world.catch_up()
    shown = office.call("GET", address, "clerk").json
    assert shown is not None
    assert (shown["state"], shown["subject"], shown["sender_name"]) == (
        "accepted",
        "Xin ý kiến",
        "Sở Tài chính",
    )
    year = shown["accepted_on"][:4]
    book = office.call("GET", f"/v1/registers?year={year}&series=incoming", "clerk").json
    assert book is not None
    assert book["entries"][-1] == {
        "document_id": str(document_id),
        "number": answer["arrival_number"],
        "arrival_number": answer["arrival_number"],
        "arrived_on": shown["accepted_on"],
        "author": "Sở Tài chính",
        "code": "7/STC-NS",
        "issued_on": "2026-11-20",
        "type_name": "Công văn",
        "subject": "Xin ý kiến",
        "handled_by": None,
        "transferred_on": None,
        "received_by": None,
        "note": None,
    }


def test_a_refusal_needs_one_of_the_known_reasons(office: Office) -> None:
    address = f"/v1/documents/{arrived(office.world)}"
    body = {"reason_code": "no_mood", "note": "x"}
    assert code_of(office.call("POST", f"{address}/refuse", "clerk", body=body))[0] == 422
    body["reason_code"] = "wrong_address"
    answer = office.call("POST", f"{address}/refuse", "clerk", body=body)
    assert answer.json is not None
    assert answer.json["state"] == "refused"


def test_a_failed_check_prepares_the_refusal_that_the_clerk_confirms(office: Office) -> None:
    document_id = arrived(office.world)
    reason = {"vi": "Tệp không có chữ ký số.", "en": "No signature."}
    report = put_text(office.world.blobs, {"reasons": [reason, reason]})
    verify(office.world, document_id, "TOTAL_FAILED", report)
    office.world.catch_up()
    address = f"/v1/documents/{document_id}"
    shown = office.call("GET", address, "clerk").json or {}
    assert shown["prepared_refusal"] == {
        "reason_code": "bad_signature",
        "note": "Tệp không có chữ ký số.",
    }
    answer = office.call("POST", f"{address}/refuse", "clerk", body=shown["prepared_refusal"])
    assert (answer.json or {})["state"] == "refused"
    office.world.catch_up()
    assert (office.call("GET", address, "clerk").json or {})["prepared_refusal"] is None


def test_the_outgoing_register_names_signer_recipients_and_voided_numbers(office: Office) -> None:
    address = f"/v1/documents/{signed(office.world)}"
    code = office.call("POST", f"{address}/issue", "clerk").json["code"]  # type: ignore[index]
    office.call("POST", f"{address}/void", "clerk", body={"note": "Sai nội dung"})
    office.world.catch_up()
    issued_on = office.call("GET", address, "clerk").json["issued_on"]  # type: ignore[index]
    book = office.call("GET", f"/v1/registers?year={issued_on[:4]}&series=outgoing", "clerk").json
    assert book is not None
    entry = book["entries"][-1]
    assert (entry["code"], entry["note"]) == (code, "Hủy")
    assert (entry["signer"], entry["recipients"]) == ("Nguyễn Văn Ước", ["Sở Tài chính"])


def test_pages_follow_one_another_newest_first(office: Office) -> None:
    addresses = [office.draft() for _ in range(3)]
    seen: list[str] = []
    path = "/v1/documents?direction=outgoing&state=drafted&limit=2"
    following = ""
    for _ in range(2):
        page = office.call("GET", path + following, "clerk").json
        assert page is not None
        following = f"&cursor={page['next']}"
        seen += [f"/v1/documents/{each['document_id']}" for each in page["documents"]]
    assert seen[:3] == addresses[::-1]
    assert len(set(seen)) == len(seen) == 4
    assert code_of(office.call("GET", f"{path}&cursor=x", "clerk")) == (400, "cursor_malformed")


def test_a_file_whose_bytes_were_changed_is_not_served(office: Office) -> None:
    digest = office.world.blobs.put_bytes(b"%PDF-1.7 sent").digest
    file = {"name": "a.pdf", "content_type": "application/pdf", "digest": digest}
    address = f"/v1/documents/{arrived(office.world, files=[file])}/file"
    assert office.call("GET", address, "clerk").data == b"%PDF-1.7 sent"
    assert code_of(office.call("GET", f"{address}?index=1", "clerk")) == (404, "file_missing")
    stored = office.world.folder / digest[:2] / digest[2:4] / digest
    stored.write_bytes(b"%PDF-1.7 SENT")
    assert code_of(office.call("GET", address, "clerk")) == (500, "internal_error")
    office.world.blobs.delete(digest)
    assert code_of(office.call("GET", address, "clerk")) == (410, "file_erased")


def test_a_file_that_only_claims_to_be_a_pdf_is_served_as_bytes(office: Office) -> None:
    digest = office.world.blobs.put_bytes(b"<script>").digest
    file = {"name": "a\r\nb.pdf", "content_type": "application/pdf", "digest": digest}
    answer = office.call(
        "GET", f"/v1/documents/{arrived(office.world, files=[file])}/file", "clerk"
    )
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%0D%0Ab.pdf"
