"""Orders of joint documents, attachments and copies: real store, keys, TSA and OCSP; what comes
out is judged as its recipient would judge it."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from services.signatures.joint import with_cosigners
from services.signatures.pdf.fetch import FetchFailed
from services.signatures.pdf.verdict import validate
from tests.support.pki import (
    AGENCY,
    DATE_BOX,
    LEADER,
    LEADER_BOX,
    NUMBER_BOX,
    OTHER_AGENCY,
    OTHER_LEADER,
    PROVINCE,
    SEAL_BOX,
    Pki,
    draft,
    now,
    running,
)
from tests.support.servers import PostgresForTests
from tests.support.signatures_office import Office, open_office
from tools.corpus import signing as corpus

pytestmark = pytest.mark.postgres

OTHER_BOX = {"page": 0, "x1": 80, "y1": 150, "x2": 250, "y2": 225}
OTHER_SEAL = {"page": 0, "x1": 34, "y1": 136, "x2": 136, "y2": 238}


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, pki: Pki, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """Two agencies, each with its leader and its seal."""
    with open_office(postgres, pki.setup(), tmp_path_factory.mktemp("blobs")) as made:
        for leader, agency, name in (
            (LEADER, AGENCY, PROVINCE),
            (OTHER_LEADER, OTHER_AGENCY, "Sở Tài chính"),
        ):
            known = {"agency_id": agency, "name": name, "tier": 2}
            made.publish("directory", f"agency-{agency}", "AgencyRegistered", json.dumps(known))
            held = {"position_id": str(uuid4()), "person_id": leader, "agency_id": agency}
            made.publish("directory", f"person-{leader}", "PositionAssigned", json.dumps(held))
            made.know(leader, "leader", pki.fingerprint(leader))
            made.know(agency, "seal", pki.fingerprint(agency))
        yield made


def told(office: Office, kind: str, **fields: Any) -> str:
    """Publish an order of the documents service and let it be done; the order's id."""
    signing = str(uuid4())
    order = {"signing_id": signing, "document_id": str(uuid4()), "urgency": 1, **fields}
    office.publish("documents", f"document-{uuid4()}", kind, json.dumps(order))
    office.follow()
    office.work()
    return signing


def finished(office: Office, signing: str) -> Any:
    kind, event = office.events(f"signing-{signing}")[-1]
    assert kind == "SigningFinished", event
    return event


def sign(office: Office, file: str, signer: str, agency: str, field: str, **more: Any) -> str:
    """A leader's signature; the file with it."""
    box = vars(LEADER_BOX) if field == "leader" else OTHER_BOX
    fields = {"file": file, "signer_id": signer, "agency_id": agency, "box": box, "field": field}
    return str(finished(office, told(office, "SignatureRequested", **fields, **more)).file)


def seal(office: Office, file: str, agency: str, field: str = "seal", **more: Any) -> Any:
    """The end of a seal's order."""
    box = vars(SEAL_BOX) if field == "seal" else OTHER_SEAL
    fields = {
        "file": file,
        "agency_id": agency,
        "field": field,
        "code": "15/KH-UBND",
        "seal_box": box,
        "number_box": vars(NUMBER_BOX),
        "date_box": vars(DATE_BOX),
    }
    number = {"number_text": "15", "date_text": "ngày 22 tháng 11 năm 2026"}
    numbered = number if field == "seal" and "copy_form" not in more else {}
    return finished(office, told(office, "SealRequested", **fields, **numbered, **more))


def verdict(office: Office, file: str, sender: str = AGENCY) -> tuple[str, list[str]]:
    """The verdict of a recipient on a document of `sender`, and the codes of its reasons."""
    validation = str(uuid4())
    asked = {
        "validation_id": validation,
        "document_id": str(uuid4()),
        "agency_id": OTHER_AGENCY,
        "file": file,
        "sender_id": sender,
    }
    office.publish("documents", f"document-{uuid4()}", "ValidationRequested", json.dumps(asked))
    office.work()
    ((_, found),) = office.events(f"validation-{validation}")
    report = json.loads(office.blobs.read(found.report))
    return found.verdict, [one["code"] for one in report["reasons"]]


def page(office: Office) -> str:
    return office.blobs.put_bytes(draft() + f"%{uuid4()}\n".encode()).digest


def joint(office: Office, cosigner: str = OTHER_LEADER) -> str:
    """A document of two agencies: each leader, the number, each seal."""
    file = sign(office, page(office), LEADER, AGENCY, "leader")
    file = sign(office, file, cosigner, OTHER_AGENCY, "leader-2")
    file = seal(office, file, AGENCY).file
    return str(seal(office, file, OTHER_AGENCY, "seal-2").file)


def test_a_joint_document_has_each_leaders_signature_then_each_agencys_seal(
    office: Office, pki: Pki
) -> None:
    file = joint(office)
    report = pki.judge(office.blobs.read(file))
    assert [(one.field, one.role) for one in report.signatures] == [
        ("leader", "leader"),
        ("leader-2", "leader"),
        ("number", "number"),
        ("seal", "seal"),
        ("seal-2", "seal"),
    ]
    assert verdict(office, file) == ("TOTAL_PASSED", [])


