"""A recall and an update walk through the running platform: asked, answered, seen by both sides."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.system import log_in_person
from tools.demo.cast import DEPARTMENT, PROVINCE, person
from tools.demo.client import DemoFailed, wait_for
from tools.demo.office import LogIn, Office
from tools.platform import Platform

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.rabbitmq,
    pytest.mark.usefixtures("unharmed"),
]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def log_in(platform: Platform) -> LogIn:
    return log_in_person(platform.installation)


@pytest.fixture(scope="module")
def province(log_in: LogIn) -> Office:
    return Office(PROVINCE, log_in)


@pytest.fixture(scope="module")
def department(log_in: LogIn) -> Office:
    return Office(DEPARTMENT, log_in)


def reaches(office: Office, path: str, found: Callable[[Row], bool]) -> Row:
    """What the agency's clerk sees there, once it is as it should be."""
    clerk = office.client("vanthu")

    def look() -> Row | None:
        row = clerk.find(path)
        return row if row and found(row) else None

    return wait_for(path, look)


def issue(office: Office, subject: str, **links: str) -> str:
    """A directive to the department, from draft to issue and delivery; its id."""
    signer = person(PROVINCE.key, "lanhdao")
    body = {
        "type_code": "CT",
        "subject": subject,
        "paragraphs": ["Yêu cầu thực hiện."],
        "recipients": [str(DEPARTMENT.agency_id)],
        "signer_id": str(signer.person_id),
        "signer_position_id": str(signer.position_id),
        **links,
    }
    officer, clerk = office.client("chuyenvien"), office.client("vanthu")
    document_id = str(officer.post("/v1/documents", body, step=subject)["document_id"])
    document = f"/v1/documents/{document_id}"
    office.client("truongphong").post(f"{document}/review")
    office.client("lanhdao").post(f"{document}/approve")
    reaches(office, document, lambda row: row["state"] == "signed")
    clerk.post(f"{document}/issue")
    seen(office, document_id, lambda delivery: delivery["transport"] == "sent")
    return document_id


def accepted(province: Office, department: Office, document_id: str) -> str:
    """The document at the department, accepted there; its id."""
    sent = province.sent(document_id)
    assert sent is not None
    incoming = str(department.arrived(sent["foreign_id"])["document_id"])
    department.client("vanthu").post(f"/v1/documents/{incoming}/accept")
    return incoming


def seen(office: Office, document_id: str, found: Callable[[Row], bool]) -> Row:
    """The one delivery, once its sender sees it as it should be."""

    def as_it_should_be(row: Row) -> bool:
        return bool(row["deliveries"]) and found(row["deliveries"][0])

    (delivery,) = reaches(office, f"/v1/dispatches/{document_id}", as_it_should_be)["deliveries"]
    assert isinstance(delivery, dict)
    return delivery


def answered(code: str) -> Callable[[Row], bool]:
    return lambda delivery: code in [step["code"] for step in delivery["steps"]]


def test_a_recall_is_refused_then_agreed_and_both_sides_see_the_same(
    province: Office, department: Office
) -> None:
    document_id = issue(province, "Về việc lấy lại văn bản")
    incoming = accepted(province, department, document_id)
    sender, clerk = province.client("vanthu"), department.client("vanthu")
    recall, here = f"/v1/dispatches/{document_id}/recall", f"/v1/documents/{incoming}"
    asked = "Sai số liệu"
    sender.post(recall, {"note": asked}, step="first")
    reaches(department, here, lambda row: row["recall_note"] == asked)
    clerk.post(f"{here}/refuse-recall", {"note": "Đang xử lý"})
    refused = seen(province, document_id, answered("16"))
    assert (refused["steps"][-1]["note"], refused["request"]) == ("Đang xử lý", None)
    sender.post(recall, {"note": asked}, step="second")
    reaches(department, here, lambda row: row["recall_note"] == asked)
    clerk.post(f"{here}/agree-recall")
    agreed = seen(province, document_id, answered("15"))
    assert (agreed["processing"]["code"], agreed["outcome"]["kind"]) == ("15", "recalled")
    assert agreed["steps"][-1]["handler"] == person(DEPARTMENT.key, "vanthu").full_name
    reaches(department, here, lambda row: row["state"] == "withdrawn")
    leader = department.client("lanhdao")

    def process() -> Row | None:
        (row,) = leader.get("/v1/processes", document_id=incoming)["processes"]
        return row if row["state"] == "cancelled" else None

    wait_for("the process to be cancelled", process)
    with pytest.raises(DemoFailed, match="document_withdrawn"):
        clerk.file(f"{here}/file")


def test_an_accepted_update_takes_the_place_of_the_old_document_on_both_sides(
    province: Office, department: Office
) -> None:
    old = issue(province, "Về việc cập nhật văn bản")
    old_here = accepted(province, department, old)
    new = issue(province, "Về việc cập nhật văn bản (bản mới)", updates=old)
    new_here = accepted(province, department, new)
    updated = seen(province, old, answered("15"))
    assert updated["outcome"] == {"kind": "updated", "by": new}
    frozen = reaches(
        department, f"/v1/documents/{old_here}", lambda row: row["state"] == "replaced"
    )
    assert frozen["replaced_by"] == new_here
    kept = department.client("vanthu").get(f"/v1/documents/{new_here}")
    assert kept["took_the_place_of"] == [old_here]
