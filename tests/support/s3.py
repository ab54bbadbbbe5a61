"""A real S3 server (SeaweedFS) of one test run."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.wait import eventually
from tools.platform.os_process import end, identify
from tools.platform.ports import free_ports
from tools.platform.spawn import spawn

WEED = Path(sys.executable).parent / "weed"
BUCKET = "blobs"
_ACCESS = {"accessKey": "blobs", "secretKey": "a-secret-of-this-test"}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": _ACCESS["accessKey"],
    "AWS_SECRET_ACCESS_KEY": _ACCESS["secretKey"],
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""What clients need in their environment."""


def store_url(endpoint: str) -> str:
    """The setting BLOB_URL for the server's bucket."""
    return f"s3://{BUCKET}?endpoint={quote(endpoint)}"


@contextmanager
def running_s3(folder: Path) -> Iterator[str]:
    """The endpoint of a server with an empty bucket; its answer to our key shows that it is ours.

    While it runs, this process' environment has the key.
    """
    actions = ["Admin", "Read", "Write", "List"]
    people = [{"name": "blobs", "credentials": [_ACCESS], "actions": actions}]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "s3.json").write_text(json.dumps({"identities": people}))
    parts = ["master", "volume", "filer", "s3"]
    ports = free_ports(2 * len(parts))
    options = [f"-{part}.port={port}" for part, port in zip(parts, ports, strict=False)]
    options += [f"-{part}.port.grpc={port}" for part, port in zip(parts, ports[4:], strict=True)]
    command = [str(WEED), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}"]
    command += ["-filer", "-s3", f"-s3.config={folder}/s3.json", "-volume.max=8", *options]
    process = spawn(command, log=folder / "log", folder=folder)
    identity = identify(process.pid)
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        endpoint = f"http://127.0.0.1:{ports[3]}"
        eventually(lambda: _has_bucket(endpoint), within=60)
        yield endpoint
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        if identity:
            end(identity, how=signal.SIGTERM, patience=1)  # it may ignore TERM
        process.wait(timeout=10)


def _has_bucket(endpoint: str) -> bool:
    client = boto3.client("s3", endpoint_url=endpoint)
    try:
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="ready", Body=b"yes")
    except (ClientError, BotoCoreError):
        return False
    return True
