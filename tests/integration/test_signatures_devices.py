"""A leader signs with his own device: the file is given out once, to him, and what comes back is
that file and one signature by him, or it is refused with the reason."""

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from sqlalchemy import text
from werkzeug.test import TestResponse

from services.signatures import devices
from tests.support.pki import (
    EXPIRED,
    LEADER,
    LEADER_BOX,
    OTHER_AGENCY,
    OTHER_LEADER,
    Pki,
    draft,
    running,
)
from tests.support.servers import PostgresForTests
from tests.support.signatures_office import (
    Front,
    Office,
    front_of,
    leader_order,
    open_office,
)

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, pki: Pki, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with open_office(postgres, pki.setup(), tmp_path_factory.mktemp("blobs")) as made:
        for person in (LEADER, OTHER_LEADER, EXPIRED):
            made.know(person, "leader", pki.fingerprint(person))
        yield made


@pytest.fixture(scope="module")
def front(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Front:
    return front_of(office, tmp_path_factory.mktemp("issuer"))


def ordered(office: Office, signer: str = LEADER) -> str:
    """An order for the signer's device: its id."""
    file = office.blobs.put_bytes(draft() + f"%{uuid4()}\n".encode()).digest
    signing, order = leader_order(file, signer, own_device=True)
    office.publish("documents", f"document-{uuid4()}", "SignatureRequested", order)
    office.follow()
    office.work()
    return signing


def prepared(front: Front, signing: str, **body: str) -> Any:
    answer = front.call("POST", f"/v1/device-signings/{signing}/prepare", body)
    assert answer.status_code == 201, answer.json
    return answer.json


def hand_in(front: Front, address: str, content: bytes, kind: str = "application/pdf") -> int:
    return front.client.post(address, data=content, content_type=kind).status_code


def shown(front: Front, signing: str) -> Any:
    return front.call("GET", f"/v1/device-signings/{signing}").json


def told(office: Office, signing: str) -> list[str]:
    return [name for name, _ in office.events(f"signing-{signing}")]


def reason(office: Office, signing: str) -> str:
    """Why the order was refused."""
    name, event = office.events(f"signing-{signing}")[-1]
    assert name == "SigningRefused"
    return str(event.reason_code)


def code_of(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    return answer.status_code, answer.json["code"]


def by_plug_in(front: Front, pki: Pki, signing: str) -> tuple[Any, bytes]:
    """Fetch the file as a plug-in does, and sign it with the leader's own key."""
    given = prepared(front, signing)
    file = front.client.get(given["fetch"]).data
    assert hashlib.sha256(file).hexdigest() == given["file_sha256"]
    return given, pki.leader(file).pdf


def by_token(pki: Pki, content: bytes, owner: str = LEADER) -> bytes:
    """What a USB token does with what it is given."""
    key: Any = pki.keys.signer(owner)._key
    return bytes(key.sign(content, padding.PKCS1v15(), hashes.SHA256()))


def certificate(pki: Pki, owner: str = LEADER) -> str:
    return base64.b64encode(pki.keys.signer(owner).signing_cert.dump()).decode()


def test_a_plug_in_fetches_the_file_once_and_hands_in_what_it_signed(
    office: Office, front: Front, pki: Pki
) -> None:
    signing = ordered(office)
    (waiting,) = [
        row
        for row in front.call("GET", "/v1/device-signings").json["signings"]  # type: ignore[index]
        if row["signing_id"] == signing
    ]
    assert waiting["state"] == "opened"
    given, signed = by_plug_in(front, pki, signing)
    assert given["place"]["page"] == LEADER_BOX.page
    assert hand_in(front, given["hand_in"], signed) == 202
    office.work()
    assert told(office, signing) == [
        "DeviceSigningOpened",
        "DeviceSigningPrepared",
        "DeviceSignatureReturned",
        "SignatureMade",
        "SigningFinished",
    ]
    (_, made), (_, finished) = office.events(f"signing-{signing}")[-2:]
    assert (made.role, made.owner_id) == ("leader", LEADER)
    assert made.certificate == pki.fingerprint(LEADER)
    assert office.blobs.read(finished.file) == signed
    assert shown(front, signing)["state"] == "signed"


def test_a_usb_token_signs_the_digest_alone_and_the_service_completes_the_file(
    office: Office, front: Front, pki: Pki
) -> None:
    signing = ordered(office)
    given = prepared(front, signing, means="digest", certificate=certificate(pki))
    assert "fetch" not in given
    early = front.client.post(given["hand_in"], data=b"x", content_type="application/octet-stream")
    assert code_of(early) == (409, "not_prepared")  # and the address is still good
    office.work()
    to_sign = shown(front, signing)["to_sign"]
    content = base64.b64decode(to_sign["content"])
    assert hashlib.sha256(content).hexdigest() == to_sign["sha256"]
    value = by_token(pki, content)
    assert hand_in(front, given["hand_in"], value, "application/octet-stream") == 202
    office.work()
    (_, made), (_, finished) = office.events(f"signing-{signing}")[-2:]
    assert (made.level, made.certificate) == ("B-T", pki.fingerprint(LEADER))
    report = pki.judge(office.blobs.read(finished.file))
    assert (report.verdict, report.signatures[0].field) == ("TOTAL_PASSED", "leader")


@pytest.mark.parametrize(
    ("means", "why"),
    [
        ("file of another", "signer_unexpected"),
        ("unsigned", "no_signature"),
        ("another file", "base_replaced"),
        ("two signatures", "signature_missing"),
        ("altered", "digest_wrong"),
        ("rubbish", "file_unreadable"),
    ],
)
def test_what_comes_back_wrong_is_refused_with_its_reason(
    office: Office, front: Front, pki: Pki, means: str, why: str
) -> None:
    signing = ordered(office)
    given, signed = by_plug_in(front, pki, signing)
    file = signed[: signed.index(b"%%EOF", signed.index(b"/SigFlags")) + 6]
    wrong = {
        "file of another": pki.leader(file, OTHER_LEADER).pdf,
        "unsigned": file,
        "another file": pki.leader(draft()).pdf,
        "two signatures": pki.seal(signed).pdf,
        "altered": signed.replace(b"/SigFlags 3", b"/SigFlags 1", 1),
        "rubbish": b"rubbish",
    }[means]
    assert hand_in(front, given["hand_in"], wrong) == 202
    office.work()
    assert reason(office, signing) == why
    seen = shown(front, signing)
    assert (seen["state"], seen["reason_code"]) == ("refused", why)
    assert seen["reason_vi"] != "Không ký được."


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"", "signature_malformed"),
        (bytes(256), "signature_wrong"),
        (bytes(5_000), "signature_malformed"),
    ],
)
def test_a_value_that_is_no_signature_of_it_is_refused(
    office: Office, front: Front, pki: Pki, value: bytes, why: str
) -> None:
    signing = ordered(office)
    given = prepared(front, signing, means="digest", certificate=certificate(pki))
    office.work()
    assert hand_in(front, given["hand_in"], value, "application/octet-stream") == 202
    office.work()
    assert reason(office, signing) == why


