"""A certificate may name several addresses for its revocation: one that answers is enough."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from services.signatures.pdf.fetch import HttpFetch
from services.signatures.pdf.report import Report
from services.signatures.pdf.verdict import validate
from tools.corpus.authority import Authority, running
from tools.corpus.certificates import Holder, issue
from tools.corpus.kinds import Bench
from tools.corpus.responder import PATH
from tools.corpus.signing import sign

pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length")

DEAD = "127.0.0.1:9"  # the port for discarding: nobody listens
AWAY = [f"http://{DEAD}/{number}" for number in range(2)]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with running(tmp_path_factory.mktemp("pki")) as authority:
        yield authority


def here(pki: Authority, name: str) -> str:
    return f"http://{pki.host}{PATH}{name}"


def responders(urls: Sequence[str]) -> tuple[x509.ExtensionType, bool]:
    kind = AuthorityInformationAccessOID.OCSP
    places = [x509.AccessDescription(kind, x509.UniformResourceIdentifier(url)) for url in urls]
    return x509.AuthorityInformationAccess(places), False


def points(urls: Sequence[Sequence[str]]) -> tuple[x509.ExtensionType, bool]:
    """Points of a revocation list, each with its mirrors."""
    made = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(one) for one in each], *[None] * 3)
        for each in urls
    ]
    return x509.CRLDistributionPoints(made), False


def empty_list(issuer: Holder) -> bytes:
    now = datetime.now(UTC)
    built = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - timedelta(minutes=1))
        .next_update(now + timedelta(hours=1))
    )
    return built.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def judged(pki: Authority, holder: Holder) -> Report:
    fetch = HttpFetch([pki.host, DEAD], timeout=20)
    pdf = sign(Bench(pki).draft, holder.signer)
    return validate(pdf, trust=pki.trust, at=datetime.now(UTC), fetch=fetch)


@pytest.mark.parametrize("away", [1, 2], ids=["second", "third"])
def test_the_next_responder_is_asked(pki: Authority, away: int) -> None:
    more = [responders([*AWAY[:away], here(pki, "next")])]
    holder = issue("Đỗ Hỏi Đáp", pki.holder("localities"), more=more)
    pki.responder.answers["next"] = lambda: pki.good(holder)
    assert judged(pki, holder).verdict == "TOTAL_PASSED"


def test_what_the_next_responder_said_is_no_answer_to_wait_for(pki: Authority) -> None:
    more = [responders([AWAY[0], here(pki, "revoked")])]
    holder = issue("Đỗ Thu Hồi", pki.holder("localities"), more=more)
    status = ocsp.OCSPCertStatus.REVOKED
    pki.responder.answers["revoked"] = lambda: pki.good(holder, status=status)
    report = judged(pki, holder)
    assert [one.code for one in report.reasons] == ["certificate_revoked"]
    assert not report.pending


@pytest.mark.parametrize("mirrored", [False, True], ids=["points", "mirrors"])
def test_the_next_address_of_a_list_is_asked(pki: Authority, mirrored: bool) -> None:
    localities = pki.holder("localities")
    urls = [AWAY[0], here(pki, "list")]
    more = [points([urls] if mirrored else [[url] for url in urls])]
    pki.responder.answers["list"] = lambda: empty_list(localities)
    assert judged(pki, issue("Đỗ Danh Sách", localities, more=more)).verdict == "TOTAL_PASSED"


def test_it_is_waited_for_when_none_of_them_answers(pki: Authority) -> None:
    more = [responders(AWAY), points([[AWAY[0]], [AWAY[1]]])]
    report = judged(pki, issue("Đỗ Chờ Đợi", pki.holder("localities"), more=more))
    assert (report.verdict, report.pending) == ("INDETERMINATE", True)
    assert {one.code for one in report.reasons} == {"revocation_unknown"}
