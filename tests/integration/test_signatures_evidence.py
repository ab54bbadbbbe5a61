"""Evidence keeps signatures believable for longer than any certificate in them lives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.signatures.pdf.engine import Engine
from services.signatures.pdf.evidence import AWAY, Evidence, add_evidence
from services.signatures.pdf.fetch import FetchFailed, HttpFetch
from services.signatures.pdf.report import Report
from services.signatures.pdf.sign import sign_leader
from services.signatures.pdf.signed import SigningRefused
from services.signatures.pdf.timestamps import TimestampAuthorities
from services.signatures.pdf.verdict import validate
from tests.support.pki import (
    EXPIRED,
    LEADER,
    LEADER_BOX,
    FetchAsOf,
    Pki,
    draft,
    now,
    running,
)
from tools.pki.architecture import TSAS, tsa_url
from tools.pki.store import Subject

YEAR = timedelta(days=365)
LATER_REVOKED = "0190a000-0000-7000-8000-0000000000a8"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def old() -> Pki:
    """Authorities of six and a half years: whoever signed at first has expired, and so has `tsa`.

    pyHanko takes no proof for later than the machine's clock, so years pass before today.
    """
    return running(6 * YEAR + YEAR / 2)


def began(pki: Pki) -> datetime:
    """A day on which everybody's certificate was new."""
    return datetime.fromisoformat(pki.state.created_at) + timedelta(days=30)


@pytest.fixture(scope="module")
def issued(pki: Pki) -> bytes:
    return pki.issued()[-1]


def kept_at(pki: Pki, pdf: bytes, at: datetime, tsa: str = "tsa") -> Evidence:
    """Evidence made at an instant, by what authorities and responders would answer then."""
    return add_evidence(pdf, trust=pki.trust, tsa=pki.tsa(at, tsa), at=at, fetch=FetchAsOf(at))


def judged_at(pki: Pki, pdf: bytes, at: datetime) -> Report:
    return validate(pdf, trust=pki.trust, at=at, fetch=FetchAsOf(at))


def signed_at(pki: Pki, owner: str, at: datetime, tsa: TimestampAuthorities | None = None) -> bytes:
    signer = pki.keys.signer(owner)
    return sign_leader(draft(), signer=signer, person_id=owner, box=LEADER_BOX, tsa=tsa, at=at).pdf


def levels(report: Report) -> list[str]:
    return [one.level for one in report.signatures if one.role != "timestamp"]


def certificate_ends(pki: Pki, name: str) -> datetime:
    made = datetime.fromisoformat(pki.state.created_at)
    return (made + {"tsa": 5 * YEAR, "tsa-2": 8 * YEAR}[name]).replace(microsecond=0)


def test_it_tells_what_it_rests_on_and_until_when(pki: Pki, issued: bytes) -> None:
    at = now()
    made = kept_at(pki, issued, at)
    assert made.pdf.startswith(issued)
    assert abs(made.stamped_at - at) < timedelta(seconds=2)
    assert made.authority == "Dấu thời gian Chính phủ (thử nghiệm)"
    assert made.certificate_ends == certificate_ends(pki, "tsa")
    assert made.algorithms == ("rsa-2048", "sha256")


@pytest.fixture(scope="module", params=["stamped", "unstamped"])
def first(old: Pki, request: pytest.FixtureRequest) -> Evidence:
    """The evidence of a file that was signed in the first year, with and without timestamp."""
    at = began(old)
    tsa = old.tsa(at) if request.param == "stamped" else None
    return kept_at(old, signed_at(old, LEADER, at, tsa), at)


def test_without_renewal_it_ends_with_the_timestamps_certificate(old: Pki, first: Evidence) -> None:
    ends = certificate_ends(old, "tsa")
    assert judged_at(old, first.pdf, ends - timedelta(days=1)).verdict == "TOTAL_PASSED"
    assert judged_at(old, first.pdf, ends + timedelta(days=1)).verdict == "INDETERMINATE"
    assert old.judge(first.pdf).verdict == "INDETERMINATE"


def test_renewed_in_time_it_outlives_every_first_certificate(old: Pki, first: Evidence) -> None:
    second = kept_at(old, first.pdf, first.certificate_ends - timedelta(days=90), "tsa-2")
    assert second.pdf.startswith(first.pdf)
    assert second.certificate_ends == certificate_ends(old, "tsa-2")
    report = old.judge(second.pdf)
    assert (report.verdict, report.reasons) == ("TOTAL_PASSED", ())
    assert [(one.role, one.level) for one in report.signatures] == [
        ("leader", "B-LTA"),
        ("timestamp", ""),
        ("timestamp", ""),
    ]


def test_renewed_too_late_it_is_lost(old: Pki, first: Evidence) -> None:
    with pytest.raises(SigningRefused) as refusal:
        kept_at(old, first.pdf, first.certificate_ends + timedelta(days=1), "tsa-2")
    assert refusal.value.code == "evidence_incomplete"


