"""The doctor names each fault of a real certificate, link by link, and says what to do."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.signatures.pdf.sign import sign_leader
from tests.support.pki import LEADER_BOX, draft
from tools.certificates import findings
from tools.cli import main
from tools.corpus.authority import Authority, running
from tools.corpus.certificates import Holder, issue, new_key, with_weak_digest
from tools.corpus.responder import answer

pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length")
OUTSIDE = "http://192.0.2.1/ocsp"  # TEST-NET-1: nobody is there (RFC 5737)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with running(tmp_path_factory.mktemp("doctor") / "pki") as made:
        yield made


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRUST_DIR", "TSA_URL", "FETCH_HOSTS", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def pem(*holders: Holder) -> bytes:
    return b"".join(holder.certificate.public_bytes(Encoding.PEM) for holder in holders)


class Doctor:
    """The command, on a file with these certificates."""

    def __init__(self, pki: Authority, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.pki, self.folder, self.capsys = pki, folder, capsys
        self.code = -1

    def __call__(self, content: bytes, *words: str, trust: Path | None = None) -> Any:
        file = self.folder / "examined"
        file.write_bytes(content)
        folder = trust or self.pki.data / "trust"
        all_words = ["certificates", "doctor", str(file), "--trust", str(folder), *words, "--json"]
        self.code = main(all_words)
        return json.loads(self.capsys.readouterr().out)

    def codes(self, content: bytes, *words: str, trust: Path | None = None) -> list[Any]:
        """The findings about the first certificate as (link, code)."""
        one = self(content, *words, trust=trust)["certificates"][0]
        return [(found["link"], found["code"]) for found in one["findings"]]


@pytest.fixture
def doctor(pki: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(pki, tmp_path, capsys)


def test_a_good_certificate_is_healthy_and_the_code_is_0(doctor: Doctor, pki: Authority) -> None:
    (one,) = doctor(pem(pki.issue("Nguyễn Văn Đức")))["certificates"]
    assert (doctor.code, one["state"], one["findings"], one["trusted"]) == (0, "healthy", [], True)
    assert len(one["links"]) == 3


USAGES = ("key_encipherment",)
FAULTS: dict[str, tuple[Callable[[Authority], bytes], list[tuple[int, str]]]] = {
    "not yet valid": (
        lambda pki: pem(pki.issue("A", days=(3, 300))), [(0, "not_yet_valid")],
    ),
    "expired": (lambda pki: pem(pki.issue("A", days=(-30, -1))), [(0, "expired")]),
    "soon expired": (lambda pki: pem(pki.issue("A", days=(-30, 20))), [(0, "expires_soon")]),
    "for encryption": (lambda pki: pem(pki.issue("A", usages=USAGES)), [(0, "key_usage_wrong")]),
    "for web servers": (
        lambda pki: pem(pki.issue("A", purposes=[ExtendedKeyUsageOID.SERVER_AUTH])),
        [(0, "purpose_wrong")],
    ),
    "by a stranger": (
        lambda pki: _stranger(pki, whole=True), [(1, "issuer_unknown"), (0, "address_not_allowed")],
    ),
    "a link missing": (
        lambda pki: _stranger(pki, whole=False), [(0, "intermediate_missing")],
    ),
    "revoked": (
        lambda pki: pem(_told(pki, status=ocsp.OCSPCertStatus.REVOKED)), [(0, "revoked")],
    ),
    "unknown to OCSP": (
        lambda pki: pem(_told(pki, status=ocsp.OCSPCertStatus.UNKNOWN)),
        [(0, "revocation_unknown")],
    ),
    "stale answer": (
        lambda pki: pem(_told(pki, age=timedelta(days=9), good_for=timedelta(days=-2))),
        [(0, "revocation_stale")],
    ),
    "an answer from the future": (
        lambda pki: pem(pki.issue("A", told=lambda one: _from_the_future(pki, one))),
        [(0, "clock_wrong")],
    ),
    "an answer by a stranger": (
        lambda pki: pem(_answered_by_a_stranger(pki)), [(0, "revocation_answer_wrong")],
    ),
    "no answer": (
        lambda pki: pem(pki.issue("A", told=_nothing)), [(0, "revocation_unreachable")],
    ),
    "an address outside": (
        lambda pki: pem(issue("A", pki.holder("localities"), ocsp_url=OUTSIDE)),
        [(0, "address_not_allowed")],
    ),
    "no address": (
        lambda pki: pem(issue("A", pki.holder("localities"))), [(0, "revocation_unnamed")],
    ),
    "SHA-1": (
        lambda pki: pem(with_weak_digest(pki.issue("A"), pki.holder("localities"))),
        [(0, "algorithm_weak")],
    ),
    "1024 bits": (lambda pki: pem(pki.issue("A", key=new_key(1024))), [(0, "algorithm_weak")]),
    "forged": (lambda pki: pem(_forged(pki)), [(0, "signature_wrong")]),
    "issued by a person": (
        lambda pki: _issued_by_a_person(pki),
        [(1, "issuer_not_authority"), (2, "issuer_not_authority")],  # whose path length is 0
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_link(doctor: Doctor, pki: Authority, fault: str) -> None:
    make, expected = FAULTS[fault]
    assert doctor.codes(make(pki)) == expected
    severities = {findings.finding(code).severity for _, code in expected}
    assert doctor.code == (1 if "error" in severities else 2)


def _told(pki: Authority, **how: Any) -> Holder:
    return pki.issue("A", told=lambda one: pki.good(one, **how))


def _nothing(_holder: Holder) -> bytes:
    raise OSError("the responder is broken")


def _from_the_future(pki: Authority, one: Holder) -> bytes:
    """A responder whose clock is an hour ahead: producedAt is always its own time."""
    basic = ocsp.load_der_ocsp_response(pki.good(one, age=timedelta(hours=-1)))
    assert basic.this_update_utc > datetime.now(UTC)
    return _produced(pki, one, timedelta(hours=1))


def _produced(pki: Authority, one: Holder, ahead: timedelta) -> bytes:
    from asn1crypto import ocsp as asn1
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    response = asn1.OCSPResponse.load(pki.good(one))
    basic = response["response_bytes"]["response"].parsed
    basic["tbs_response_data"]["produced_at"] = datetime.now(UTC).replace(microsecond=0) + ahead
    signed = basic["tbs_response_data"].dump(force=True)
    key = pki.holder("ocsp-localities").key
    basic["signature"] = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    response["response_bytes"]["response"] = asn1.ParsableOctetString(basic.dump(force=True))
    return bytes(response.dump(force=True))


def _answered_by_a_stranger(pki: Authority) -> Holder:
    stranger = issue("Kẻ lạ", None, key=new_key(), purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    issuer = pki.holder("localities").certificate
    return pki.issue("A", told=lambda one: answer(one.certificate, issuer, stranger))


def _stranger(pki: Authority, *, whole: bool) -> bytes:
    root = issue("Gốc lạ", None, authority=True, key=new_key(), usages=("key_cert_sign",))
    leaf = issue("A", root, ocsp_url=OUTSIDE)
    return pem(leaf, root) if whole else pem(leaf)


def _forged(pki: Authority) -> Holder:
    """Our authority's name, another key."""
    real = pki.holder("localities")
    return pki.issue("A", Holder(real.certificate, new_key()), told=lambda one: pki.good(one))


