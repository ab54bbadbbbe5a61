"""Attachments over HTTP: a file in, kept whole or not at all, and out again."""

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from libs.contracts import message
from services.documents.domain.attachments import LARGEST
from tests.support.documents_office import Office, code_of, open_office
from tests.support.documents_world import OFFICE, answer_signing
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres

TABLE = b"stt,co quan\r\n1,UBND xa\r\n"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100_000)


class Endless:
    """A picture without an end."""

    def __init__(self) -> None:
        self._next = b"BM"

    def read(self, size: int) -> bytes:
        piece, self._next = self._next[:size], bytes(size)
        return piece


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with open_office(postgres, tmp_path_factory.mktemp("office")) as made:
        yield made


def attach(
    office: Office, address: str, name: str, content: bytes, *roles: str, **more: Any
) -> TestResponse:
    path = f"{address}/attachments?name={name}"
    return office.call("POST", path, *(roles or ("officer",)), sent={"data": content}, **more)


def chunked(office: Office, address: str, name: str, stream: Any) -> TestResponse:
    body = {"wsgi.input": stream, "wsgi.input_terminated": True}
    path = f"{address}/attachments?name={name}"
    sent = {"environ_overrides": body}
    return office.call("POST", path, "officer", sent=sent, Transfer_Encoding="chunked")


def attached(office: Office, address: str) -> list[tuple[str, bytes]]:
    """Names and bytes of the attachments that the document's events tell of."""
    events = office.world.events(id_of(address))
    found = [message(event).file for event in events if event.type == "AttachmentAdded"]
    return [(file.name, office.world.blobs.read(file.digest)) for file in found]


def id_of(address: str) -> UUID:
    return UUID(address.rpartition("/")[2])


def shown_files(office: Office, address: str) -> list[tuple[str, str, bool]]:
    office.world.catch_up()
    shown = office.call("GET", address, "clerk").json
    assert shown is not None
    return [(file["name"], file["content_type"], file["main"]) for file in shown["files"]]


def test_a_draft_shows_and_gives_back_what_was_attached(office: Office) -> None:
    address = office.draft()
    first = attach(office, address, "bieu 1.csv", TABLE, Content_Type="application/pdf")
    assert first.json is not None
    assert (first.status_code, first.json["state"], first.json["version"]) == (200, "drafted", 2)
    assert attach(office, address, "anh.PNG", PICTURE).status_code == 200
    assert shown_files(office, address) == [
        ("bieu 1.csv", "text/csv", False),
        ("anh.PNG", "image/png", False),
    ]
    for index, content in enumerate((TABLE, PICTURE)):
        got = office.call("GET", f"{address}/file?index={index}", "clerk")
        assert (got.status_code, got.data) == (200, content)
    assert code_of(office.call("GET", f"{address}/file", "clerk")) == (404, "file_missing")


def test_a_file_without_an_announced_length_is_attached_whole(office: Office) -> None:
    address = office.draft()
    assert chunked(office, address, "anh.png", io.BytesIO(PICTURE)).status_code == 200
    assert attached(office, address) == [("anh.png", PICTURE)]


def test_a_file_beyond_the_limit_is_refused_and_nothing_is_kept(office: Office) -> None:
    address = office.draft()
    blobs = set(office.world.folder.rglob("*"))
    path = f"{address}/attachments?name=a.bmp"
    announced = {"data": b"BM", "environ_overrides": {"CONTENT_LENGTH": str(LARGEST + 1)}}
    assert office.call("POST", path, "officer", sent=announced).status_code == 413
    assert chunked(office, address, "a.bmp", Endless()).status_code == 413
    assert attached(office, address) == []
    assert set(office.world.folder.rglob("*")) == blobs


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("phụ lục.csv", TABLE, "file_name_invalid"),
        ("..%2Fa.csv", TABLE, "file_name_invalid"),
        ("a.exe", b"MZ", "file_name_invalid"),
        ("a" * 47 + ".csv", TABLE, "file_name_invalid"),
        ("a.pdf", TABLE, "file_type_wrong"),
        ("a.csv", b"", "file_type_wrong"),
    ],
)
def test_an_unfit_file_is_refused_in_both_languages(
    office: Office, name: str, content: bytes, code: str
) -> None:
    address = office.draft()
    answer = attach(office, address, name, content)
    assert code_of(answer) == (422, code)
    assert answer.json is not None
    assert answer.json["detail"] != answer.json["detail_vi"]
    assert attached(office, address) == []