def test_a_signature_without_timestamp_gets_its_time_from_the_evidence(pki: Pki) -> None:
    then = pki.keys.signer(EXPIRED).signing_cert.not_valid_after - timedelta(days=1)
    unstamped = signed_at(pki, EXPIRED, then)
    assert judged_at(pki, unstamped, now()).verdict == "INDETERMINATE"
    report = judged_at(pki, kept_at(pki, unstamped, then).pdf, now())
    assert (report.verdict, report.reasons) == ("TOTAL_PASSED", ())
    assert levels(report) == ["B-LTA"]
    assert report.signatures[0].best_at == report.signatures[1].timestamp_at


def test_evidence_that_came_too_late_saves_no_signature_without_timestamp(pki: Pki) -> None:
    then = pki.keys.signer(EXPIRED).signing_cert.not_valid_after - timedelta(days=1)
    kept = add_evidence(
        signed_at(pki, EXPIRED, then),
        trust=pki.trust,
        tsa=pki.tsa(),
        at=then,
        fetch=FetchAsOf(then),
    )
    report = judged_at(pki, kept.pdf, now())
    assert (report.verdict, report.sub_indication) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def test_a_revocation_after_the_evidence_undoes_nothing(pki: Pki) -> None:
    pki.add(Subject(LATER_REVOKED, "leader", "Đỗ Thu Hồi Sau", "UBND"))
    unstamped = pki.leader(draft(), LATER_REVOKED).pdf
    kept = add_evidence(unstamped, trust=pki.trust, tsa=pki.tsa(), at=now(), fetch=pki.fetch()).pdf
    pki.revoke(LATER_REVOKED)
    assert pki.judge(kept).verdict == "TOTAL_PASSED"
    assert pki.judge(unstamped).verdict == "INDETERMINATE"


class Partly:
    """The real network without some of its addresses."""

    def __init__(self, *away: str) -> None:
        self.away = away

    async def __call__(self, url: str, body: bytes | None, content_type: str) -> bytes:
        if any(part in f"{url}/" for part in self.away):
            raise FetchFailed(url, "away")
        return await FetchAsOf(now())(url, body, content_type)


@pytest.mark.parametrize(
    ("away", "code"), [("/tsa/", "timestamp_unavailable"), ("/ocsp/", "revocation_unknown")]
)
def test_who_is_away_is_told_and_nothing_is_made(
    pki: Pki, issued: bytes, away: str, code: str
) -> None:
    fetch: Any = Partly(away)
    tsa = TimestampAuthorities([tsa_url(pki.state)], fetch, pki.trust)
    with pytest.raises(SigningRefused) as refusal:
        add_evidence(issued, trust=pki.trust, tsa=tsa, at=now(), fetch=fetch)
    assert refusal.value.code == code
    assert code in AWAY


def test_the_second_authority_stamps_while_the_first_is_away(pki: Pki, issued: bytes) -> None:
    fetch: Any = Partly("/tsa/tsa/")
    urls = [tsa_url(pki.state, name) for name in TSAS]
    made = add_evidence(
        issued,
        trust=pki.trust,
        tsa=TimestampAuthorities(urls, fetch, pki.trust),
        at=now(),
        fetch=pki.fetch(),
    )
    assert made.authority == "Dấu thời gian dự phòng (thử nghiệm)"


def test_what_would_not_pass_is_not_made(pki: Pki) -> None:
    engine = Engine(pki.setup())
    signed = pki.leader(draft()).pdf
    broken = signed.replace(b"/MediaBox", b"/MediaBoy", 1)
    with pytest.raises(SigningRefused) as refusal:
        engine.add_evidence(broken, at=now())
    assert refusal.value.code == "evidence_not_good"
    assert engine.add_evidence(signed, at=now()).pdf.startswith(signed)


def test_a_verdict_without_an_answer_is_pending_and_one_with_it_is_not(
    pki: Pki, issued: bytes
) -> None:
    fetch: Any = Partly("/ocsp/")
    report = validate(issued, trust=pki.trust, at=now(), fetch=fetch)
    assert (report.verdict, report.pending) == ("INDETERMINATE", True)
    assert {one.code for one in report.reasons} == {"revocation_unknown"}
    assert not pki.judge(issued).pending


def test_what_nobody_will_ever_be_asked_for_is_not_pending(pki: Pki, issued: bytes) -> None:
    report = validate(issued, trust=pki.trust, at=now(), fetch=HttpFetch([]))
    assert (report.verdict, report.pending) == ("INDETERMINATE", False)


def test_a_failed_file_is_not_pending(pki: Pki, issued: bytes) -> None:
    fetch: Any = Partly("/ocsp/")
    report = validate(issued + b"x", trust=pki.trust, at=now(), fetch=fetch)
    assert (report.verdict, report.pending) == ("TOTAL_FAILED", False)


def test_an_instant_without_zone_is_the_callers_mistake(pki: Pki, issued: bytes) -> None:
    with pytest.raises(ValueError, match="time zone"):
        validate(
            issued, trust=pki.trust, at=datetime.now(UTC).replace(tzinfo=None), fetch=pki.fetch()
        )
