"""Which of the log's files are handed out over HTTP, and how."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from libs.translog import CHECKPOINT
from services.audit.sealing.files import KEY, SIGNED


@dataclass(frozen=True)
class Served:
    """Files of the log that are handed out: which paths, and how."""

    paths: re.Pattern[str]
    headers: Mapping[str, str]


_NUMBER = r"(x\d{3}/)*\d{3}(\.p/([1-9]\d{0,2}))?"
_FOR_EVER = "max-age=31536000, immutable"
NOTES = Served(
    re.compile(f"{CHECKPOINT}|{SIGNED}|{KEY}"),
    {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache"},
)
TILES = Served(
    re.compile(rf"(\d|[1-5]\d|6[0-3])/{_NUMBER}", re.ASCII),
    {"Content-Type": "application/octet-stream", "Cache-Control": f"public, {_FOR_EVER}"},
)
# Entries tell who did what: for auditors alone, and for no cache that others share.
BUNDLES = Served(
    re.compile(_NUMBER, re.ASCII),
    {"Content-Type": "application/octet-stream", "Cache-Control": f"private, {_FOR_EVER}"},
)
