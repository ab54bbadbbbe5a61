"""People's texts in the blob store: canonical JSON, named in events by its digest alone."""

import json
from typing import Any
from uuid import UUID

import rfc8785

from libs.blobs import BlobMissing, BlobStore

_LONGEST = 4 * 1024 * 1024


def put_text(blobs: BlobStore, text: dict[str, Any]) -> str:
    """Store a text durably and return its digest; the same text has the same digest."""
    return blobs.put_bytes(rfc8785.dumps(text)).digest


def read_text(blobs: BlobStore, digest: str | None) -> dict[str, Any]:
    """The text of a digest; empty when there is none, or when it was erased by order."""
    if not digest:
        return {}
    try:
        text = json.loads(blobs.read(digest, limit=_LONGEST))
    except BlobMissing:
        return {}
    return text if isinstance(text, dict) else {}


def member(text: dict[str, Any], *names: str) -> str:
    """The first of these members that is a text, or an empty one."""
    return next((text[name] for name in names if isinstance(text.get(name), str)), "")


def uuid_of(text: str) -> UUID | None:
    """The id that a job's argument or an event names; None for an empty one."""
    return UUID(text) if text else None
