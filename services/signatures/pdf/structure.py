"""What the bytes of the file alone say, without trusting any parser's view of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

HEADER_WITHIN = 1024  # bytes; readers look for %PDF- here (ISO 32000-1, Annex H.3)
_HEX_STRING = re.compile(rb"<[0-9A-Fa-f]*>")
_END = b"%%EOF"


def is_pdf(data: bytes) -> bool:
    """Whether the header of a PDF stands where readers look for it."""
    return b"%PDF-" in data[:HEADER_WITHIN]


def signed_end(data: bytes, byte_range: Sequence[int]) -> int | None:
    """Where the signed bytes end, or None unless they are everything up to there.

    The one gap must be exactly the hex string of /Contents: the published wrapping attacks
    move or widen it. (ISO 32000-1, 12.8.1)
    """
    if len(byte_range) != 4:
        return None
    start, length, resumed, rest = (int(value) for value in byte_range)
    end = resumed + rest
    if start != 0 or not 0 < length < resumed < end <= len(data):
        return None
    return end if _HEX_STRING.fullmatch(data, length, resumed) else None


def ends_cleanly(data: bytes) -> bool:
    """Whether nothing but one line end follows the last end-of-file mark."""
    tail = data[-len(_END) - 2 :]
    return tail.removesuffix(b"\n").removesuffix(b"\r").endswith(_END)
