"""Who is calling, and which parameters the caller vouches for."""

import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from werkzeug.datastructures import Headers

from services.interconnect.axis_signing import (
    PREFIX,
    SIGNATURE,
    SIGNED,
    SIGNED_NAMES,
    signature,
)
from tools.axis.refusal import BAD_CREDENTIALS, Refusal

WINDOW = timedelta(minutes=5)
_NOBODY = secrets.token_hex()


def authenticate(
    headers: Headers, system_secrets: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """Return the signed parameters by lower-case name; `systemid` among them is proven.

    Nothing unsigned is returned, so whatever was slipped in on the way has no effect, and a
    parameter changed on the way is refused. A captured request can be repeated for `WINDOW`; the
    interface has no nonce. Raises `Refusal` (15).
    """
    system = headers.get("systemid", "")
    text = headers.get(SIGNED, "")
    # An unknown system costs the same comparison as a known one, so ids cannot be probed by time.
    expected = signature(text, system_secrets.get(system, _NOBODY))
    given = headers.get(SIGNATURE, "").lower()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Refusal(BAD_CREDENTIALS, "unknown system or wrong signature")
    parameters = _signed_parameters(text, headers)
    if parameters.get("systemid") != system:
        raise Refusal(BAD_CREDENTIALS, "systemid is not among the signed headers")
    _check_time(parameters.get("timestamp", ""), now)
    return parameters


def _signed_parameters(text: str, headers: Headers) -> dict[str, str]:
    try:
        copies = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(BAD_CREDENTIALS, "the signed headers are not JSON") from error
    if not isinstance(copies, dict) or set(headers.get(SIGNED_NAMES, "").split(";")) != set(copies):
        raise Refusal(BAD_CREDENTIALS, "the list of signed headers does not match them")
    parameters = {}
    for copy, value in copies.items():
        name = copy.removeprefix(PREFIX)
        if not headers.get(name) == headers.get(copy) == value:
            raise Refusal(BAD_CREDENTIALS, "a header differs from its signed copy")
        parameters[name.lower()] = value
    return parameters


def _check_time(timestamp: str, now: datetime) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        raise Refusal(BAD_CREDENTIALS, "timestamp must be milliseconds since 1970")
    if abs(int(timestamp) / 1000 - now.timestamp()) > WINDOW.total_seconds():
        raise Refusal(BAD_CREDENTIALS, "timestamp is outside the accepted window")
