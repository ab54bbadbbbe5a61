"""Access tokens: JWT (RFC 7519) signed with ES256 or EdDSA, checked against the issuers' keys."""

import base64
import json
import math
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from libs.observability import get_logger
from libs.web.principal import Principal, of_claims
from libs.web.problems import Problem

AUDIENCE = "lienthong"
ALGORITHMS = {"EC": "ES256", "OKP": "EdDSA"}
LONGEST_LIFE = 600
"""Seconds between `iat` and `exp` that a token may have at most."""

_SKEW = 10
_LONGEST_TOKEN = 8 * 1024
_LONGEST_DOCUMENT = 256 * 1024
_SECONDS_BETWEEN_FETCHES = 10.0
_SECONDS_BETWEEN_FAILURES = 1.0
_LONGEST_KEPT = 600.0

Key = ECKey | OKPKey
Fetch = Callable[[str], dict[str, Any]]
logger = get_logger(__name__)


class Verifier(Protocol):
    """Whatever can tell who stands behind a token."""

    def verify(self, token: str) -> Principal:
        """The caller; raises `Problem` (401 for the token, 503 for an issuer out of reach)."""


class TokenVerifier:
    """Trusts the listed issuers, each found by OIDC discovery, its keys kept until one is missing.

    Refused: another algorithm than the key's, another audience, a life of more than ten minutes,
    a token used before or after its time (10 s of skew). A key id that is not known fetches the
    issuer's keys anew, at most once in 10 s, so that strangers cannot make us hammer it.
    """

    def __init__(
        self,
        issuers: tuple[str, ...],
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key_sets = {issuer: _IssuerKeys(issuer, fetch or fetch_json) for issuer in issuers}
        self._clock = clock

    def verify(self, token: str) -> Principal:
        """The caller; raises `Problem` (401 for the token, 503 for an issuer out of reach)."""
        if len(token) > _LONGEST_TOKEN:
            raise _refused("too_long")
        issuer, key_id = _unverified(token)
        if issuer not in self._key_sets:
            raise _refused("issuer_unknown")
        key = self._key_sets[issuer].find(key_id)
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHMS[key.key_type]]).claims
        except (JoseError, ValueError) as error:
            raise _refused("signature_wrong") from error
        self._check_times(claims)
        audience = claims.get("aud")
        if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
            raise _refused("audience_wrong")
        try:
            return of_claims(claims)
        except ValueError as error:
            raise _refused("claims_unfit", claim=str(error)) from error

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
        begins = _moment(claims, "nbf") if "nbf" in claims else issued
        if now > expires + _SKEW:
            raise _refused("expired")
        if now < max(issued, begins) - _SKEW:
            raise _refused("not_yet_valid")
        if expires - issued > LONGEST_LIFE:
            raise _refused("lives_too_long")


class _IssuerKeys:
    """One issuer's public keys by key id."""

    def __init__(self, issuer: str, fetch: Fetch) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._keys: dict[str, Key] = {}
        self._fetched_at = -math.inf
        self._failed = False
        self._lock = threading.Lock()

    def find(self, key_id: str) -> Key:
        known = key_id in self._keys
        age = time.monotonic() - self._fetched_at
        # Only a request that cannot go on without the key waits for another one's fetch.
        if (not known or age > _LONGEST_KEPT) and self._lock.acquire(blocking=not known):
            try:
                self._refresh(key_id)
            finally:
                self._lock.release()
        if key_id in self._keys:
            return self._keys[key_id]
        raise _out_of_reach() if self._failed else _refused("key_unknown")

    def _refresh(self, key_id: str) -> None:
        age = time.monotonic() - self._fetched_at
        if key_id in self._keys and age <= _LONGEST_KEPT:
            return
        # Without any keys a failure is tried again sooner: the issuer may only be starting.
        if age < (_SECONDS_BETWEEN_FETCHES if self._keys else _SECONDS_BETWEEN_FAILURES):
            return
        try:
            self._keys = self._load()
            self._failed = False
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            self._failed = True
            logger.warning("issuer_keys_not_read", issuer=self._issuer, error=type(error).__name__)
        finally:
            self._fetched_at = time.monotonic()

    def _load(self) -> dict[str, Key]:
        metadata = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if metadata["issuer"] != self._issuer:
            raise ValueError("the discovery document belongs to another issuer")
        keys = (_read_key(entry) for entry in self._fetch(metadata["jwks_uri"])["keys"])
        return {key_id: key for key_id, key in keys if key is not None}


def fetch_json(url: str) -> dict[str, Any]:
    """A small JSON object from `url`; `requests.RequestException` or `ValueError` otherwise."""
    with requests.get(url, timeout=(3, 5), stream=True, allow_redirects=False) as response:
        if response.status_code != requests.codes.ok:
            raise requests.HTTPError(f"status {response.status_code}")
        content = response.raw.read(_LONGEST_DOCUMENT + 1, decode_content=True)
    if len(content) > _LONGEST_DOCUMENT:
        raise ValueError("the document is too long")
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    return document


def _read_key(entry: dict[str, Any]) -> tuple[str, Key | None]:
    """One JWK (RFC 7517); None for a key of a kind that signs none of our tokens."""
    kinds: dict[tuple[str, str], type[ECKey] | type[OKPKey]] = {
        ("EC", "P-256"): ECKey,
        ("OKP", "Ed25519"): OKPKey,
    }
    kind = kinds.get((str(entry.get("kty")), str(entry.get("crv"))))
    if kind is None or entry.get("use", "sig") != "sig":
        return "", None
    try:
        key = kind.import_key(
            {name: entry[name] for name in ("kty", "crv", "x", "y") if name in entry}
        )
    except (JoseError, ValueError):
        return "", None
    return str(entry.get("kid") or key.thumbprint()), key


def _unverified(token: str) -> tuple[str, str]:
    """The issuer and the key id that the token claims, to find the key that proves them."""
    try:
        header, payload = (_part(text) for text in token.split(".")[:2])
        issuer, key_id = payload["iss"], header["kid"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused("malformed") from error
    if not isinstance(issuer, str) or not isinstance(key_id, str):
        raise _refused("malformed")
    return issuer, key_id


def _moment(claims: dict[str, Any], name: str) -> float:
    moment = claims.get(name)
    if not isinstance(moment, int | float) or isinstance(moment, bool):
        raise _refused("times_missing")
    return moment


def _part(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _refused(reason: str, **data: str) -> Problem:
    return Problem(
        401,
        "token_refused",
        "Phiên làm việc không hợp lệ hoặc đã hết hạn, hãy đăng nhập lại.",
        "The access token was not accepted; get a new one.",
        {"reason": reason, **data},
        {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def _out_of_reach() -> Problem:
    return Problem(
        503,
        "issuer_out_of_reach",
        "Chưa kiểm tra được phiên làm việc, hãy thử lại sau.",
        "The token's issuer cannot be reached just now; try again.",
        headers={"Retry-After": "2"},
    )
