"""Which tokens are believed."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

from libs.web.issuer import TokenIssuer
from libs.web.problems import Problem
from libs.web.tokens import TokenVerifier

URL = "https://issuer.example"
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
OTHER = ECKey.generate_key("P-256", {"kid": "ec"})


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "iss": URL,
        "aud": "lienthong",
        "sub": "lan",
        "iat": now,
        "exp": now + 300,
        "agency": "H40.01",
        "roles": ["clerk"],
        "position": "p1",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def sign(
    key: Any = EC, alg: str = "ES256", header: dict[str, Any] | None = None, **changes: Any
) -> str:
    full = {"alg": alg, "kid": key.kid or "ec", **(header or {})}
    return jwt.encode(full, claims(**changes), key, algorithms=[alg])


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def part(document: dict[str, Any]) -> str:
    return encoded(json.dumps(document).encode())


class Issuer:
    """The documents of an issuer, and how often they were asked for."""

    def __init__(self, *keys: ECKey | OKPKey) -> None:
        self.keys: list[dict[str, Any]] = [key.as_dict(private=False) for key in keys]
        self.fetches = 0
        self.down = False

    def __call__(self, url: str) -> dict[str, Any]:
        if self.down:
            raise requests.ConnectionError
        if url.endswith("/keys"):
            return {"keys": self.keys}
        self.fetches += 1
        return {"issuer": URL, "jwks_uri": f"{URL}/keys"}


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(EC, ED)


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier((URL,), fetch=issuer)


def reason(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Problem) as refused:
        verifier.verify(token)
    assert refused.value.status == 401
    found: str = refused.value.data["reason"]
    return found


@pytest.mark.parametrize(("key", "alg"), [(EC, "ES256"), (ED, "EdDSA")])
def test_es256_and_eddsa_are_believed(verifier: TokenVerifier, key: Any, alg: str) -> None:
    principal = verifier.verify(sign(key, alg))
    assert principal.handler == "person:lan/p1"
    assert (principal.agency, principal.kind) == ("H40.01", "person")
    assert principal.roles == {"clerk"}


def test_a_machine_is_its_client_id(verifier: TokenVerifier) -> None:
    assert verifier.verify(sign(kind="machine", position=None)).handler == "machine:lan"


def test_a_token_without_signature_is_refused(verifier: TokenVerifier) -> None:
    token = f"{part({'alg': 'none', 'kid': 'ec'})}.{part(claims())}."
    assert reason(verifier, token) == "signature_wrong"


def test_the_public_key_is_no_shared_secret(verifier: TokenVerifier) -> None:
    text = f"{part({'alg': 'HS256', 'kid': 'ec'})}.{part(claims())}"
    mac = hmac.digest(EC.as_pem(private=False), text.encode(), "sha256")
    assert reason(verifier, f"{text}.{encoded(mac)}") == "signature_wrong"


@pytest.mark.parametrize(
    # Made in the test: a token of the collection would be old when a long run comes to it.
    ("make", "expected"),
    [
        (lambda: sign(OTHER), "signature_wrong"),
        (lambda: sign(ED, "EdDSA", {"kid": "ec"}), "signature_wrong"),
        (lambda: sign(header={"kid": "unknown"}), "key_unknown"),
        (lambda: sign(iss="https://elsewhere.example"), "issuer_unknown"),
        (lambda: sign(aud="another"), "audience_wrong"),
        (lambda: sign(aud=None), "audience_wrong"),
        (lambda: sign(iat=int(time.time()) - 400, exp=int(time.time()) - 100), "expired"),
        (lambda: sign(iat=int(time.time()) + 100), "not_yet_valid"),
        (lambda: sign(nbf=int(time.time()) + 100), "not_yet_valid"),
        (lambda: sign(exp=int(time.time()) + 601), "lives_too_long"),
        (lambda: sign(exp=None), "times_missing"),
        (lambda: sign(iat="yesterday"), "times_missing"),
        (lambda: sign(roles="clerk"), "claims_unfit"),
        (lambda: sign(roles=["cle rk"]), "claims_unfit"),
        (lambda: sign(agency=None), "claims_unfit"),
        (lambda: sign(sub="lan/../p2"), "claims_unfit"),
        (lambda: sign(position="p1\nadmin"), "claims_unfit"),
        (lambda: sign(kind="god"), "claims_unfit"),
        (lambda: "", "malformed"),
        (lambda: "a.b.c", "malformed"),
        (lambda: "W10.W10.W10", "malformed"),
        (lambda: "x" * 9000, "too_long"),
    ],
)
def test_what_is_not_right_is_refused_with_its_reason(
    verifier: TokenVerifier, make: Callable[[], str], expected: str
) -> None:
    assert reason(verifier, make()) == expected


def test_a_changed_claim_breaks_the_signature(verifier: TokenVerifier) -> None:
    head, _, tail = sign().split(".")
    forged = f"{head}.{part(claims(agency='H40.99'))}.{tail}"
    assert reason(verifier, forged) == "signature_wrong"


def test_an_audience_list_may_hold_others_too(verifier: TokenVerifier) -> None:
    assert verifier.verify(sign(aud=["another", "lienthong"])).subject == "lan"


def test_strangers_keys_do_not_make_us_hammer_the_issuer(
    verifier: TokenVerifier, issuer: Issuer
) -> None:
    verifier.verify(sign())
    for number in range(20):
        assert reason(verifier, sign(header={"kid": f"made-up-{number}"})) == "key_unknown"
    assert issuer.fetches == 1


def test_keys_of_other_kinds_are_passed_over(issuer: Issuer, verifier: TokenVerifier) -> None:
    weird: list[dict[str, Any]] = [
        {"kty": "RSA", "kid": "r"},
        {"kty": "EC", "crv": "P-384", "kid": "ec"},
        {**issuer.keys[0], "use": "enc"},
        {"kty": "EC", "crv": "P-256", "kid": "broken", "x": "!", "y": "?"},
    ]
    issuer.keys += weird
    assert verifier.verify(sign()).subject == "lan"


def test_known_keys_serve_while_the_issuer_is_away(verifier: TokenVerifier, issuer: Issuer) -> None:
    verifier.verify(sign())
    issuer.down = True
    assert verifier.verify(sign()).subject == "lan"


def test_a_discovery_document_of_another_issuer_is_not_used(issuer: Issuer) -> None:
    lying = TokenVerifier((f"{URL}/",), fetch=issuer)
    with pytest.raises(Problem) as refused:
        lying.verify(sign(iss=f"{URL}/"))
    assert refused.value.status == 503


def test_issued_tokens_live_five_minutes(tmp_path: Path) -> None:
    made = TokenIssuer(URL, tmp_path / "key.pem", clock=lambda: 1000.0)
    documents = {
        f"{URL}/.well-known/openid-configuration": made.discovery(),
        f"{URL}/jwks": made.jwks(),
    }
    token = made.issue("lan", "H40.01", ["clerk"], behalf="chair")

    def at(now: float) -> TokenVerifier:
        return TokenVerifier((URL,), fetch=documents.__getitem__, clock=lambda: now)

    assert at(1299).verify(token).behalf == "chair"
    assert reason(at(1311), token) == "expired"


def test_two_issuers_that_start_together_share_one_key(tmp_path: Path) -> None:
    first, second = (TokenIssuer(URL, tmp_path / "key.pem") for _ in range(2))
    assert first.jwks() == second.jwks()
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]
