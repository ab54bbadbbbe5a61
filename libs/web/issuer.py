"""Making tokens: one EC P-256 key in a file, tokens that live five minutes."""

import os
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from libs.web.tokens import AUDIENCE

LIFE = 300
"""Seconds that a token lives."""


class TokenIssuer:
    """Signs access tokens as `issuer`, the URL under which its two documents are served.

    `key_file` holds the private key (PEM); it is made, readable by the owner alone, when absent.
    Several processes may share it.
    """

    def __init__(self, issuer: str, key_file: Path, clock: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._clock = clock
        if not key_file.exists():
            _make_key(key_file)
        self._key = ECKey.import_key(key_file.read_bytes())
        self._key_id = self._key.thumbprint()

    def issue(
        self,
        subject: str,
        agency: str,
        roles: Iterable[str],
        position: str | None = None,
        behalf: str | None = None,
        kind: str = "person",
    ) -> str:
        """A token for one person in one position, or for one machine client."""
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "nbf": now,
            "exp": now + LIFE,
            "jti": secrets.token_urlsafe(12),
            "agency": agency,
            "roles": sorted(roles),
            "kind": kind,
        }
        claims |= {"position": position} if position else {}
        claims |= {"on_behalf_of": behalf} if behalf else {}
        return jwt.encode({"alg": "ES256", "kid": self._key_id}, claims, self._key)

    def jwks(self) -> dict[str, Any]:
        """The public key as a set (RFC 7517), to be served at the `jwks_uri`."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._key_id, "use": "sig", "alg": "ES256"}]}

    def discovery(self, jwks_path: str = "/jwks", token_path: str = "/token") -> dict[str, Any]:  # noqa: S107
        """The document for `<issuer>/.well-known/openid-configuration` (OpenID Discovery 1.0)."""
        base = self._issuer.rstrip("/")
        return {
            "issuer": self._issuer,
            "jwks_uri": f"{base}{jwks_path}",
            "token_endpoint": f"{base}{token_path}",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }


def _make_key(path: Path) -> None:
    # Linked into place whole: of two processes that start together, one wins and both read it.
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(ECKey.generate_key("P-256").as_pem(private=True))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
