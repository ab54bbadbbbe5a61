"""Answers about revocation that are missing, wrong, or not for us."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.generic import ArrayObject, StreamObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tools.corpus.certificates import Holder, issue
from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import names, updated
from tools.corpus.responder import answer
from tools.corpus.signing import sign


def _told(bench: Bench, told: Callable[[Holder], bytes]) -> bytes:
    return sign(bench.draft, bench.pki.issue("Đỗ Hỏi Đáp", told=told).signer)


@kind("a certificate that names no responder")
def revocation_not_told(bench: Bench) -> bytes:
    return sign(bench.draft, issue("Đỗ Im Lặng", bench.pki.holder("localities")).signer)


@kind("a responder at an address that may not be asked")
def revocation_at_forbidden_address(bench: Bench) -> bytes:
    url = "http://169.254.169.254/latest"
    holder = issue("Đỗ Chỉ Đường", bench.pki.holder("localities"), ocsp_url=url)
    return sign(bench.draft, holder.signer)


@kind("an answer about another certificate")
def ocsp_of_another_certificate(bench: Bench) -> bytes:
    other = bench.pki.issue("Người khác")
    return _told(bench, lambda _: bench.pki.good(other))


@kind("an answer signed by a stranger")
def ocsp_by_stranger(bench: Bench) -> bytes:
    stranger = issue("OCSP lạ", None, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    authority = bench.pki.holder("localities").certificate
    return _told(bench, lambda holder: answer(holder.certificate, authority, stranger))


@kind("an answer signed by a person of the same authority")
def ocsp_by_person(bench: Bench) -> bytes:
    person = bench.pki.issue("Người thường")
    authority = bench.pki.holder("localities").certificate
    return _told(bench, lambda holder: answer(holder.certificate, authority, person))


@kind("an answer whose time was stretched")
def ocsp_stretched(bench: Bench) -> bytes:
    old, over = timedelta(days=9), -timedelta(days=8)

    def told(holder: Holder) -> bytes:
        ends = f"{datetime.now(UTC) + over:%Y%m%d}".encode()
        return bench.pki.good(holder, age=old, good_for=over).replace(ends, b"20991231")

    return _told(bench, told)


@kind("an answer whose time is over")
def ocsp_out_of_date(bench: Bench) -> bytes:
    old, over = timedelta(days=9), -timedelta(days=8)
    return _told(bench, lambda holder: bench.pki.good(holder, age=old, good_for=over))


@kind("an answer from the future")
def ocsp_from_future(bench: Bench) -> bytes:
    ahead, later = -timedelta(days=2), timedelta(days=4)
    return _told(bench, lambda holder: bench.pki.good(holder, age=ahead, good_for=later))


@kind("the answer: unknown")
def ocsp_unknown(bench: Bench) -> bytes:
    status = ocsp.OCSPCertStatus.UNKNOWN
    return _told(bench, lambda holder: bench.pki.good(holder, status=status))


@kind("the answer: revoked")
def ocsp_revoked(bench: Bench) -> bytes:
    status = ocsp.OCSPCertStatus.REVOKED
    return _told(bench, lambda holder: bench.pki.good(holder, status=status))


@kind("an answer that is none")
def ocsp_rubbish(bench: Bench) -> bytes:
    return _told(bench, lambda _: b"rubbish")


@kind("an empty answer")
def ocsp_empty(bench: Bench) -> bytes:
    return _told(bench, lambda _: b"")


@kind("an answer without end")
def ocsp_endless(bench: Bench) -> bytes:
    return _told(bench, lambda _: bytes(5_000_000))


@kind("an intermediate authority that is revoked")
def authority_revoked(bench: Bench) -> bytes:
    root = bench.pki.holder("root")
    ca = bench.pki.issue(
        "Cơ quan bị thu hồi",
        root,
        told=lambda holder: answer(
            holder.certificate,
            root.certificate,
            bench.pki.holder("ocsp-root"),
            status=ocsp.OCSPCertStatus.REVOKED,
        ),
        usages=("key_cert_sign", "crl_sign", "digital_signature"),
        authority=True,
    )
    return sign(bench.draft, bench.pki.issue("Dưới cơ quan bị thu hồi", ca).signer)


def _with_evidence(pdf: bytes, content: bytes) -> bytes:
    """`pdf` with bytes in its DSS that claim to be an OCSP answer."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        stored = writer.add_object(StreamObject(stream_data=content))
        store = names(Type=pdf_name("/DSS"), OCSPs=ArrayObject([stored]))
        writer.root[pdf_name("/DSS")] = writer.add_object(store)
        writer.update_root()

    return updated(pdf, change)


def _unanswered(bench: Bench) -> Holder:
    return issue("Đỗ Im Lặng", bench.pki.holder("localities"))


@kind("evidence in the file: an answer about another certificate")
def evidence_of_another_certificate(bench: Bench) -> bytes:
    other = bench.pki.good(bench.pki.issue("Người khác"))
    return _with_evidence(sign(bench.draft, _unanswered(bench).signer), other)


@kind("evidence in the file: an answer signed by a stranger")
def evidence_by_stranger(bench: Bench) -> bytes:
    holder = _unanswered(bench)
    stranger = issue("OCSP lạ", None, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    forged = answer(holder.certificate, bench.pki.holder("localities").certificate, stranger)
    return _with_evidence(sign(bench.draft, holder.signer), forged)


@kind("evidence in the file: an answer that is none")
def evidence_of_rubbish(bench: Bench) -> bytes:
    return _with_evidence(bench.sealed, b"rubbish")


@kind("old good evidence does not outweigh a revocation")
def evidence_before_revocation(bench: Bench) -> bytes:
    status = ocsp.OCSPCertStatus.REVOKED
    holder = bench.pki.issue("Đỗ Thu Hồi Sau", told=lambda one: bench.pki.good(one, status=status))
    old = bench.pki.good(holder, age=timedelta(days=20), good_for=timedelta(hours=1))
    return _with_evidence(sign(bench.draft, holder.signer), old)


@kind("evidence in the file: an answer that the signer made himself")
def evidence_by_signer(bench: Bench) -> bytes:
    holder = _unanswered(bench)
    made = answer(holder.certificate, bench.pki.holder("localities").certificate, holder)
    return _with_evidence(sign(bench.draft, holder.signer), made)