def test_a_file_needs_a_name(office: Office) -> None:
    path = f"{office.draft()}/attachments"
    answer = office.call("POST", path, "officer", sent={"data": TABLE})
    assert code_of(answer) == (400, "arguments_invalid")


def test_nothing_is_attached_to_another_agencys_document(office: Office) -> None:
    address = office.draft()
    answer = attach(office, address, "a.csv", TABLE, agency=OFFICE)
    assert code_of(answer) == (404, "not_found")
    assert attached(office, address) == []


def test_who_may_not_draft_may_not_attach(office: Office) -> None:
    answer = attach(office, office.draft(), "a.csv", TABLE, "auditor")
    assert code_of(answer) == (403, "action_not_allowed")


def test_nothing_is_attached_after_the_review_until_the_draft_is_returned(office: Office) -> None:
    address = office.draft()
    office.call("POST", f"{address}/review", "head")
    assert code_of(attach(office, address, "a.csv", TABLE)) == (409, "document_state_wrong")
    office.call("POST", f"{address}/return", "head", body={"note": "Thiếu phụ lục"})
    assert attach(office, address, "a.csv", TABLE).status_code == 200
    assert attached(office, address) == [("a.csv", TABLE)]


def test_the_same_key_attaches_once_and_is_answered_the_same_for_ever(office: Office) -> None:
    address = office.draft()
    first = attach(office, address, "a.csv", TABLE, Idempotency_Key="file")
    office.call("POST", f"{address}/review", "head")
    again = attach(office, address, "a.csv", TABLE, Idempotency_Key="file")
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert first.headers["X-Read-After"] == again.headers["X-Read-After"]
    for other in (("b.csv", TABLE), ("a.csv", TABLE + b"2")):
        answer = attach(office, address, *other, Idempotency_Key="file")
        assert code_of(answer) == (422, "idempotency_key_reused")
    assert office.world.names(id_of(address)).count("AttachmentAdded") == 1


def test_the_same_bytes_are_attached_once_whatever_the_key(office: Office) -> None:
    address = office.draft()
    versions = [attach(office, address, name, TABLE).headers["ETag"] for name in ("a.csv", "b.csv")]
    assert versions == ['"2"', '"2"']


def test_whoever_read_an_older_draft_does_not_attach(office: Office) -> None:
    address = office.draft()
    attach(office, address, "a.csv", TABLE)
    late = attach(office, address, "b.csv", TABLE + b"2", If_Match='"1"')
    assert code_of(late) == (412, "stale_version")


def test_an_issued_document_carries_its_attachments_behind_its_pdf(office: Office) -> None:
    address = office.draft()
    attach(office, address, "a.csv", TABLE)
    attach(office, address, "b.pdf", b"%PDF-1.7 appendix")
    office.call("POST", f"{address}/review", "head")
    office.call("POST", f"{address}/approve", "leader")
    office.world.catch_up()
    for name in ("SignatureRequested", "SealRequested"):
        asked = office.world.last(id_of(address), name)
        signed = office.world.blobs.put_bytes(office.world.blobs.read(asked.file) + b"1").digest
        answer_signing(office.world, asked, "SigningFinished", file=signed)
        if name == "SignatureRequested":
            assert office.call("POST", f"{address}/issue", "clerk").status_code == 200
    issued = office.world.last(id_of(address), "DocumentIssued")
    assert [(each.name, each.content_type, each.size) for each in issued.attachments] == [
        ("a.csv", "text/csv", len(TABLE)),
        ("b.pdf", "application/pdf", 17),
    ]
    kinds = [(kind, main) for _, kind, main in shown_files(office, address)]
    assert kinds == [("application/pdf", True), ("text/csv", False), ("application/pdf", False)]
    for index, content in ((0, office.world.blobs.read(issued.file)), (1, TABLE)):
        assert office.call("GET", f"{address}/file?index={index}", "clerk").data == content
    assert office.call("GET", f"{address}/file", "clerk").data.startswith(b"%PDF-")
