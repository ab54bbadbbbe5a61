"""Requests to the documents service, and how a refusal is held to its promises."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.support.system import at_rest, count_events, measure
from tests.support.wait import eventually
from tools.demo.cast import DEPARTMENT, PROVINCE, person
from tools.platform import Platform

DOCUMENTS = "/v1/documents"
SERVICE = "documents.service"


def draft(subject: str = "Về việc kiểm tra đầu vào") -> dict[str, Any]:
    signer = person(PROVINCE.key, "lanhdao")
    return {
        "type_code": "CT",
        "subject": subject,
        "paragraphs": ["Nội dung."],
        "recipients": [str(DEPARTMENT.agency_id)],
        "signer_id": str(signer.person_id),
        "signer_position_id": str(signer.position_id),
    }


def direct(platform: Platform) -> str:
    """The documents service's own address, without the edge before it."""
    return f"http://127.0.0.1:{platform.installation.ports[f'{SERVICE}.http']}"


def problem(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["detail_vi"]
    return answer.status_code, document["code"]


@contextmanager
def counted(platform: Platform, code: str) -> Iterator[None]:
    """The block's refusal is counted under its code, and writes no event."""
    at_rest(platform)

    def refusals() -> float:
        return measure(platform, SERVICE, "lienthong_refused_requests_total", code=code)

    before, events = refusals(), count_events(platform)
    yield
    eventually(lambda: refusals() > before, within=10)
    assert count_events(platform) == events
