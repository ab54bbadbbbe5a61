"""The verdict rule, against a live PKI: what passes, and everything that must not."""

import pickle
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from reportlab.pdfgen.canvas import Canvas

from services.signatures.pdf import field
from services.signatures.pdf.evidence import add_evidence
from services.signatures.pdf.fetch import FetchFailed, HttpFetch
from services.signatures.pdf.judge import ExpectedSigner
from services.signatures.pdf.report import Report
from services.signatures.pdf.returned import check_returned, with_form
from services.signatures.pdf.sign import sign_leader
from services.signatures.pdf.signed import SigningRefused
from services.signatures.pdf.timestamps import TimestampAuthorities
from services.signatures.pdf.verdict import validate
from tests.support.pki import (
    AGENCY,
    EXPIRED,
    FOR_ENCRYPTION,
    LEADER,
    LEADER_BOX,
    OTHER_AGENCY,
    OTHER_LEADER,
    REVOKED,
    FetchAsOf,
    Pki,
    draft,
    foreign,
    now,
    running,
)
from tools.pki.store import Subject


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


LATER_REVOKED = "0190a000-0000-7000-8000-0000000000a1"


@pytest.fixture(scope="module")
def issued(pki: Pki) -> list[bytes]:
    return pki.issued()


def codes(report: Report) -> set[str]:
    return {reason.code for reason in report.reasons}