def test_each_seal_stands_over_its_own_leaders_signature(office: Office) -> None:
    reader = PdfFileReader(BytesIO(office.blobs.read(joint(office))))
    left = {one.field_name: float(one.sig_field["/Rect"][0]) for one in reader.embedded_signatures}
    assert left["seal"] < left["leader"] < left["seal"] + 102
    assert left["seal-2"] < left["leader-2"] < left["seal-2"] + 102
    assert left["leader-2"] < left["seal"]  # side by side


def test_who_may_not_sign_for_an_agency_fails_the_document(office: Office) -> None:
    # LEADER is no leader of the second agency, so its seal has no leader beside it.
    file = joint(office, cosigner=LEADER)
    assert verdict(office, file) == ("TOTAL_FAILED", ["signer_unexpected"])


def test_another_agency_cannot_seal_what_was_issued_without_it(office: Office) -> None:
    file = sign(office, page(office), LEADER, AGENCY, "leader")
    issued = seal(office, file, AGENCY).file
    assert verdict(office, issued) == ("TOTAL_PASSED", [])
    more = seal(office, issued, OTHER_AGENCY, "seal-2").file
    assert verdict(office, more) == ("TOTAL_FAILED", ["signer_unexpected"])
    late = sign(office, issued, OTHER_LEADER, OTHER_AGENCY, "leader-2")
    late = seal(office, late, OTHER_AGENCY, "seal-2").file
    assert verdict(office, late) == ("TOTAL_FAILED", ["signer_unexpected"])


def test_who_might_not_sign_fails_the_document_also_while_a_responder_is_away(
    office: Office, pki: Pki
) -> None:
    async def away(url: str, body: bytes | None, content_type: str) -> bytes:
        raise FetchFailed(url, "away")

    file = sign(office, page(office), LEADER, AGENCY, "leader")
    more = seal(office, seal(office, file, AGENCY).file, OTHER_AGENCY, "seal-2").file
    known = validate(office.blobs.read(more), trust=pki.trust, at=now(), fetch=away)
    assert (known.verdict, known.pending) == ("INDETERMINATE", True)
    with office.store["signatures"].unit() as unit:
        report = with_cosigners(known, unit.connection, now().date())
    assert (report.verdict, report.pending) == ("TOTAL_FAILED", False)


def attached(office: Office, pdf: bytes, name: str = "phu luc.pdf") -> dict[str, Any]:
    blob = office.blobs.put_bytes(pdf)
    kind = {"name": name, "content_type": "application/pdf"}
    return {**kind, "digest": blob.digest, "size": blob.size}


def test_files_of_their_own_are_signed_with_the_main_documents_number(
    office: Office, pki: Pki
) -> None:
    files = [attached(office, draft() + f"%{number}\n".encode()) for number in range(2)]
    file = sign(office, page(office), LEADER, AGENCY, "leader", attachments=files)
    end = seal(office, file, AGENCY, attachments=files)
    assert [one.file for one in end.attachments] == [each["digest"] for each in files]
    for one in end.attachments:
        signed = office.blobs.read(one.signed)
        assert signed.startswith(office.blobs.read(one.file))
        assert one.size == len(signed)
        (found,) = pki.judge(signed).signatures
        assert (found.role, found.verdict) == ("attachment", "TOTAL_PASSED")
        assert found.signer is not None
        assert found.signer.sha256 == pki.fingerprint(AGENCY)
    assert verdict(office, end.file) == ("TOTAL_PASSED", [])


def test_a_file_that_another_agency_signed_before_gets_one_more_signature(
    office: Office, pki: Pki
) -> None:
    first = attached(office, draft() + b"%first\n")
    file = sign(office, page(office), LEADER, AGENCY, "leader")
    signed = seal(office, file, AGENCY, attachments=[first]).attachments[0].signed
    again = attached(office, office.blobs.read(signed))
    file = sign(office, page(office), OTHER_LEADER, OTHER_AGENCY, "leader")
    twice = seal(office, file, OTHER_AGENCY, attachments=[again]).attachments[0].signed
    report = pki.judge(office.blobs.read(twice))
    assert report.verdict == "TOTAL_PASSED"
    assert [one.field for one in report.signatures] == ["attachment", "attachment-2"]


def encrypted() -> bytes:
    writer = copy_into_new_writer(PdfFileReader(BytesIO(draft())))
    writer.encrypt("owner", "user")
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


@pytest.mark.parametrize("pdf", [b"%PDF-1.7 rubbish", encrypted()], ids=["damaged", "encrypted"])
def test_what_could_not_be_signed_later_stops_the_leader_before_he_signs(
    office: Office, pdf: bytes
) -> None:
    box = vars(LEADER_BOX)
    fields = {"file": page(office), "signer_id": LEADER, "agency_id": AGENCY, "box": box}
    signing = told(office, "SignatureRequested", **fields, attachments=[attached(office, pdf)])
    ((kind, refused),) = office.events(f"signing-{signing}")
    assert (kind, refused.reason_code) == ("SigningRefused", "attachment_not_signable")


