"""Several time-stamp authorities: the first good token is taken, bad ones are never."""

import asyncio
import hashlib
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyhanko.sign.general import extract_certificate_info

from services.signatures.pdf import timestamps
from services.signatures.pdf.facts import common_name
from services.signatures.pdf.fetch import FetchFailed
from services.signatures.pdf.timestamps import (
    TimestampAuthorities,
    TimestampUnavailable,
    token_info,
)
from services.signatures.pdf.trust import TrustStore
from tests.support.pki import FetchAsOf, Pki, draft, foreign, now, running
from tools.pki.architecture import TSAS, tsa_url

DIGEST = hashlib.sha256(b"a signature").digest()
OTHER_DIGEST = hashlib.sha256(b"another one").digest()


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


class Network:
    """The real authorities, except those that are away; counts who was asked."""

    def __init__(self, pki: Pki, at: datetime | None = None) -> None:
        self.urls = [tsa_url(pki.state, name) for name in TSAS]
        self.away: set[str] = set()
        self.asked: list[str] = []
        self.at = at or now()
        self.bent: dict[str, Any] = {}

    async def __call__(self, url: str, body: bytes | None, content_type: str) -> bytes:
        self.asked.append(url)
        if url in self.away:
            raise FetchFailed(url, "away")
        body = self.bent.get("body") or body
        return await FetchAsOf(self.at)(url, body, content_type)


def token(tsa: TimestampAuthorities, digest: bytes = DIGEST) -> Any:
    return asyncio.run(tsa.token(digest))["content"]


def signer(token: Any) -> str:
    return common_name(extract_certificate_info(token).signer_cert)


@pytest.fixture
def network(pki: Pki) -> Network:
    return Network(pki)


@pytest.fixture
def tsa(pki: Pki, network: Network) -> TimestampAuthorities:
    return TimestampAuthorities(network.urls, network, pki.trust)


def test_the_first_authority_is_asked_and_no_other(
    network: Network, tsa: TimestampAuthorities
) -> None:
    assert token_info(token(tsa))["message_imprint"]["hashed_message"].native == DIGEST
    assert network.asked == network.urls[:1]


def test_the_second_one_steps_in_and_the_first_is_passed_over_for_a_while(
    network: Network, tsa: TimestampAuthorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = network.urls
    network.away = {first}
    assert signer(token(tsa)) == "Dấu thời gian dự phòng (thử nghiệm)"
    token(tsa)
    assert network.asked == [first, second, second]
    later = time.monotonic() + timestamps.REST + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    network.away = set()
    token(tsa)
    assert network.asked[3:] == [first]


def test_when_all_are_away_nobody_is_asked_again_for_a_while(
    network: Network, tsa: TimestampAuthorities
) -> None:
    network.away = set(network.urls)
    assert not tsa.resting
    for _ in range(3):
        with pytest.raises(TimestampUnavailable):
            token(tsa)
    assert network.asked == network.urls
    assert tsa.resting


def test_without_an_authority_there_is_no_timestamp(pki: Pki, network: Network) -> None:
    nobody = TimestampAuthorities([], network, pki.trust)
    assert nobody.resting
    with pytest.raises(TimestampUnavailable):
        token(nobody)


def test_a_token_of_an_authority_that_nobody_trusts_is_not_used(
    pki: Pki, network: Network, tmp_path: Path
) -> None:
    foreign(tmp_path / "foreign")
    others = TrustStore.load(tmp_path / "foreign" / "trust")
    with pytest.raises(TimestampUnavailable):
        token(TimestampAuthorities(network.urls, network, others))
    signed = pki.leader(draft(), tsa=TimestampAuthorities(network.urls, network, others))
    assert signed.level == "B-B"


def test_a_token_for_something_else_is_not_used(
    network: Network, tsa: TimestampAuthorities
) -> None:
    _, request = tsa.request_cms(OTHER_DIGEST, "sha256")
    network.bent = {"body": request.dump()}
    with pytest.raises(TimestampUnavailable):
        token(tsa)


def test_an_old_token_for_the_same_digest_is_not_used(
    network: Network, tsa: TimestampAuthorities
) -> None:
    _, request = tsa.request_cms(DIGEST, "sha256")  # with another nonce
    network.bent = {"body": request.dump()}
    with pytest.raises(TimestampUnavailable):
        token(tsa)


def test_a_token_from_the_future_is_not_used(pki: Pki) -> None:
    ahead = Network(pki, now() + timedelta(hours=1))
    with pytest.raises(TimestampUnavailable):
        token(TimestampAuthorities(ahead.urls, ahead, pki.trust))


def test_a_token_signed_after_the_authority_expired_is_not_used(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Network(pki, now() + timedelta(days=365 * 6))
    monkeypatch.setattr(timestamps, "CLOCK_DRIFT", timedelta(days=365 * 20))
    tsa = TimestampAuthorities(late.urls, late, pki.trust)
    assert signer(token(tsa)) == "Dấu thời gian dự phòng (thử nghiệm)"
    assert late.asked == late.urls  # the first one's certificate ends after five years
