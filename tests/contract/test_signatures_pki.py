"""The test PKI as the demo uses it: by its command, for any list of people, across restarts."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from libs.envelope import KeyFolder, certificate_of
from tools.pki.__main__ import main

PERSON = {
    "id": "0190a000-0000-7000-8000-0000000000c1",
    "kind": "leader",
    "common_name": "Nguyễn Văn Đức",
    "organization": "Ủy ban nhân dân tỉnh Ninh Bình",
}
AGENCY = {**PERSON, "id": "0190a000-0000-7000-8000-0000000000c2", "kind": "seal"}


def run(data: Path, subjects: Any) -> int:
    listed = data.parent / "subjects.json"
    listed.write_text(json.dumps(subjects), "utf-8")
    return main(["init", "--data", str(data), "--subjects", str(listed)])


def certificate(data: Path, subject: dict[str, str]) -> bytes:
    return (data / "certificates" / f"{subject['id']}.pem").read_bytes()


def test_init_writes_trust_keys_and_certificates_and_keeps_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "pki"
    run(data, [PERSON])
    first = json.loads(capsys.readouterr().out)
    before = certificate(data, PERSON)
    run(data, [PERSON, AGENCY])
    again = json.loads(capsys.readouterr().out)
    assert again["port"] == first["port"]
    assert certificate(data, PERSON) == before
    assert {path.name for path in (data / "trust").iterdir()} == {"root.pem", "localities.pem"}
    issued = x509.load_pem_x509_certificate(certificate(data, AGENCY))
    access = issued.extensions.get_extension_for_oid(
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS
    ).value
    assert isinstance(access, x509.AuthorityInformationAccess)
    assert [
        one.access_location.value
        for one in access
        if one.access_method == AuthorityInformationAccessOID.OCSP
    ] == [first["ocsp_url"]]
    assert f"127.0.0.1:{first['port']}/" in first["ocsp_url"]
    assert (issued.not_valid_after_utc - issued.not_valid_before_utc).days == 3 * 365
    usage = issued.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.content_commitment) == (True, True)


def test_an_agencys_service_key_is_another_one_than_its_seals(tmp_path: Path) -> None:
    data = tmp_path / "pki"
    service = {**AGENCY, "kind": "service", "key_usages": ["digital_signature"]}
    assert run(data, [AGENCY, service]) == 0
    assert run(data, [AGENCY, service]) == 0
    seal = x509.load_pem_x509_certificate(certificate(data, AGENCY))
    key = KeyFolder(data / "service-keys").key_of(UUID(AGENCY["id"]))
    assert key is not None
    assert key.certificate.public_key() != seal.public_key()
    registered = (data / "certificates" / f"{AGENCY['id']}-service.pem").read_bytes()
    assert certificate_of(registered) == key.certificate
    usage = key.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.content_commitment) == (True, False)
    assert {path.name for path in (data / "keys").iterdir()} == {
        f"{AGENCY['id']}.{ending}" for ending in ("p12", "pin")
    }


@pytest.mark.parametrize(
    "subjects",
    [
        {},
        ["text"],
        [{**PERSON, "id": "../../etc"}],
        [{**PERSON, "kind": "king"}],
        [{**PERSON, "common_name": ""}],
        [{**PERSON, "extra": 1}],
        [{**PERSON, "valid_to": "tomorrow"}],
    ],
)
def test_a_subject_that_is_none_is_refused_and_nothing_is_written(
    tmp_path: Path, subjects: Any
) -> None:
    assert run(tmp_path / "pki", subjects) == 2
    assert not (tmp_path / "pki").exists()
