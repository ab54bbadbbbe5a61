"""Uploads that come in pieces, break off, never end or are too large."""

import time
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from services.documents.domain.attachments import LARGEST
from tests.support.system import Caller, measure
from tests.support.system_refusals import DOCUMENTS, SERVICE, counted, direct, draft, problem
from tests.support.system_sockets import BYTES, begun_request, slow_uploads
from tests.support.wait import eventually
from tests.system.conftest import OFFICER
from tools.platform import Platform

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.rabbitmq,
    pytest.mark.usefixtures("unharmed"),
]

PIECES = [b"Ma,Ten\r\n" * 1000] * 10
SLOTS = 8


@pytest.fixture
def document(officer: Caller) -> str:
    """The address of a new draft, once it is shown."""
    address = f"{DOCUMENTS}/{officer.post(DOCUMENTS, draft()).json()['document_id']}"
    eventually(lambda: officer.get(address).ok, within=10)
    return address


def attach(caller: Caller, document: str, body: object, **headers: str) -> requests.Response:
    return caller.call(
        "POST",
        f"{document}/attachments?name=danh-sach.csv",
        data=body,
        headers={"Content-Type": BYTES, "Idempotency-Key": str(uuid4()), **headers},
    )


def attached(officer: Caller, document: str) -> list[str]:
    files = officer.get(document).json()["files"]
    return [file["name"] for file in files if not file["main"]]


def blobs(platform: Platform) -> set[Path]:
    """Every file in the blob store, unfinished ones too."""
    folder = platform.installation.folder / "blobs"
    return {file for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("edge", [True, False], ids=["by the edge", "directly"])
def test_a_chunked_upload_is_taken_whole(
    platform: Platform, officer: Caller, document: str, edge: bool
) -> None:
    caller = officer if edge else Caller(platform.installation, OFFICER, url=direct(platform))
    assert attach(caller, document, iter(PIECES)).ok
    eventually(lambda: attached(officer, document) == ["danh-sach.csv"], within=10)
    content = officer.get(f"{document}/file?index=0").content
    assert content == b"".join(PIECES)


def test_an_upload_that_breaks_off_leaves_no_trace(
    platform: Platform, officer: Caller, document: str
) -> None:
    before = blobs(platform)
    address = f"{document}/attachments?name=danh-sach.csv"
    with counted(platform, "body_broken_off"):
        for url in (direct(platform), platform.url):
            begun_request(url, address, officer.token, BYTES).close()
    assert attached(officer, document) == []
    assert blobs(platform) == before


def test_an_upload_over_the_limit_is_refused_and_leaves_no_trace(
    platform: Platform, officer: Caller, document: str
) -> None:
    before = blobs(platform)
    with counted(platform, "body_too_large"):
        answer = attach(officer, document, b"x" * (LARGEST + 1))
    assert problem(answer) == (413, "body_too_large")
    assert blobs(platform) == before


def test_a_file_unlike_its_name_is_refused(
    platform: Platform, officer: Caller, document: str
) -> None:
    with counted(platform, "file_type_wrong"):
        answer = attach(officer, document, b"\0" * 100)
    assert problem(answer) == (422, "file_type_wrong")


def test_twelve_slow_uploads_keep_nobody_waiting(
    platform: Platform, officer: Caller, document: str
) -> None:
    def busy() -> float:
        return measure(platform, SERVICE, "lienthong_refused_requests_total", code="uploads_busy")

    ops = platform.installation.ports[f"{SERVICE}.ops"]
    address, before = f"{document}/attachments?name=danh-sach.csv", busy()
    with (
        slow_uploads(12, direct(platform), address, officer.token, BYTES),
        slow_uploads(12, platform.url, address, officer.token, BYTES),
    ):
        began = time.monotonic()
        assert officer.get(document).ok
        assert requests.get(f"http://127.0.0.1:{ops}/readyz", timeout=2).ok
        assert officer.post(DOCUMENTS, draft()).ok
        assert time.monotonic() - began < 2
        eventually(lambda: busy() == before + 12 - SLOTS, within=10)
    assert attach(officer, document, b"".join(PIECES)).ok