def test_only_the_signer_gets_addresses(office: Office, front: Front, pki: Pki) -> None:
    signing = ordered(office)
    path = f"/v1/device-signings/{signing}"
    stranger = front.call("POST", f"{path}/prepare", {}, person=OTHER_LEADER)
    assert code_of(stranger) == (403, "not_the_signer")
    assert code_of(front.call("GET", path, person=OTHER_LEADER)) == (403, "not_the_signer")
    for method, target in (("GET", path), ("POST", f"{path}/prepare")):
        other = front.call(method, target, {} if method == "POST" else None, agency=OTHER_AGENCY)
        assert code_of(other) == (404, "not_found")
    clerk = front.call("POST", f"{path}/prepare", {}, role="clerk")
    assert code_of(clerk) == (403, "action_not_allowed")
    nowhere = front.call("POST", f"/v1/device-signings/{uuid4()}/prepare", {})
    assert code_of(nowhere) == (404, "not_found")
    assert told(office, signing) == ["DeviceSigningOpened"]


def test_addresses_are_good_once_and_only_as_they_were_told(
    office: Office, front: Front, pki: Pki
) -> None:
    signing = ordered(office)
    given, signed = by_plug_in(front, pki, signing)
    assert code_of(front.client.get(given["fetch"])) == (410, "address_used")
    for wrong in (given["fetch"], given["hand_in"][:-1] + "!", given["hand_in"] + "A"):
        answer = front.client.post(wrong, data=signed, content_type="application/pdf")
        assert code_of(answer) == (404, "not_found")
    assert code_of(front.client.get(given["hand_in"])) == (404, "not_found")
    assert hand_in(front, given["hand_in"], signed) == 202
    again = front.client.post(given["hand_in"], data=signed, content_type="application/pdf")
    assert code_of(again) == (410, "address_used")
    office.work()
    assert told(office, signing).count("SigningFinished") == 1


