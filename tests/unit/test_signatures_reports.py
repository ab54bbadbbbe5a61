"""Reports that leave the house: the ETSI form says the same, and both forms are signed."""

import base64
import hashlib
import json
import stat
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws as other_jws
from joserfc.jwk import ECKey
from lxml import etree
from pyhanko.generated.etsi.ts_11910202 import ValidationReport
from signxml.exceptions import InvalidDigest, InvalidSignature
from xsdata.formats.dataclass.parsers import XmlParser

from services.signatures.pdf.reasons import reason
from services.signatures.pdf.report import CertificateFacts, Material, Report, SignatureFacts
from services.signatures.pdf.xml_report import to_xml
from services.signatures.report_key import JSON_TYPE, ReportKey, ReportKeyUnusable, verify_xml

AT = datetime(2026, 11, 22, 7, 5, 9, tzinfo=UTC)
VR = "{http://uri.etsi.org/19102/v1.2.1#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
CERTIFICATES = [Material.of("certificate", f"certificate {n}".encode()) for n in range(3)]
ANSWER = Material.of("ocsp", b"an answer")


def certificate(material: Material) -> CertificateFacts:
    return CertificateFacts("Nguyễn Văn Đức", "1f", material.sha256, AT, AT + timedelta(days=1))


SIGNATURE = SignatureFacts(
    field="leader",
    order=1,
    role="leader",
    verdict="TOTAL_PASSED",
    signer=certificate(CERTIFICATES[0]),
    chain=tuple(certificate(one) for one in reversed(CERTIFICATES)),
    claimed_at=AT,
    timestamp_at=AT + timedelta(seconds=1),
    best_at=AT + timedelta(seconds=1),
    level="B-T",
    byte_range=(0, 100, 200, 50),
    signed_sha256="a1" * 32,
    revision_sha256="b2" * 32,
)
REPORT = Report(
    verdict="TOTAL_PASSED",
    sub_indication="",
    reasons=(),
    signatures=(SIGNATURE, replace(SIGNATURE, field="Signature2", role="timestamp")),
    file_sha256="c3" * 32,
    size=250,
    at=AT + timedelta(minutes=1),
    trust_version="d4" * 32,
    material=(*CERTIFICATES, ANSWER),
)


def with_reasons(*codes: tuple[str, str]) -> Report:
    reasons = tuple(reason(code, signature) for code, signature in codes)
    worst = reasons[0].verdict
    signature = replace(SIGNATURE, verdict=worst)
    return replace(REPORT, verdict=worst, reasons=reasons, signatures=(signature,))


def read(report: Report) -> Any:
    """As another program that knows the standard reads it."""
    return XmlParser().from_bytes(to_xml(report), ValidationReport)


def test_it_has_an_entry_for_each_signature_and_none_for_a_document_timestamp() -> None:
    (entry,) = read(REPORT).signature_validation_report
    status = entry.signature_validation_status
    assert status.main_indication == "urn:etsi:019102:mainindication:total-passed"
    assert status.sub_indication == ()
    assert entry.signer_information.signer == "Nguyễn Văn Đức"
    assert entry.validation_time_info.validation_time.to_datetime() == REPORT.at
    best = entry.validation_time_info.best_signature_time.poetime
    assert best.to_datetime() == SIGNATURE.best_at
    digest = entry.signers_document.digest_alg_and_value.digest_value.value
    assert digest.hex() == SIGNATURE.revision_sha256
    policy = entry.validation_constraints_evaluation_report.signature_validation_policy
    assert REPORT.trust_version in str(policy)


@pytest.mark.parametrize(
    ("code", "main", "sub"),
    [
        ("digest_wrong", "total-failed", "urn:etsi:019102:subindication:HASH_FAILURE"),
        ("revocation_unknown", "indeterminate", "urn:etsi:019102:subindication:TRY_LATER"),
        ("bytes_after_end", "total-failed", "urn:lienthong:subindication:MODIFIED_AFTER_SIGNING"),
    ],
)
def test_what_the_standard_has_a_word_for_is_said_in_its_words(
    code: str, main: str, sub: str
) -> None:
    (entry,) = read(with_reasons((code, "leader"))).signature_validation_report
    status = entry.signature_validation_status
    assert status.main_indication == f"urn:etsi:019102:mainindication:{main}"
    assert status.sub_indication == (sub,)
    told = reason(code)
    assert f"{told.vi} / {told.en}" in str(status.associated_validation_report_data)


def test_a_reason_about_the_whole_file_counts_for_every_signature() -> None:
    found = replace(
        with_reasons(("active_content", "")), signatures=(SIGNATURE, replace(SIGNATURE, field="b"))
    )
    entries = read(found).signature_validation_report
    indications = {one.signature_validation_status.main_indication for one in entries}
    assert indications == {"urn:etsi:019102:mainindication:indeterminate"}


def test_a_file_without_signatures_says_so_in_one_entry() -> None:
    found = replace(with_reasons(("no_signature", "")), signatures=())
    (entry,) = read(found).signature_validation_report
    assert entry.signature_identifier is None
    status = entry.signature_validation_status
    assert status.main_indication == "urn:etsi:019102:mainindication:total-failed"
    assert "Tệp không có chữ ký số." in str(status)


def test_everything_that_it_refers_to_is_in_it() -> None:
    root = etree.fromstring(to_xml(REPORT))
    ids = {element.get("id") for element in root.iter(f"{VR}ValidationObject")}
    wanted = {one for element in root.iter() for one in element.get("VOReference", "").split()}
    assert wanted <= ids
    assert len(ids) == 1 + len(REPORT.material)
    kept = [element.text for element in root.iter(f"{VR}base64")]
    assert [base64.b64decode(str(text)) for text in kept] == [one.der for one in REPORT.material]


