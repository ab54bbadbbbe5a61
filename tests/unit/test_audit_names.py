"""Names come from blobs, and go with them."""

import json
from pathlib import Path

import pytest

from libs.blobs import BlobStore, open_store
from services.audit.names import ERASED, UNREADABLE, Names


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return open_store(f"file://{tmp_path}")


def put(blobs: BlobStore, content: object) -> str:
    return blobs.put_bytes(json.dumps(content).encode()).digest


def test_a_card_gives_the_name_and_a_text_its_subject_and_signer(blobs: BlobStore) -> None:
    names = Names(blobs)
    card = put(blobs, {"full_name": "Lê Thị Ứng", "salt": "x"})
    text = put(
        blobs, {"subject": "Về việc", "signer": {"full_name": "Đỗ Hải", "position": "Bộ trưởng"}}
    )
    assert names.of(card).full_name == "Lê Thị Ứng"
    found = names.of(text)
    assert (found.subject, found.signer, found.signer_position) == (
        "Về việc",
        "Đỗ Hải",
        "Bộ trưởng",
    )


def test_an_erased_card_is_shown_as_erased(blobs: BlobStore) -> None:
    card = put(blobs, {"full_name": "Lê Thị Ứng"})
    blobs.delete(card)
    assert Names(blobs).of(card).full_name == ERASED


@pytest.mark.parametrize("content", [[], "text", 7, None])
def test_a_blob_that_is_no_card_does_not_keep_the_page_from_being_shown(
    blobs: BlobStore, content: object
) -> None:
    assert Names(blobs).of(put(blobs, content)).full_name == UNREADABLE


@pytest.mark.parametrize("content", [{"full_name": 7, "signer": "x"}, {"signer": {"position": []}}])
def test_members_that_are_no_text_are_left_empty(blobs: BlobStore, content: object) -> None:
    found = Names(blobs).of(put(blobs, content))
    assert (found.full_name, found.signer, found.signer_position) == ("", "", "")


def test_a_name_is_kept_for_a_minute_and_not_longer(blobs: BlobStore) -> None:
    now = 600.0
    names = Names(blobs, clock=lambda: now)
    card = put(blobs, {"full_name": "Lê Thị Ứng"})
    assert names.of(card).full_name == "Lê Thị Ứng"
    blobs.delete(card)
    now += 59
    assert names.of(card).full_name == "Lê Thị Ứng"
    now += 1
    assert names.of(card).full_name == ERASED
