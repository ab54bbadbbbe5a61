"""A certificate is looked into before it signs, against a live responder and an absent one."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.signatures.pdf.engine import Engine
from services.signatures.pdf.fetch import FetchFailed
from services.signatures.pdf.revocation import RevocationSource
from services.signatures.pdf.signed import SigningRefused
from services.signatures.pdf.standing import FRESH, Standing, Standings
from tests.support.pki import (
    EXPIRED,
    FOR_ENCRYPTION,
    LEADER,
    LEADER_BOX,
    REVOKED,
    FetchAsOf,
    Pki,
    draft,
    foreign,
    now,
    running,
)
from tools.pki.store import Subject

LATER_REVOKED = "0190a000-0000-7000-8000-0000000000a7"
NEXT_UPDATE = timedelta(minutes=10)  # of the test responder's answers


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


class Responder:
    """The real one as it would answer at `at`; counts its questions and can be away."""

    def __init__(self, at: datetime) -> None:
        self.at, self.asked, self.away = at, 0, False

    async def __call__(self, url: str, body: bytes | None, content_type: str) -> bytes:
        self.asked += 1
        if self.away:
            raise FetchFailed(url, "away")
        return await FetchAsOf(self.at)(url, body, content_type)


class Signer:
    """One leader who asks for his standing again and again, at instants of the test's choice."""

    def __init__(self, pki: Pki, owner: str = LEADER) -> None:
        self.responder = Responder(now())
        self.certificate = pki.keys.signer(owner).signing_cert
        self.standings = Standings(pki.trust, self.source())

    def source(self) -> RevocationSource:
        return RevocationSource(self.responder)

    def ask(self, after: timedelta = timedelta()) -> Standing:
        began = self.responder.at
        self.responder.at = began + after
        self.standings._source = self.source()  # its minute of keeping is another rule
        try:
            return self.standings.check(self.certificate, began + after)
        finally:
            self.responder.at = began


@pytest.fixture
def leader(pki: Pki) -> Signer:
    return Signer(pki)


def refusal_of(pki: Pki, owner: str) -> str:
    with pytest.raises(SigningRefused) as refusal:
        Signer(pki, owner).ask()
    return refusal.value.code


def test_a_good_certificate_signs_and_the_answers_are_kept(pki: Pki) -> None:
    engine = Engine(pki.setup())
    signed = engine.sign_leader(draft(), person_id=LEADER, box=LEADER_BOX, at=now())
    assert signed.revocation == "good"
    assert len(signed.answers) == 2  # about the leader, and about who certified him


@pytest.mark.parametrize(
    ("owner", "code"),
    [
        (REVOKED, "certificate_revoked"),
        (EXPIRED, "certificate_expired"),
        (FOR_ENCRYPTION, "key_usage_wrong"),
    ],
)
def test_a_bad_certificate_is_refused_with_its_reason(pki: Pki, owner: str, code: str) -> None:
    assert refusal_of(pki, owner) == code


def test_a_revoked_leader_signs_nothing(pki: Pki) -> None:
    with pytest.raises(SigningRefused) as refusal:
        Engine(pki.setup()).sign_leader(draft(), person_id=REVOKED, box=LEADER_BOX, at=now())
    assert refusal.value.code == "certificate_revoked"


def test_a_certificate_of_nobody_we_trust_is_refused(pki: Pki, tmp_path: Path) -> None:
    stranger = foreign(tmp_path / "foreign").signer(LEADER).signing_cert
    with pytest.raises(SigningRefused) as refusal:
        Standings(pki.trust, RevocationSource(Responder(now()))).check(stranger, now())
    assert refusal.value.code == "certificate_untrusted"


def test_without_an_answer_he_signs_and_it_is_told(pki: Pki, leader: Signer) -> None:
    leader.responder.away = True
    assert leader.ask() == Standing("unknown")
    offline = Engine(replace(pki.setup(), hosts=()))
    signed = offline.sign_leader(draft(), person_id=LEADER, box=LEADER_BOX, at=now())
    assert (signed.revocation, signed.answers) == ("unknown", ())


def test_while_an_answer_is_fresh_nobody_is_asked_again(leader: Signer) -> None:
    first = leader.ask()
    asked = leader.responder.asked
    assert leader.ask(FRESH - timedelta(seconds=1)) is first
    assert leader.responder.asked == asked
    leader.ask(FRESH)
    assert leader.responder.asked > asked


def test_while_nobody_answers_the_last_answer_counts_until_its_next_update(
    leader: Signer,
) -> None:
    good = leader.ask()
    leader.responder.away = True
    kept = leader.standings._kept[leader.certificate.sha256]
    leader.standings._kept[leader.certificate.sha256] = replace(
        kept, usable_until=kept.asked_at + 3 * FRESH
    )
    assert leader.ask(2 * FRESH) is good
    assert leader.ask(3 * FRESH) == Standing("unknown")


def test_an_answer_is_not_used_beyond_its_next_update(leader: Signer) -> None:
    leader.ask()
    kept = leader.standings._kept[leader.certificate.sha256]
    assert abs(kept.usable_until - leader.responder.at - NEXT_UPDATE) < timedelta(seconds=2)


def test_what_is_revoked_is_not_used_from_the_next_question_on(pki: Pki) -> None:
    pki.add(Subject(LATER_REVOKED, "leader", "Đỗ Thu Hồi Sau", "UBND"))
    leader = Signer(pki, LATER_REVOKED)
    assert leader.ask().revocation == "good"
    pki.revoke(LATER_REVOKED)
    for away in (False, True):
        leader.responder.away = away
        with pytest.raises(SigningRefused) as refusal:
            leader.ask(FRESH)
        assert refusal.value.code == "certificate_revoked"


def test_an_answer_of_later_says_nothing_of_now(leader: Signer) -> None:
    leader.ask(timedelta(minutes=5))
    leader.responder.away = True
    assert leader.ask() == Standing("unknown")