@given(st.text(max_size=50))
@settings(max_examples=50, deadline=None)
def test_whatever_a_stranger_calls_his_field_it_is_xml(name: str) -> None:
    signature = replace(SIGNATURE, field=name, role="")
    report = replace(REPORT, signatures=(signature,))
    assert etree.fromstring(to_xml(report)).tag == f"{VR}ValidationReport"
    etree.fromstring(to_xml(replace(report, signatures=(replace(signature, field="\ud800"),))))


# The key


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> ReportKey:
    return ReportKey.open(tmp_path_factory.mktemp("key") / "report.pem", AT)


def rsa_key(folder: Path) -> ReportKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reports")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=900))
        .sign(private, hashes.SHA256())
    )
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "rsa.pem").write_bytes(content + made.public_bytes(Encoding.PEM))
    return ReportKey.open(folder / "rsa.pem", AT)


def test_a_key_of_its_own_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "report.pem"
    first = ReportKey.open(path, AT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ReportKey.open(path, AT + timedelta(days=1)).fingerprint == first.fingerprint
    assert [file.name for file in path.parent.iterdir()] == ["report.pem"]
    assert "PRIVATE" not in repr(first)


@pytest.mark.parametrize("cut", [0, 40, 200, 241])
def test_a_damaged_key_is_refused_and_not_quoted(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "report.pem"
    ReportKey.open(path, AT)
    content = path.read_bytes()
    path.write_bytes(content[:cut] + content[cut + 9 :])
    with pytest.raises(ReportKeyUnusable) as refusal:
        ReportKey.open(path, AT)
    assert refusal.value.__cause__ is None
    assert not any(line in str(refusal.value) for line in content.decode().splitlines()[1:3])


def test_any_program_can_check_the_json_report(key: ReportKey) -> None:
    report = rfc8785.dumps(REPORT.to_json())
    signed = key.sign_json(report).decode()
    public = ECKey.import_key(key.certificate.public_bytes(Encoding.PEM))
    registry = other_jws.JWSRegistry(algorithms=["ES256"])
    registry.max_header_length = 4096
    registry.max_payload_length = 10**6
    found = other_jws.deserialize_compact(signed, public, registry=registry)
    assert found.payload == report
    assert found.protected["typ"] == JSON_TYPE
    told = json.loads(found.payload)
    assert told["material"][0] == {"kind": "certificate", "sha256": CERTIFICATES[0].sha256}


def test_the_xml_report_is_covered_whole_by_its_signature(key: ReportKey) -> None:
    signed = key.sign_xml(to_xml(REPORT))
    covered = etree.fromstring(verify_xml(signed, key.certificate))
    assert covered.find(f"{DS}Signature") is None
    assert etree.tostring(covered, method="c14n") == etree.tostring(
        etree.fromstring(to_xml(REPORT)), method="c14n"
    )


def test_an_rsa_key_signs_too(tmp_path: Path) -> None:
    key = rsa_key(tmp_path)
    verify_xml(key.sign_xml(to_xml(REPORT)), key.certificate)
    assert key.sign_json(b"{}").count(b".") == 2


def test_a_second_reader_of_the_standard_agrees(key: ReportKey) -> None:
    """Without signxml: canonical bytes by libxml2, digests and signature by cryptography."""
    root = etree.fromstring(key.sign_xml(to_xml(REPORT)))
    signature = root.find(f"{DS}Signature")
    assert signature is not None
    info = signature.find(f"{DS}SignedInfo")
    assert info is not None
    for reference in info.iterfind(f"{DS}Reference"):
        target = reference.get("URI")
        digest = hashlib.sha256(_canonical(_referred(root, str(target)))).digest()
        assert base64.b64encode(digest).decode() == reference.findtext(f"{DS}DigestValue")
    value = base64.b64decode(str(signature.findtext(f"{DS}SignatureValue")))
    r, s = (int.from_bytes(half, "big") for half in (value[:32], value[32:]))
    public = key.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(utils.encode_dss_signature(r, s), _canonical(info), ec.ECDSA(hashes.SHA256()))


def _canonical(element: Any) -> bytes:
    # Inclusive: with the namespaces that are in scope where it stands.
    return bytes(etree.tostring(element, method="c14n", exclusive=False, with_tail=False))


def _referred(root: Any, target: str) -> Any:
    if target:
        (found,) = root.xpath("//*[@Id=$id]", id=target.removeprefix("#"))
        return found
    whole = deepcopy(root)
    whole.remove(whole.find(f"{DS}Signature"))
    return whole


def test_an_altered_report_is_refused(key: ReportKey) -> None:
    signed = key.sign_xml(to_xml(REPORT))
    for old, new in ((b"total-passed", b"total-failed"), (b"leader", b"seal")):
        with pytest.raises((InvalidDigest, InvalidSignature)):
            verify_xml(signed.replace(old, new, 1), key.certificate)


def test_another_signer_is_refused(key: ReportKey, tmp_path: Path) -> None:
    other = ReportKey.open(tmp_path / "other.pem", AT)
    with pytest.raises(InvalidSignature):
        verify_xml(other.sign_xml(to_xml(REPORT)), key.certificate)


def test_a_signature_around_something_else_is_refused(key: ReportKey) -> None:
    with pytest.raises(Exception, match="does not cover the report"):
        key.sign_xml(b"<report xmlns='urn:other'/>")
