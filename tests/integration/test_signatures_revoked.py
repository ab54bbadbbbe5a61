"""Nothing that was signed after a revocation passes, whatever older answer the file brings."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from asn1crypto import ocsp as asn1_ocsp
from certomancer.registry.common import CertLabel
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore

from services.signatures.pdf.evidence import add_evidence
from services.signatures.pdf.fetch import FetchFailed
from services.signatures.pdf.report import Report
from services.signatures.pdf.verdict import validate
from tests.support.pki import LEADER, FetchAsOf, Pki, draft, now, running
from tools.corpus.certificates import Holder
from tools.corpus.responder import answer
from tools.pki.architecture import build
from tools.pki.issue import revoke
from tools.pki.store import Subject

STOLEN = "0190a000-0000-7000-8000-0000000000b1"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@dataclass(frozen=True)
class AnsweredAsOf:
    """Responders answer as they did at another instant, everybody else as of now."""

    instant: datetime

    async def __call__(self, url: str, body: bytes | None, content_type: str) -> bytes:
        then = self.instant if "/ocsp/" in url else now()
        return await FetchAsOf(then)(url, body, content_type)


@dataclass(frozen=True)
class SaysRevoked:
    """The PKI as it is, but for one certificate, which was revoked five days ago.

    `silent`: nobody answers for that one.
    """

    pki: Pki
    name: str
    issuer: str = "localities"
    silent: bool = False

    def answer(self) -> bytes:
        responder = f"ocsp-{self.issuer}"
        key = serialization.load_pem_private_key(
            (self.pki.data / "ca" / f"{responder}.pem").read_bytes(), None
        )
        holder: Any = Holder(self.certificate(responder), key)  # type: ignore[arg-type]
        status = ocsp.OCSPCertStatus.REVOKED
        issued_by = self.certificate(self.issuer)
        return answer(self.certificate(self.name), issued_by, holder, status=status)

    def certificate(self, name: str) -> x509.Certificate:
        made = build(self.pki.data, self.pki.state).get_cert(CertLabel(name))
        return x509.load_der_x509_certificate(made.dump())

    async def __call__(self, url: str, body: bytes | None, content_type: str) -> bytes:
        if body and "/ocsp/" in url:
            request = asn1_ocsp.OCSPRequest.load(body)["tbs_request"]["request_list"][0]
            asked = request["req_cert"]["serial_number"].native
            if asked == self.certificate(self.name).serial_number:
                if self.silent:
                    raise FetchFailed(url, "away")
                return self.answer()
        return await FetchAsOf(now())(url, body, content_type)


def kept(pki: Pki, pdf: bytes, tsa: str = "tsa", fetch: Any = None) -> bytes:
    return add_evidence(
        pdf, trust=pki.trust, tsa=pki.tsa(name=tsa), at=now(), fetch=fetch or FetchAsOf(now())
    ).pdf


def judged(pki: Pki, pdf: bytes, fetch: Any) -> Report:
    return validate(pdf, trust=pki.trust, at=now(), fetch=fetch)


def found(report: Report) -> set[tuple[str, str]]:
    return {(one.signature, one.code) for one in report.reasons}


@pytest.mark.parametrize("stamped", [False, True], ids=["unstamped", "stamped"])
def test_an_older_good_answer_saves_no_signature_of_a_revoked_certificate(
    pki: Pki, stamped: bool
) -> None:
    thief = f"{STOLEN[:-1]}{int(stamped) + 2}"
    pki.add(Subject(thief, "leader", "Bùi Bị Trộm", "UBND"))
    before = now() - timedelta(minutes=6)
    revoke(pki.data, thief, before + timedelta(minutes=3))
    signed = pki.leader(draft(), thief, tsa=pki.tsa() if stamped else None).pdf
    report = pki.judge(kept(pki, signed, fetch=AnsweredAsOf(before)))
    assert (report.verdict, report.sub_indication) == ("INDETERMINATE", "REVOKED_NO_POE")
    assert found(report) == {("leader", "certificate_revoked")}
    told = report.signatures[0].revocation
    assert told is not None
    assert (told.status, told.revoked_at) == ("revoked", before + timedelta(minutes=3))


@pytest.mark.parametrize("stamped", [False, True], ids=["unstamped", "stamped"])
def test_nor_of_a_revoked_authority(pki: Pki, stamped: bool) -> None:
    signed = pki.leader(draft(), tsa=pki.tsa() if stamped else None).pdf
    says = SaysRevoked(pki, "localities", issuer="root")
    report = judged(pki, kept(pki, signed), says)
    assert ("leader", "certificate_revoked") in found(report)


def test_nor_a_timestamp_that_a_later_one_renews(pki: Pki) -> None:
    """With the key of a revoked authority any time can be written into a timestamp."""
    renewed = kept(pki, kept(pki, pki.leader(draft()).pdf), "tsa-2")
    assert judged(pki, renewed, FetchAsOf(now())).verdict == "TOTAL_PASSED"
    first = judged(pki, renewed, FetchAsOf(now())).signatures[1]
    report = judged(pki, renewed, SaysRevoked(pki, "tsa"))
    assert report.verdict == "INDETERMINATE"
    assert found(report) == {(first.field, "timestamp_invalid")}


def test_a_revocation_that_only_the_file_tells_counts_too(pki: Pki) -> None:
    signed = pki.leader(draft()).pdf
    silent = SaysRevoked(pki, LEADER, silent=True)
    assert judged(pki, kept(pki, signed), silent).verdict == "TOTAL_PASSED"
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    told = asn1_ocsp.OCSPResponse.load(silent.answer())
    DocumentSecurityStore.supply_dss_in_writer(writer, None, ocsps=[told])
    output = BytesIO()
    writer.write(output)
    report = judged(pki, kept(pki, output.getvalue()), silent)
    assert found(report) == {("leader", "certificate_revoked")}
