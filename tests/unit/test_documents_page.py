"""What stands on the page of an approved draft."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from libs.blobs import BlobStore, FileStore
from services.documents.domain.outgoing import Outgoing, evolve
from services.documents.events import DocumentDrafted
from services.documents.texts import put_text, read_text
from services.documents.worker import Source, page_of

CONTENT = {
    "subject": "Về việc phòng chống lụt bão",
    "summary": "",
    "paragraphs": ["Yêu cầu các sở thực hiện."],
    "addressees": ["Sở Tài chính"],
}


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return FileStore(tmp_path)


def document(blobs: BlobStore) -> Outgoing:
    drafted = DocumentDrafted(
        document_id=UUID(int=1),
        agency_id=UUID(int=2),
        type_code="CT",
        text=put_text(blobs, CONTENT),
        urgency=2,
        signer_id=UUID(int=3),
        signer_position_id=UUID(int=4),
        recipients=(UUID(int=5),),
        notation="CT-UBND",
    )
    return evolve(None, drafted)


def source(blobs: BlobStore, authority: str = "TM.") -> Source:
    card = put_text(blobs, {"full_name": "Nguyễn Văn Ước", "salt": "s"})
    agency: dict[str, Any] = {"name": "Ủy ban nhân dân tỉnh Hà Nam", "place": "Hà Nam"}
    position = {"title": "Chủ tịch", "authority": authority, "card": card}
    return Source(document(blobs), [agency], "", [position], ["Sở Y tế"])


def test_the_page_is_made_of_the_text_the_directory_and_the_card(blobs: BlobStore) -> None:
    page = page_of(source(blobs), blobs, 2026)
    assert (page.agency, page.place, page.year) == ("Ủy ban nhân dân tỉnh Hà Nam", "Hà Nam", 2026)
    assert (page.type_code, page.type_name, page.notation) == ("CT", "Chỉ thị", "CT-UBND")
    assert (page.subject, page.paragraphs) == (CONTENT["subject"], CONTENT["paragraphs"])
    assert (page.position, page.signer_name) == ("Chủ tịch", "Nguyễn Văn Ước")
    assert (page.addressees, page.urgency) == (["Sở Tài chính"], 2)
    assert page.recipients_list == ["Sở Y tế", "Lưu: VT"]


@pytest.mark.parametrize(
    ("authority", "printed"),
    [
        ("TM.", "TM. Ủy ban nhân dân tỉnh Hà Nam"),
        ("KT. CHỦ TỊCH", "KT. CHỦ TỊCH"),
        ("", ""),
    ],
)
def test_who_signs_for_a_collective_names_it(
    blobs: BlobStore, authority: str, printed: str
) -> None:
    assert page_of(source(blobs, authority), blobs, 2026).authority == printed


def test_an_erased_text_is_empty_and_no_error(blobs: BlobStore) -> None:
    digest = put_text(blobs, CONTENT)
    assert read_text(blobs, digest) == CONTENT
    blobs.delete(digest)
    assert read_text(blobs, digest) == {}
    assert read_text(blobs, None) == {}
