"""Cursor paging: a cursor says after which row the next page begins.

It is opaque to clients and not secret. It comes back from strangers, so it is read strictly; the
query that uses it still checks what the caller may see.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from libs.web.body import storable
from libs.web.problems import Problem, malformed

_LONGEST = 1024


def encode_cursor(values: Mapping[str, str | int]) -> str:
    """The cursor behind the row with these sort values."""
    text = json.dumps(dict(values), separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: Mapping[str, type[str] | type[int]]) -> dict[str, Any]:
    """The sort values in `cursor`, exactly those named in `kinds`; raises `Problem` (400)."""
    try:
        if len(cursor) > _LONGEST or not cursor.isascii():
            raise ValueError
        content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        values = json.loads(content)
        if not isinstance(values, dict) or {name: type(values[name]) for name in values} != kinds:
            raise ValueError
        if not all(_fits(value) for value in values.values()):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    return values


def _fits(value: str | int) -> bool:
    return storable(value) if isinstance(value, str) else -(2**63) <= value < 2**63


def _malformed() -> Problem:
    return malformed(
        "cursor_malformed", "Con trỏ trang không hợp lệ.", "The cursor is not one of ours."
    )
