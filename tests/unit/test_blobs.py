"""The rules of a blob store, held against the one on files."""

import hashlib
import io
import os
import time
from pathlib import Path

import pytest

from libs.blobs import (
    Blob,
    BlobCorrupt,
    BlobMissing,
    BlobStore,
    DigestMismatch,
    InvalidDigest,
    TooLarge,
    open_store,
)

CONTENT = b"Cong van 7816/VPCP-TTDT"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
BLOB = Blob(DIGEST, len(CONTENT))


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return open_store(f"file://{tmp_path}/blob%20store")


def place(tmp_path: Path, digest: str = DIGEST) -> Path:
    return tmp_path / "blob store" / digest[:2] / digest[2:4] / digest


def stored_files(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_address_is_the_sha256_of_the_content(store: BlobStore, tmp_path: Path) -> None:
    assert store.put(io.BytesIO(CONTENT), limit=len(CONTENT), expected=DIGEST) == BLOB
    assert stored_files(tmp_path) == [place(tmp_path)]
    assert store.read(DIGEST) == CONTENT


def test_only_the_owner_may_read_a_blob(store: BlobStore, tmp_path: Path) -> None:
    store.put_bytes(CONTENT)
    path = place(tmp_path)
    assert [each.stat().st_mode & 0o777 for each in (path, path.parent)] == [0o600, 0o700]


def test_storing_the_same_twice_is_storing_it_once(store: BlobStore, tmp_path: Path) -> None:
    assert store.put_bytes(CONTENT) == store.put_bytes(CONTENT) == BLOB
    assert stored_files(tmp_path) == [place(tmp_path)]


def test_nothing_is_a_blob_too(store: BlobStore) -> None:
    blob = store.put_bytes(b"")
    assert blob == Blob(hashlib.sha256(b"").hexdigest(), 0)
    assert store.read(blob.digest) == b""


def test_a_stream_of_many_chunks_comes_back_whole(store: BlobStore) -> None:
    content = bytes(range(256)) * 1000
    blob = store.put(io.BytesIO(content), limit=256_000)
    assert blob.size == 256_000
    assert store.read(blob.digest, limit=256_000) == content


def test_one_byte_over_the_limit_is_refused_and_nothing_kept(
    store: BlobStore, tmp_path: Path
) -> None:
    with pytest.raises(TooLarge) as refusal:
        store.put(io.BytesIO(CONTENT), limit=len(CONTENT) - 1)
    assert refusal.value.limit == len(CONTENT) - 1
    assert stored_files(tmp_path) == []


def test_other_bytes_than_announced_are_refused_and_nothing_kept(
    store: BlobStore, tmp_path: Path
) -> None:
    with pytest.raises(DigestMismatch) as refusal:
        store.put(io.BytesIO(CONTENT + b"!"), limit=100, expected=DIGEST)
    assert refusal.value.expected == DIGEST
    assert stored_files(tmp_path) == []


def test_a_stream_that_breaks_leaves_nothing(store: BlobStore, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError(size)

    with pytest.raises(ConnectionResetError):
        store.put(Broken(), limit=100)
    assert stored_files(tmp_path) == []


def test_a_reader_gets_no_more_than_it_allows(store: BlobStore) -> None:
    store.put_bytes(CONTENT)
    assert store.read(DIGEST, limit=len(CONTENT)) == CONTENT
    with pytest.raises(TooLarge):
        store.read(DIGEST, limit=len(CONTENT) - 1)


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + b"?", CONTENT[:-1], CONTENT + b"?", b""])
def test_a_wrong_file_is_found_out_before_its_last_bytes(
    store: BlobStore, tmp_path: Path, wrong: bytes
) -> None:
    store.put_bytes(CONTENT)
    place(tmp_path).write_bytes(wrong)
    with store.open(DIGEST) as stream, pytest.raises(BlobCorrupt):
        stream.read(len(wrong) or 1)
    store.put_bytes(CONTENT)
    assert store.read(DIGEST) == CONTENT


def test_a_blob_may_be_erased_and_erased_again(store: BlobStore) -> None:
    store.put_bytes(CONTENT)
    assert store.exists(DIGEST)
    store.delete(DIGEST)
    store.delete(DIGEST)
    assert not store.exists(DIGEST)
    with pytest.raises(BlobMissing) as refusal:
        store.open(DIGEST)
    assert refusal.value.digest == DIGEST


@pytest.mark.parametrize(
    "digest", ["", DIGEST[:-1], DIGEST + "0", DIGEST.upper(), "../" + DIGEST[3:], DIGEST + "\n"]
)
def test_what_is_no_digest_never_becomes_a_path(store: BlobStore, digest: str) -> None:
    for use in (store.open, store.read, store.exists, store.delete):
        with pytest.raises(InvalidDigest):
            use(digest)
    with pytest.raises(InvalidDigest):
        store.put(io.BytesIO(CONTENT), limit=100, expected=digest)


def test_a_written_blob_is_seen_only_after_commit(store: BlobStore, tmp_path: Path) -> None:
    writer = store.writer(limit=len(CONTENT))
    writer.write(CONTENT[:5])
    writer.write(CONTENT[5:])
    assert not store.exists(DIGEST)
    assert writer.commit() == BLOB
    writer.abort()
    assert store.read(DIGEST) == CONTENT


def test_an_aborted_blob_leaves_nothing(store: BlobStore, tmp_path: Path) -> None:
    writer = store.writer(limit=100)
    writer.write(CONTENT)
    writer.abort()
    writer.abort()
    assert stored_files(tmp_path) == []


def test_a_writer_past_its_limit_cannot_be_committed(store: BlobStore, tmp_path: Path) -> None:
    writer = store.writer(limit=1)
    with pytest.raises(TooLarge):
        writer.write(CONTENT)
    with pytest.raises(TooLarge):
        writer.commit()
    assert stored_files(tmp_path) == []


def test_what_a_dead_process_left_is_swept_a_day_later(tmp_path: Path) -> None:
    url = f"file://{tmp_path}"
    open_store(url)
    old, young = tmp_path / "incoming" / "old", tmp_path / "incoming" / "young"
    for path, age in ((old, 24 * 3600 + 60), (young, 24 * 3600 - 60)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    open_store(url)
    assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.parametrize("url", ["", "/tmp/x", "file://host/x", "http://bucket", "s3:///x"])
def test_a_store_is_opened_by_a_file_or_s3_url_only(url: str) -> None:
    with pytest.raises(ValueError, match="blob store is"):
        open_store(url)
