"""How a request to the national axis (Trục liên thông văn bản quốc gia) proves who sent it.

The public SDK sends every parameter as an HTTP header, copies each one under a prefix, and signs
the copies with a secret that system and axis share. Method, path and body are not signed: a body
is bound only through the header `hash-file`, so the link itself must be TLS.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping

PREFIX = "XroadVnpt-"
SIGNED = "XroadVnpt-sign-header"
SIGNED_NAMES = "XroadVnpt-sign-header-key"
SIGNATURE = "XroadVnpt-hash-header"


def sign_headers(headers: Mapping[str, str], secret: str) -> dict[str, str]:
    """Return `headers` with their signed copies added; `Content-Type` stays unsigned.

    `headers` must already hold `systemid` and `timestamp` (milliseconds since 1970, UTC).
    Raises `ValueError`, naming the header only, where a value is not printable ASCII.
    """
    copies = {f"{PREFIX}{name}": v for name, v in headers.items() if name.lower() != "content-type"}
    for name, value in copies.items():
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"header {name.removeprefix(PREFIX)} is not printable ASCII")
    text = json.dumps(copies, separators=(",", ":"))
    return {
        **headers,
        **copies,
        SIGNED: text,
        SIGNED_NAMES: ";".join(copies),
        SIGNATURE: signature(text, secret),
    }


def signature(text: str, secret: str) -> str:
    """Return the HMAC-SHA256 of `text` in hex."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
