"""Names of people and subjects of documents: read from blobs when they are shown, never stored.

So what was erased by order is gone from the next page on, at the latest after a minute.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from libs.blobs import BlobError, BlobMissing, BlobStore

ERASED = "(đã xóa)"
UNREADABLE = "(không đọc được)"
_LONGEST = 4 * 1024 * 1024
_KEEP_SECONDS = 60


@dataclass(frozen=True)
class Text:
    """What is shown of a blob: of a card the name, of a document's text subject and signer."""

    full_name: str = ""
    subject: str = ""
    signer: str = ""
    signer_position: str = ""


class Names:
    """Reads the blobs' few fields; the newest ones are kept for a minute."""

    def __init__(self, blobs: BlobStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._blobs = blobs
        self._clock = clock
        self._recent = lru_cache(maxsize=4096)(self._read)

    def of(self, digest: str) -> Text:
        """The fields of a blob; `ERASED` or `UNREADABLE` in all of them where it is so."""
        return self._recent(digest, int(self._clock() / _KEEP_SECONDS))

    def _read(self, digest: str, _minute: int) -> Text:
        try:
            content = json.loads(self._blobs.read(digest, limit=_LONGEST))
        except BlobMissing:
            return Text(ERASED, ERASED, ERASED)
        except (BlobError, ValueError, RecursionError):
            return Text(UNREADABLE, UNREADABLE, UNREADABLE)
        if not isinstance(content, dict):
            return Text(UNREADABLE, UNREADABLE, UNREADABLE)
        signer = content.get("signer")
        signer = signer if isinstance(signer, dict) else {}
        return Text(
            full_name=_words(content.get("full_name")),
            subject=_words(content.get("subject")),
            signer=_words(signer.get("full_name")),
            signer_position=_words(signer.get("position")),
        )


def _words(value: Any) -> str:
    return value if isinstance(value, str) else ""
