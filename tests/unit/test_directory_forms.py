"""The forms say what was asked, for whom, and why; a minute book entry who gave what to whom."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.directory.domain.lifecycle import ACTS, HOLDERS, RETURNED_FOR, REVOKED_FOR
from services.directory.forms import AUTHORITY, Named, Subject, minutes, request_form
from services.documents.layout import OfficialDocument, render

SUBJECT = Subject("Sở Khoa học và Công nghệ", "Vũ Thị Mai", "Giám đốc", "Lãnh đạo")
CERTIFICATE = Named("0417AB", date(2026, 3, 2), date(2029, 3, 1))
DETAILS = {
    "identity_number": "036085001234",
    "identity_issued_on": "2021-05-04",
    "identity_issued_by": "Cục Cảnh sát QLHC về TTXH",
    "email": "mai@example.vn",
    "telephone": "0226 385 1234",
    "software": "Hệ thống quản lý văn bản",
    "changes": "chức vụ mới",
    "note": "cần gấp",
}


def request(act: str, kind: str = "leader", **more: Any) -> dict[str, Any]:
    return {
        "act": act,
        "kind": kind,
        "device": "",
        "reason_code": "",
        "owner_id": UUID(int=1),
    } | more


def text(form: dict[str, Any]) -> str:
    return "\n".join(form["paragraphs"])


@pytest.mark.parametrize(("kind", "number"), [("leader", "01"), ("seal", "02"), ("service", "03")])
def test_a_new_certificate_is_asked_for_by_the_decrees_form(kind: str, number: str) -> None:
    form = request_form(request("issue", kind), DETAILS, SUBJECT, None)
    assert form["form"] == f"Mẫu số {number}, Nghị định 68/2024/NĐ-CP"
    assert form["addressees"] == [AUTHORITY]


def test_a_persons_form_has_the_persons_facts() -> None:
    said = text(request_form(request("issue"), DETAILS, SUBJECT, None))
    for fact in ("Vũ Thị Mai", "Giám đốc", "036085001234", "04/05/2021", "mai@example.vn"):
        assert fact in said


def test_a_form_about_a_certificate_names_it_and_a_revocation_its_reason() -> None:
    asked = request("revoke", reason_code="key_compromised")
    said = text(request_form(asked, {}, SUBJECT, CERTIFICATE))
    assert "0417AB" in said
    assert "lộ" in said
    assert "036085001234" not in said


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", HOLDERS)
def test_every_form_can_be_laid_out_as_an_official_document(act: str, kind: str) -> None:
    asked = request(act, kind, device="VGCA-1", reason_code=REVOKED_FOR[0])
    assert laid_out(request_form(asked, DETAILS, SUBJECT, CERTIFICATE)).startswith(b"%PDF-")


def laid_out(form: dict[str, Any]) -> bytes:
    page = OfficialDocument(
        agency=SUBJECT.agency,
        place="Ninh Bình",
        year=2026,
        type_code=form["type_code"],
        type_name="Biên bản" if form["type_code"] == "BB" else "",
        notation="SKHCN-VP",
        subject=form["subject"],
        paragraphs=form["paragraphs"],
        addressees=form["addressees"],
        position="GIÁM ĐỐC",
        signer_name="Vũ Thị Mai",
    )
    return render(page).pdf


def device(state: str, **more: Any) -> dict[str, Any]:
    return {
        "device": "VGCA-0417733",
        "permission": "16/QĐ-SKHCN",
        "handed_on": date(2026, 3, 9),
        "state": state,
    } | more


def test_the_minutes_name_device_certificate_receiver_permission_and_day() -> None:
    said = text(minutes(device("in_hand"), SUBJECT, "Bùi Thị Lụa", [CERTIFICATE]))
    for fact in ("VGCA-0417733", "0417AB", "Bên nhận: Bùi Thị Lụa", "16/QĐ-SKHCN", "09/03/2026"):
        assert fact in said


@pytest.mark.parametrize("reason", RETURNED_FOR)
def test_the_minutes_of_a_return_turn_giver_and_taker_and_say_why(reason: str) -> None:
    back = device("returned", ended_on=date(2027, 1, 4), reason_code=reason)
    form = minutes(back, SUBJECT, "Bùi Thị Lụa", [CERTIFICATE])
    said = text(form)
    assert "Bên giao: Bùi Thị Lụa" in said
    assert "04/01/2027" in said
    assert "Lý do thu hồi" in said
    assert laid_out(form).startswith(b"%PDF-")