def _issued_by_a_person(pki: Authority) -> bytes:
    person = pki.issue("Người thường", key=new_key())
    below = pki.issue(
        "A", person, told=lambda one: answer(one.certificate, person.certificate, person)
    )
    return pem(below, person)


def test_every_code_has_words_and_what_to_do_in_both_languages() -> None:
    for code in findings.CODES:
        one = findings.finding(code)
        assert all(words.endswith(".") for words in (one.vi, one.en, one.do_vi, one.do_en)), code


def test_a_revocation_after_the_asked_instant_is_none_then(doctor: Doctor, pki: Authority) -> None:
    revoked = pem(_told(pki, status=ocsp.OCSPCertStatus.REVOKED))  # five days ago
    before = (datetime.now(UTC) - timedelta(days=6)).isoformat()
    assert doctor.codes(revoked, "--at", before) == []
    assert doctor.codes(revoked) == [(0, "revoked")]


def test_every_faulty_link_is_told_not_only_the_first(doctor: Doctor, pki: Authority) -> None:
    old = issue(
        "Cấp trên",
        None,
        authority=True,
        key=new_key(1024),
        usages=("key_cert_sign",),
        days=(-9, -1),
    )
    leaf = issue("A", old, usages=USAGES, ocsp_url=OUTSIDE)
    assert doctor.codes(pem(leaf, old)) == [
        (0, "key_usage_wrong"),
        (1, "expired"),
        (1, "algorithm_weak"),
        (1, "issuer_unknown"),
        (0, "address_not_allowed"),
    ]


