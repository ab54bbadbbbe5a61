"""Blobs as objects of an S3 bucket, under the keys the file store uses as paths."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from libs.blobs.model import Blob, BlobMissing, BlobWriter, key_of
from libs.blobs.streams import SpoolWriter, WholeBlobs, checked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOT_FOUND = {"NoSuchKey", "404", "NotFound"}


class S3Store(WholeBlobs):
    """A `BlobStore` in one bucket; at most 5 GiB a blob, S3's limit for one upload.

    A blob is collected in a local temporary file first: its key is its digest, known at the end.
    Erasing removes the current version; a bucket with versioning needs a rule that ends old ones.
    """

    def __init__(self, bucket: str, endpoint: str | None = None) -> None:
        config = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 3})
        self._client: S3Client = boto3.client("s3", endpoint_url=endpoint, config=config)
        self._bucket = bucket

    def writer(self, *, limit: int) -> BlobWriter:
        return SpoolWriter(None, limit, self._keep)

    def open(self, digest: str) -> BinaryIO:
        key = key_of(digest)
        with _translated(digest):
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        body = _Body(cast(BinaryIO, answer["Body"]), digest)
        return checked(body, digest, answer["ContentLength"])

    def exists(self, digest: str) -> bool:
        key = key_of(digest)
        try:
            with _translated(digest):
                self._client.head_object(Bucket=self._bucket, Key=key)
        except BlobMissing:
            return False
        return True

    def delete(self, digest: str) -> None:
        key = key_of(digest)
        with _translated(digest):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def _keep(self, written: Path, blob: Blob) -> None:
        with written.open("rb") as body, _translated(blob.digest):
            self._client.put_object(Bucket=self._bucket, Key=key_of(blob.digest), Body=body)


class _Body:
    """An object's bytes, with S3's errors translated."""

    def __init__(self, source: BinaryIO, digest: str) -> None:
        self._source = source
        self._digest = digest
        self.close = source.close

    def read(self, size: int, /) -> bytes:
        with _translated(self._digest):
            return self._source.read(size)


@contextmanager
def _translated(digest: str) -> Iterator[None]:
    """Turn boto's errors into those of `BlobStore`."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _NOT_FOUND:
            raise BlobMissing(digest) from error
        raise OSError("the S3 store refused") from error
    except BotoCoreError as error:
        raise OSError("the S3 store cannot be reached") from error