def updated(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def replace_page(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    content = generic.StreamObject(stream_data=b"BT /F1 12 Tf 85 500 Td (Another text.) Tj ET")
    page[generic.pdf_name("/Contents")] = writer.add_object(content)
    writer.update_container(page)


def replace_information(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(
        generic.DictionaryObject({generic.pdf_name("/Title"): generic.pdf_string("Another")})
    )


def saved_again(writer: IncrementalPdfFileWriter) -> None:
    information = writer.trailer["/Info"]
    for name, value in (("/ModDate", "D:20300101000000Z"), ("/Producer", "Another program")):
        information[generic.pdf_name(name)] = generic.pdf_string(value)
    writer.update_container(information)


def test_leader_number_and_seal_all_pass(pki: Pki, issued: list[bytes]) -> None:
    report = pki.judge(issued[-1], pki.expected())
    assert (report.verdict, report.reasons) == ("TOTAL_PASSED", ())
    assert [(one.role, one.level) for one in report.signatures] == [
        ("leader", "B-T"),
        ("number", "B-T"),
        ("seal", "B-T"),
    ]


def test_the_report_tells_who_signed_when_and_what_was_asked(pki: Pki, issued: list[bytes]) -> None:
    report = pki.judge(issued[-1])
    leader = report.signatures[0]
    assert leader.signer is not None
    assert leader.signer.name == "Nguyễn Văn Đức"
    assert leader.chain[0].name.startswith("Cơ quan chứng thực số chuyên dụng")
    assert leader.revocation is not None
    assert (leader.revocation.source, leader.revocation.status) == ("ocsp", "good")
    assert leader.timestamp_at is not None
    assert abs(leader.timestamp_at - report.at) < timedelta(minutes=1)
    assert (leader.difference, report.signatures[-1].difference) == ("signatures", "none")
    told = report.to_json()
    assert told["signatures"][0]["best_at"] == leader.timestamp_at.isoformat()
    assert told["file_sha256"] == report.file_sha256


@pytest.mark.parametrize("tail", [b"", b"1 0 obj null endobj"], ids=["good", "with reasons"])
def test_a_report_is_a_small_message_and_holds_nothing_of_the_file(
    pki: Pki, issued: list[bytes], tail: bytes
) -> None:
    report = pki.judge(issued[-1] + tail)
    assert (report.reasons == ()) == (tail == b"")
    assert len(pickle.dumps(replace(report, material=()))) < 10_000
    assert {one.kind for one in report.material} == {"certificate", "ocsp"}


def test_each_signature_keeps_the_bytes_before_it(pki: Pki, issued: list[bytes]) -> None:
    first, second, third = issued
    assert first.startswith(draft())
    assert second.startswith(first)
    assert third.startswith(second)
    assert [pki.judge(pdf).verdict for pdf in issued[:2]] == ["TOTAL_PASSED"] * 2


def test_poppler_agrees_that_every_signature_is_valid(issued: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "signed.pdf").write_bytes(issued[-1])
    said = subprocess.run(
        ["pdfsig", "-nocert", str(tmp_path / "signed.pdf")], capture_output=True, check=False
    ).stdout.decode()
    assert said.count("Signature is Valid") == 3
    assert "Total document signed" in said


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_changed_letter_in_the_text_fails(pki: Pki, issued: list[bytes], step: int) -> None:
    pdf = issued[step]
    place = pdf.index(b"/MediaBox")
    report = pki.judge(pdf[:place] + b"/MediaBoy" + pdf[place + 9 :])
    assert report.verdict == "TOTAL_FAILED"


@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@settings(max_examples=10, deadline=None, phases=[Phase.generate])
def test_no_byte_can_be_changed(issued: list[bytes], place: float, flip: int) -> None:
    """Except in the last signature itself, whose unsigned parts nothing covers."""
    pdf = bytearray(issued[-1])
    last = PdfFileReader(BytesIO(issued[-1])).embedded_signatures[-1].byte_range
    covered = [*range(last[1]), *range(last[2], len(pdf))]
    pdf[covered[int(place * len(covered))]] ^= flip
    assert running().judge(bytes(pdf)).verdict != "TOTAL_PASSED"


@pytest.mark.parametrize("step", [0, 1, 2])
def test_page_content_replaced_by_an_update_fails(pki: Pki, issued: list[bytes], step: int) -> None:
    report = pki.judge(updated(issued[step], replace_page))
    assert report.verdict == "TOTAL_FAILED"
    assert "modified_after_signing" in codes(report)


def test_page_content_replaced_before_the_next_signature_fails(
    pki: Pki, issued: list[bytes]
) -> None:
    report = pki.judge(pki.seal(updated(issued[0], replace_page)).pdf)
    assert report.verdict == "TOTAL_FAILED"
    assert [one.difference for one in report.signatures] == ["refused", "none"]


def test_a_text_field_changed_after_signing_fails(pki: Pki) -> None:
    output = BytesIO()
    canvas = Canvas(output)
    canvas.acroForm.textfield(name="amount", value="100", x=100, y=600)
    canvas.showPage()
    canvas.save()

    def change(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[generic.pdf_name("/V")] = generic.pdf_string("900")
        writer.update_container(field)

    signed = pki.leader(output.getvalue()).pdf
    assert pki.judge(signed).verdict == "TOTAL_PASSED"
    changed = updated(signed, change)
    for attack in (changed, pki.seal(changed).pdf):
        report = pki.judge(attack)
        assert (report.verdict, codes(report)) == ("TOTAL_FAILED", {"modified_after_signing"})


def test_document_information_changed_behind_the_last_signature_fails(
    pki: Pki, issued: list[bytes]
) -> None:
    report = pki.judge(updated(issued[-1], replace_information))
    assert (report.verdict, codes(report)) == ("TOTAL_FAILED", {"modified_after_signing"})


def test_when_and_by_what_program_it_was_saved_again_is_no_change(
    pki: Pki, issued: list[bytes]
) -> None:
    """Programs write it whenever they add validation data, a second later or years."""
    report = pki.judge(updated(issued[-1], saved_again))
    assert (report.verdict, report.reasons) == ("TOTAL_PASSED", ())


@pytest.mark.parametrize("tail", [b"x", b"\n% a comment", b"\n\n\n", b"\n%%EOF\n"])
def test_bytes_after_the_end_fail(pki: Pki, issued: list[bytes], tail: bytes) -> None:
    report = pki.judge(issued[-1] + tail)
    assert report.verdict == "TOTAL_FAILED"


def test_a_revoked_certificate_does_not_pass(pki: Pki) -> None:
    for tsa in (None, pki.tsa()):
        report = pki.judge(pki.leader(draft(), REVOKED, tsa).pdf)
        assert (report.verdict, report.sub_indication) == ("INDETERMINATE", "REVOKED_NO_POE")
        assert codes(report) == {"certificate_revoked"}


def test_a_later_revocation_spares_only_what_a_timestamp_proves(pki: Pki) -> None:
    pki.add(Subject(LATER_REVOKED, "leader", "Đỗ Thu Hồi Sau", "UBND"))
    stamped = pki.leader(draft(), LATER_REVOKED, pki.tsa()).pdf
    unstamped = pki.leader(draft(), LATER_REVOKED).pdf
    pki.revoke(LATER_REVOKED)
    assert pki.judge(stamped).verdict == "TOTAL_PASSED"
    assert codes(pki.judge(unstamped)) == {"certificate_revoked"}


def expired_but_signed(pki: Pki, tsa: TimestampAuthorities | None) -> bytes:
    signer = pki.keys.signer(EXPIRED)
    return sign_leader(
        draft(),
        signer=signer,
        person_id=EXPIRED,
        box=LEADER_BOX,
        tsa=tsa,
        at=signer.signing_cert.not_valid_after - timedelta(days=1),
    ).pdf


def test_a_back_dated_signature_of_an_expired_certificate_does_not_pass(pki: Pki) -> None:
    for tsa in (None, pki.tsa()):
        report = pki.judge(expired_but_signed(pki, tsa))
        assert report.verdict == "INDETERMINATE"
        assert "certificate_outside_validity" in codes(report)


def test_an_expired_certificate_is_not_given_a_signature(pki: Pki) -> None:
    with pytest.raises(SigningRefused) as refusal:
        pki.leader(draft(), EXPIRED)
    assert refusal.value.code == "certificate_expired"


def test_evidence_keeps_a_signature_good_beyond_its_certificate(pki: Pki) -> None:
    then = pki.keys.signer(EXPIRED).signing_cert.not_valid_after - timedelta(days=1)
    signed = expired_but_signed(pki, pki.tsa(as_of=then))
    alone = pki.judge(signed)
    assert (alone.verdict, alone.sub_indication) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    kept = add_evidence(
        signed, trust=pki.trust, tsa=pki.tsa(as_of=then), at=then, fetch=FetchAsOf(then)
    ).pdf
    report = pki.judge(kept)
    assert (report.verdict, report.reasons) == ("TOTAL_PASSED", ())
    assert kept.startswith(signed)


def test_evidence_stamped_after_the_expiry_proves_nothing(pki: Pki) -> None:
    then = pki.keys.signer(EXPIRED).signing_cert.not_valid_after - timedelta(days=1)
    signed = expired_but_signed(pki, pki.tsa(as_of=then))
    kept = add_evidence(signed, trust=pki.trust, tsa=pki.tsa(), at=then, fetch=FetchAsOf(then))
    assert pki.judge(kept.pdf).verdict == "INDETERMINATE"


def test_evidence_makes_every_signature_long_term(pki: Pki, issued: list[bytes]) -> None:
    made = add_evidence(issued[-1], trust=pki.trust, tsa=pki.tsa(), at=now(), fetch=pki.fetch())
    kept = made.pdf
    report = pki.judge(kept)
    assert (report.verdict, report.reasons) == ("TOTAL_PASSED", ())
    assert [one.level for one in report.signatures if one.role != "timestamp"] == ["B-LTA"] * 3
    shadowed = pki.judge(updated(kept, replace_page))
    assert (shadowed.verdict, "modified_after_signing" in codes(shadowed)) == ("TOTAL_FAILED", True)


def test_evidence_without_answers_is_refused(pki: Pki, issued: list[bytes]) -> None:
    with pytest.raises(SigningRefused) as refusal:
        add_evidence(issued[-1], trust=pki.trust, tsa=pki.tsa(), at=now(), fetch=HttpFetch([]))
    assert refusal.value.code == "evidence_incomplete"


def test_an_authority_that_nobody_trusts_does_not_pass(pki: Pki, tmp_path: Path) -> None:
    stranger = foreign(tmp_path / "foreign").signer(LEADER)
    signed = sign_leader(
        draft(), signer=stranger, person_id=LEADER, box=LEADER_BOX, tsa=None, at=now()
    )
    report = pki.judge(signed.pdf)
    assert (report.verdict, report.sub_indication) == (
        "INDETERMINATE",
        "NO_CERTIFICATE_CHAIN_FOUND",
    )


def test_unknown_revocation_is_never_passed(pki: Pki, issued: list[bytes]) -> None:
    report = validate(issued[-1], trust=pki.trust, at=now(), fetch=HttpFetch([]))
    assert (report.verdict, report.sub_indication) == ("INDETERMINATE", "TRY_LATER")
    assert codes(report) == {"revocation_unknown"}


def test_a_certificate_for_encryption_neither_signs_nor_passes(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SigningRefused) as refusal:
        pki.leader(draft(), FOR_ENCRYPTION)
    assert refusal.value.code == "key_usage_wrong"
    monkeypatch.setattr(field, "certificate_problem", lambda *_: None)
    report = pki.judge(pki.leader(draft(), FOR_ENCRYPTION).pdf)
    assert report.verdict == "INDETERMINATE"
    assert "key_usage_wrong" in codes(report)


@pytest.mark.parametrize(("leader", "agency"), [(OTHER_LEADER, AGENCY), (LEADER, OTHER_AGENCY)])
def test_another_signer_than_expected_fails(pki: Pki, leader: str, agency: str) -> None:
    signed = pki.seal(pki.number(pki.leader(draft(), leader).pdf).pdf, agency).pdf
    report = pki.judge(signed, pki.expected())
    assert (report.verdict, report.sub_indication) == ("TOTAL_FAILED", "SIGNER_MISMATCH")
    assert pki.judge(signed).verdict == "TOTAL_PASSED"  # the signatures themselves are good


def test_a_missing_signature_fails(pki: Pki, issued: list[bytes]) -> None:
    report = pki.judge(issued[1], pki.expected())
    assert (report.verdict, codes(report)) == ("TOTAL_FAILED", {"signature_missing"})
    assert [reason.signature for reason in report.reasons] == ["seal"]


def test_a_file_without_signature_says_so_in_both_languages(pki: Pki) -> None:
    report = pki.judge(draft())
    assert (report.verdict, report.sub_indication) == ("TOTAL_FAILED", "NO_SIGNATURE")
    assert report.reasons[0].vi == "Tệp không có chữ ký số."
    assert report.reasons[0].en == "The file has no digital signature."


def test_an_encrypted_file_cannot_be_judged(pki: Pki) -> None:
    output = BytesIO()
    canvas = Canvas(output, encrypt="secret")
    canvas.showPage()
    canvas.save()
    report = pki.judge(output.getvalue())
    assert (report.verdict, codes(report)) == ("INDETERMINATE", {"file_encrypted"})


def test_a_hybrid_file_cannot_be_judged_and_is_not_called_invalid(
    pki: Pki, issued: list[bytes]
) -> None:
    pdf = issued[0]
    trailer = PdfFileReader(BytesIO(pdf)).trailer
    size, root = int(trailer["/Size"]), trailer.raw_get("/Root").idnum
    previous, stream_at = int(pdf.split()[-2]), len(pdf)
    entry = bytes([1]) + stream_at.to_bytes(4, "big") + bytes(1)
    keys = f"/Size {size + 1} /Root {root} 0 R /Prev {previous}".encode()
    stream = (
        f"{size} 0 obj\n<< /Type /XRef /W [1 4 1] /Index [{size} 1] /Length 6 ".encode()
        + keys
        + b" >>\nstream\n"
        + entry
        + b"\nendstream\nendobj\n"
    )
    table = f"xref\n0 0\ntrailer\n<< /XRefStm {stream_at} ".encode() + keys + b" >>\n"
    start = f"startxref\n{stream_at + len(stream)}\n%%EOF\n".encode()
    report = pki.judge(pdf + stream + table + start)
    assert (report.verdict, codes(report)) == ("INDETERMINATE", {"hybrid_file"})


def test_a_signature_of_unknown_format_is_not_overlooked(pki: Pki, issued: list[bytes]) -> None:
    pdf = issued[0].replace(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 ")
    report = pki.judge(pdf)
    assert (report.verdict, codes(report)) == ("INDETERMINATE", {"signature_format_unknown"})


@given(st.binary(max_size=400))
@settings(max_examples=30, deadline=None)
def test_rubbish_is_a_verdict_and_not_an_error(rubbish: bytes) -> None:
    for pdf in (rubbish, b"%PDF-1.7\n" + rubbish, rubbish + b"\n%%EOF"):
        report = running().judge(pdf)
        assert (report.verdict, codes(report)) == ("TOTAL_FAILED", {"file_unreadable"})


def test_a_cut_file_is_a_verdict(pki: Pki, issued: list[bytes]) -> None:
    for length in range(2_000, len(issued[-1]), 30_000):
        assert pki.judge(issued[-1][:length]).verdict == "TOTAL_FAILED"


def test_what_a_plug_in_returns_is_the_base_and_one_new_signature(pki: Pki) -> None:
    base = pki.leader(draft()).pdf
    returned = pki.seal(base).pdf

    def verdict(base: bytes, returned: bytes, owner_id: str) -> str:
        return check_returned(
            base,
            returned,
            certificates=[pki.fingerprint(owner_id)],
            trust=pki.trust,
            at=now(),
            fetch=pki.fetch(),
        ).verdict

    assert verdict(base, returned, AGENCY) == "TOTAL_PASSED"
    assert verdict(base, returned, OTHER_AGENCY) == "TOTAL_FAILED"
    assert verdict(base, base, AGENCY) == "TOTAL_FAILED"
    assert verdict(pki.leader(draft(), OTHER_LEADER).pdf, returned, AGENCY) == "TOTAL_FAILED"


def test_what_another_person_signed_is_not_pending_while_a_responder_is_away(pki: Pki) -> None:
    async def away(url: str, body: bytes | None, content_type: str) -> bytes:
        raise FetchFailed(url, "away")

    base = pki.leader(draft()).pdf
    returned = pki.seal(base).pdf
    for owner, told in ((AGENCY, ("INDETERMINATE", True)), (LEADER, ("TOTAL_FAILED", False))):
        certificates = [pki.fingerprint(owner)]
        report = check_returned(
            base, returned, certificates=certificates, trust=pki.trust, at=now(), fetch=away
        )
        assert (report.verdict, report.pending) == told


def test_a_plug_in_may_change_nothing_under_the_signature_that_it_makes(pki: Pki) -> None:
    """The first signature of a file covers its own revision, so that no later check would see."""
    base = with_form(draft())
    assert with_form(base) == base

    def judged(returned: bytes) -> set[str]:
        report = check_returned(
            base,
            returned,
            certificates=[pki.fingerprint(LEADER)],
            trust=pki.trust,
            at=now(),
            fetch=pki.fetch(),
        )
        return codes(report)

    assert judged(pki.leader(base).pdf) == set()
    writer = IncrementalPdfFileWriter(BytesIO(base))
    words = b"BT /F1 12 Tf 85 480 Td (And ten million more.) Tj ET"
    stream = generic.StreamObject(stream_data=words)
    writer.add_stream_to_page(0, writer.add_object(stream))
    metadata = PdfSignatureMetadata("leader", md_algorithm="sha256")
    altered = PdfSigner(metadata, pki.keys.signer(LEADER)).sign_pdf(writer).getvalue()
    assert altered.startswith(base)
    assert codes(pki.judge(altered)) == set()
    assert judged(altered) == {"base_changed"}
    assert "base_replaced" in judged(pki.leader(draft()).pdf)


def test_a_signature_in_a_field_of_another_programs_naming_counts_by_its_signer(pki: Pki) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(draft()))
    metadata = PdfSignatureMetadata(
        "Signature1", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )

    def signed_by(owner_id: str) -> Report:
        output = PdfSigner(metadata, pki.keys.signer(owner_id)).sign_pdf(writer).getvalue()
        return pki.judge(pki.seal(pki.number(output).pdf).pdf, pki.expected())

    report = signed_by(LEADER)
    assert (report.verdict, report.signatures[0].role) == ("TOTAL_PASSED", "leader")
    writer = IncrementalPdfFileWriter(BytesIO(draft()))
    assert "signature_missing" in codes(signed_by(OTHER_LEADER))


def test_nobody_signs_twice_in_one_role(pki: Pki, issued: list[bytes]) -> None:
    with pytest.raises(SigningRefused) as refusal:
        pki.seal(issued[-1])
    assert refusal.value.code == "already_signed"


def test_an_extra_signer_beside_the_expected_ones_fails(pki: Pki) -> None:
    leader_only = [ExpectedSigner("leader", frozenset({pki.fingerprint(LEADER)}))]
    signed = pki.seal(pki.leader(draft()).pdf, OTHER_AGENCY).pdf
    assert codes(pki.judge(signed, leader_only)) == {"signer_unexpected"}