@pytest.mark.parametrize("form", ["SY", "SL"])
def test_a_copy_keeps_the_originals_signatures_and_adds_its_own(
    office: Office, pki: Pki, form: str
) -> None:
    file = sign(office, page(office), LEADER, AGENCY, "leader")
    original = seal(office, file, AGENCY).file
    signed = sign(office, original, OTHER_LEADER, OTHER_AGENCY, "copier")
    copy = seal(office, signed, OTHER_AGENCY, "copy", copy_form=form).file
    content = office.blobs.read(copy)
    assert content.startswith(office.blobs.read(original))
    report = pki.judge(content)
    assert report.verdict == "TOTAL_PASSED"
    roles = ["leader", "number", "seal", "copier", "copy"]
    assert [one.role for one in report.signatures] == roles
    assert verdict(office, copy, sender=OTHER_AGENCY) == ("TOTAL_PASSED", [])
    # Of the one whose original it is, it is no copy.
    assert verdict(office, copy, sender=AGENCY) == ("TOTAL_FAILED", ["signer_unexpected"] * 2)


def copied(office: Office, file: str, signer: str, agency: str, form: str = "SY") -> str:
    """The copy that an agency and its leader make of a file."""
    signed = sign(office, file, signer, agency, "copier")
    return str(seal(office, signed, agency, "copy", copy_form=form).file)


def test_a_copy_of_a_copy_is_the_last_agencys(office: Office, pki: Pki) -> None:
    file = sign(office, page(office), LEADER, AGENCY, "leader")
    first = copied(office, seal(office, file, AGENCY).file, OTHER_LEADER, OTHER_AGENCY)
    again = copied(office, first, LEADER, AGENCY, form="SL")
    report = pki.judge(office.blobs.read(again))
    fields = ["leader", "number", "seal", "copier", "copy", "copier-2", "copy-2"]
    assert [one.field for one in report.signatures] == fields
    assert verdict(office, again, sender=AGENCY) == ("TOTAL_PASSED", [])
    # The agency of the first copy did not make the second one.
    assert verdict(office, again, OTHER_AGENCY) == ("TOTAL_FAILED", ["signer_unexpected"] * 2)


def appended(office: Office, pki: Pki, file: str, signer: str, field: str) -> str:
    """A file with one more signature, which no order asked for."""
    more = corpus.sign(office.blobs.read(file), pki.keys.signer(signer), field=field)
    return office.blobs.put_bytes(more).digest


@pytest.mark.parametrize("field", ["leader", "leader-2", "Signature7", "copier-2", "copy-2"])
@pytest.mark.parametrize("signer", [LEADER, OTHER_LEADER], ids=["stranger", "own leader"])
def test_nobody_signs_behind_a_copy(office: Office, pki: Pki, field: str, signer: str) -> None:
    copy = copied(office, page(office), OTHER_LEADER, OTHER_AGENCY)
    more = appended(office, pki, copy, signer, field)
    found, codes = verdict(office, more, sender=OTHER_AGENCY)
    assert (found, {*codes}) == ("TOTAL_FAILED", {"signer_unexpected"})


@pytest.mark.parametrize("field", ["copier", "copier-2"])
def test_what_is_no_copy_has_no_strangers_copier(office: Office, pki: Pki, field: str) -> None:
    file = sign(office, page(office), LEADER, AGENCY, "leader")
    issued = seal(office, file, AGENCY).file
    more = appended(office, pki, issued, OTHER_LEADER, field)
    assert verdict(office, more) == ("TOTAL_FAILED", ["signer_unexpected"])


def test_a_copy_of_a_page_that_was_never_signed_is_the_copying_agencys(office: Office) -> None:
    signed = sign(office, page(office), OTHER_LEADER, OTHER_AGENCY, "copier")
    copy = seal(office, signed, OTHER_AGENCY, "copy", copy_form="SY").file
    assert verdict(office, copy, sender=OTHER_AGENCY) == ("TOTAL_PASSED", [])


def test_the_texts_of_a_copy_stand_in_its_upper_corners(office: Office) -> None:
    signed = sign(office, page(office), OTHER_LEADER, OTHER_AGENCY, "copier")
    copy = seal(office, signed, OTHER_AGENCY, "copy", copy_form="SY").file
    reader = PdfFileReader(BytesIO(office.blobs.read(copy)))
    places = {
        one.field_name: [float(edge) for edge in one.sig_field["/Rect"]]
        for one in reader.embedded_signatures
    }
    copier, agency = places["copier"], places["copy"]
    assert copier[3] == agency[3]
    assert (round(copier[0]), round(agency[2])) == (28, 595 - 28)
    assert copier[2] < agency[0]
