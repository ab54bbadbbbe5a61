"""Numbers and bytes as the C2SP texts write them: one form for each value, all others refused."""

import base64
import binascii
import re

from libs.translog.errors import Malformed
from libs.translog.hashing import HASH_SIZE

MAX_SIZE = 2**63 - 1
"""The largest size of a log, and the latest time of a co-signature."""
_DECIMAL = re.compile("0|[1-9][0-9]{0,18}")


def decimal(text: str) -> int:
    """Read a number from 0 to `MAX_SIZE` without sign or leading zeros; raises `Malformed`."""
    if not _DECIMAL.fullmatch(text) or (value := int(text)) > MAX_SIZE:
        raise Malformed(f"not a number: {text[:30]!r}")
    return value


def to_base64(value: bytes) -> str:
    """Write bytes in standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(value).decode("ascii")


def from_base64(text: str) -> bytes:
    """Read the one base64 form of some bytes; raises `Malformed`.

    Forms that decode to the same bytes (stray last bits) are refused: two texts of one proof would
    let a changed byte go unnoticed.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"not base64: {text[:30]!r}") from error
    if to_base64(value) != text:
        raise Malformed(f"not the usual base64: {text[:30]!r}")
    return value


def hash_from_base64(text: str) -> bytes:
    """Read a SHA-256 hash; raises `Malformed`."""
    value = from_base64(text)
    if len(value) != HASH_SIZE:
        raise Malformed(f"not a SHA-256 hash: {text[:30]!r}")
    return value