def test_new_addresses_end_the_old_ones(office: Office, front: Front, pki: Pki) -> None:
    signing = ordered(office)
    old, signed = by_plug_in(front, pki, signing)
    new = prepared(front, signing)
    answer = front.client.post(old["hand_in"], data=signed, content_type="application/pdf")
    assert code_of(answer) == (404, "not_found")
    assert hand_in(front, new["hand_in"], signed) == 202


def test_a_broken_upload_does_not_use_the_address_up(
    office: Office, front: Front, pki: Pki
) -> None:
    signing = ordered(office)
    given, signed = by_plug_in(front, pki, signing)
    wrong = front.client.post(given["hand_in"], data=signed, content_type="text/plain")
    assert code_of(wrong) == (415, "content_type_unknown")
    broken = front.client.post(
        given["hand_in"],
        data=signed[:100],
        content_type="application/pdf",
        environ_overrides={"CONTENT_LENGTH": "5000"},
    )
    assert code_of(broken) == (400, "body_broken_off")
    assert hand_in(front, given["hand_in"], signed) == 202


def test_secrets_are_kept_nowhere(office: Office, front: Front) -> None:
    signing = ordered(office)
    path = f"/v1/device-signings/{signing}/prepare"
    first = front.call("POST", path, {}, Idempotency_Key="once").json
    again = front.call("POST", path, {}, Idempotency_Key="once").json
    assert first is not None
    assert again is not None
    assert {*first} - {*again} == {"fetch", "hand_in"}  # a repeat is not told them
    secrets = [first[name].rpartition("/")[2] for name in ("fetch", "hand_in")]
    assert len({*secrets}) == 2
    assert all(len(secret) >= 43 for secret in secrets)
    with office.store["signatures"].unit() as unit:
        tables = ("command", "one_time_address", "job", "device_signing")
        rows = [
            str(tuple(bytes(v).decode("latin-1") if isinstance(v, memoryview) else v for v in row))
            for table in tables
            for row in unit.connection.execute(text(f"SELECT * FROM signatures.{table}"))  # noqa: S608
        ]
    assert not any(secret in row for secret in secrets for row in rows)


def test_a_certificate_that_the_directory_does_not_know_signs_nothing(
    office: Office, front: Front, pki: Pki
) -> None:
    signing = ordered(office)
    path = f"/v1/device-signings/{signing}/prepare"
    body = {"means": "digest", "certificate": certificate(pki, OTHER_LEADER)}
    assert code_of(front.call("POST", path, body)) == (422, "certificate_unknown")
    body["certificate"] = base64.b64encode(b"rubbish").decode()
    assert code_of(front.call("POST", path, body)) == (422, "certificate_unknown")


@pytest.mark.parametrize(
    "body",
    [
        {"means": "digest"},
        {"means": "digest", "certificate": "not base64!"},
        {"means": "file", "certificate": "AAAA"},
        {"means": "fax"},
    ],
)
def test_a_preparation_says_what_comes_back(office: Office, front: Front, body: Any) -> None:
    signing = ordered(office)
    answer = front.call("POST", f"/v1/device-signings/{signing}/prepare", body)
    assert code_of(answer) == (422, "body_invalid")


