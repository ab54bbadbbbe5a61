"""Machine clients' secrets: kept as scrypt hashes, compared in constant time."""

import hashlib
import hmac
import os
from typing import Any

# RFC 7914's interactive cost: about 50 ms, 16 MiB.
COST = {"n": 2**14, "r": 8, "p": 1}
# Hashed against when the client is unknown, so that time does not tell which ids exist.
_NOBODY = {"salt": b"\x00" * 16, "hash": b"\x00" * 64}


def hashed(secret: str) -> dict[str, bytes]:
    """A fresh salt, and the secret's hash under it."""
    salt = os.urandom(16)
    return {"salt": salt, "hash": _scrypt(secret, salt)}


def matches(secret: str, row: dict[str, Any] | None) -> bool:
    """Whether the secret is the kept one; False, as slowly, without a row."""
    kept = row or _NOBODY
    same = hmac.compare_digest(_scrypt(secret, bytes(kept["salt"])), bytes(kept["hash"]))
    return same and row is not None


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=COST["n"], r=COST["r"], p=COST["p"])