def test_an_address_may_be_allowed_by_hand(doctor: Doctor, pki: Authority, tmp_path: Path) -> None:
    trust = tmp_path / "trust"
    trust.mkdir()
    root = issue("Gốc riêng", None, authority=True, key=new_key(), usages=("key_cert_sign",))
    (trust / "root.pem").write_bytes(pem(root))
    leaf = pki.issue("A", root, told=lambda one: answer(one.certificate, root.certificate, root))
    assert doctor.codes(pem(leaf), trust=trust) == [(0, "address_not_allowed")]
    assert doctor.codes(pem(leaf), "--ask", pki.host, trust=trust) == []


def test_the_certificates_of_a_signed_pdf_are_examined(doctor: Doctor, pki: Authority) -> None:
    holder = pki.issue("Nguyễn Văn Đức", days=(-30, 20))
    signed = sign_leader(
        draft(), signer=holder.signer, person_id="x", box=LEADER_BOX, tsa=None,
        at=datetime.now(UTC),
    )  # fmt: skip
    (one,) = doctor(signed.pdf)["certificates"]
    assert one["links"][0]["name"] == "Nguyễn Văn Đức"
    assert [found["code"] for found in one["findings"]] == ["expires_soon"]


def test_a_time_stamp_authority_that_does_not_answer_is_told(
    doctor: Doctor, pki: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSA_URL", f"http://{pki.host}/nobody/here")
    told = doctor(pem(pki.issue("A")))
    assert [one["code"] for one in told["findings"]] == ["timestamp_unreachable"]
    assert (told["state"], doctor.code) == ("warning", 2)


def test_der_is_read_like_pem(doctor: Doctor, pki: Authority) -> None:
    der = pki.issue("A").certificate.public_bytes(Encoding.DER)
    assert doctor.codes(der) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"0\x82\xff\xff",
        b"%PDF-1.7\n" + b"[" * 100_000,
        draft(),
    ],
    ids=["empty", "rubbish", "not DER", "a key", "cut off", "hostile PDF", "unsigned PDF"],
)
def test_what_is_no_certificate_is_a_wrong_call(
    content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert main(["certificates", "doctor", str(file)]) == 3
    said = capfd.readouterr()
    assert "no certificate" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["doctor"],
        ["doctor", "x.pem", "--all"],
        ["doctor", "x.pem", "--at", "2027-01-01"],
        ["doctor", "--all", "--rehearse", "soon"],
        ["doctor", "--all", "--rehearse", "2027-01-01", "--as-if-expired", "x"],
    ],
)
def test_a_wrong_call_is_no_finding(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["certificates", *words])
    assert ending.value.code == 3


def test_people_read_what_fails_and_what_to_do(
    doctor: Doctor, pki: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    file = doctor.folder / "leader.pem"
    file.write_bytes(pem(pki.issue("Phạm Hết Hạn", days=(-30, -1))))
    assert main(["certificates", "doctor", str(file), "--trust", str(pki.data / "trust")]) == 1
    said = capsys.readouterr().out
    for words in ("Phạm Hết Hạn", "Không dùng được", "Chứng thư đã hết hạn", "has expired", "→"):
        assert words in said


def test_without_trust_everybody_is_a_stranger(
    pki: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "leader.pem"
    file.write_bytes(pem(pki.issue("A")))
    assert main(["certificates", "doctor", str(file), "--json"]) == 1
    assert "nobody is trusted" in capsys.readouterr().err
