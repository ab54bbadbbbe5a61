"""People's texts in the blob store: canonical JSON, named in events by its digest alone."""

import json
from typing import Any
from uuid import UUID

import rfc8785

from libs import edxml
from libs.blobs import BlobMissing, BlobStore

_LONGEST = 4 * 1024 * 1024


def put_text(blobs: BlobStore, text: dict[str, Any]) -> str:
    """Store a text durably and return its digest; the same text has the same digest."""
    return blobs.put_bytes(rfc8785.dumps(text)).digest


def read_text(blobs: BlobStore, digest: str | None) -> dict[str, Any]:
    """The text of a digest, fit for a packet; empty without one, or when it was erased by order."""
    if not digest:
        return {}
    try:
        text = json.loads(blobs.read(digest, limit=_LONGEST))
    except BlobMissing:
        return {}
    return _legible(text) if isinstance(text, dict) else {}


def _legible(value: Any) -> Any:
    """What people paste may have characters that no packet can carry: they are spaces there."""
    match value:
        case str():
            return edxml.legible(value)
        case list():
            return [_legible(each) for each in value]
        case dict():
            return {name: _legible(each) for name, each in value.items()}
        case _:
            return value


def member(text: dict[str, Any], *names: str) -> str:
    """The first of these members that is a text, or an empty one."""
    return next((text[name] for name in names if isinstance(text.get(name), str)), "")


def uuid_of(text: str) -> UUID | None:
    """The id that a job's argument or an event names; None for an empty one."""
    return UUID(text) if text else None