def test_an_expired_certificate_is_not_even_asked_to_sign(
    office: Office, front: Front, pki: Pki
) -> None:
    signing = ordered(office, EXPIRED)
    path = f"/v1/device-signings/{signing}/prepare"
    body = {"means": "digest", "certificate": certificate(pki, EXPIRED)}
    assert front.call("POST", path, body, person=EXPIRED).status_code == 201
    office.work()
    assert reason(office, signing) == "certificate_expired"


def test_an_order_that_nobody_completes_expires_by_a_job(
    office: Office, front: Front, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.signatures.device_acts.ORDER_TIME", timedelta(0))
    signing = ordered(office)
    office.work()
    assert reason(office, signing) == "device_signing_expired"
    late = front.call("POST", f"/v1/device-signings/{signing}/prepare", {})
    assert code_of(late) == (409, "signing_closed")
    with office.store["signatures"].unit() as unit:
        kept = text("SELECT count(*) FROM signatures.one_time_address WHERE signing_id = :id")
        assert unit.connection.execute(kept, {"id": signing}).scalar() == 0


def test_an_address_is_over_after_its_time(
    office: Office, front: Front, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing = ordered(office)
    monkeypatch.setattr(devices, "ADDRESS_TIME", timedelta(0))
    given = prepared(front, signing)
    assert code_of(front.client.get(given["fetch"])) == (410, "address_used")
    late = front.client.post(given["hand_in"], data=b"x", content_type="application/pdf")
    assert code_of(late) == (410, "address_used")


def test_two_returns_at_once_are_taken_once(office: Office, front: Front, pki: Pki) -> None:
    signing = ordered(office)
    given, signed = by_plug_in(front, pki, signing)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: hand_in(front, given["hand_in"], signed), range(4)))
    assert sorted(answers) == [202, 410, 410, 410]
    assert told(office, signing).count("DeviceSignatureReturned") == 1


def test_a_key_of_the_platform_needs_no_device(office: Office) -> None:
    file = office.blobs.put_bytes(draft()).digest
    signing, order = leader_order(file)
    office.publish("documents", f"document-{uuid4()}", "SignatureRequested", order)
    office.follow()
    office.work()
    assert told(office, signing) == ["SignatureMade", "SigningFinished"]


def test_a_return_that_two_people_refused_ends_the_order(
    office: Office, front: Front, pki: Pki
) -> None:
    signing = ordered(office)
    given, file = by_plug_in(front, pki, signing)
    assert hand_in(front, given["hand_in"], file) == 202
    park = (
        "UPDATE signatures.job SET state = 'parked' WHERE kind = 'device_check'"
        " AND state = 'open' RETURNING job_id"
    )
    with office.store["signatures"].unit() as unit:
        assert unit.jobs.refuse(list(unit.connection.execute(text(park)).scalars()))
    office.work()
    assert reason(office, signing) == "refused_at_desk"


def test_a_certificate_that_the_directory_ended_signs_nothing(
    office: Office, front: Front, pki: Pki
) -> None:
    name = office.know(OTHER_LEADER, "leader", pki.fingerprint(OTHER_LEADER))
    signing, later = ordered(office, OTHER_LEADER), ordered(office, OTHER_LEADER)
    mine = certificate(pki, OTHER_LEADER)
    path = "/v1/device-signings/{}/prepare"
    body = {"means": "digest", "certificate": mine}
    given: Any = front.call("POST", path.format(signing), body, person=OTHER_LEADER).json
    office.work()
    shows: Any = front.call("GET", f"/v1/device-signings/{signing}", person=OTHER_LEADER).json
    value = by_token(pki, base64.b64decode(shows["to_sign"]["content"]), OTHER_LEADER)
    revoked = f'{{"certificate_id":"{name}","owner_id":"{OTHER_LEADER}"}}'
    office.publish("directory", f"certificate-{OTHER_LEADER}", "CertificateRevoked", revoked)
    assert hand_in(front, given["hand_in"], value, "application/octet-stream") == 202
    office.work()
    assert reason(office, signing) == "certificate_revoked"
    refused = front.call("POST", path.format(later), body, person=OTHER_LEADER)
    assert code_of(refused) == (422, "certificate_ended")
