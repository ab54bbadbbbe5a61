"""Service keys as files: found by the agency's id, read once, never shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from libs.envelope import EnvelopeMalformed, KeyFolder, KeyUnusable, certificate_of
from tests.support.service_keys import PASSPHRASE, keep, pem_of, service_key

AGENCY = uuid4()


def test_an_agency_has_the_key_that_lies_under_its_id(tmp_path: Path) -> None:
    keep(tmp_path, AGENCY, service_key(AGENCY))
    found = KeyFolder(tmp_path).key_of(AGENCY)
    assert found is not None
    assert found.certificate == service_key(AGENCY).certificate
    assert found.private.public_key() == found.certificate.public_key()
    assert KeyFolder(tmp_path).key_of(uuid4()) is None
    assert KeyFolder(tmp_path / "nowhere").key_of(AGENCY) is None


def test_an_exchanged_key_is_read_without_a_restart(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    assert folder.key_of(AGENCY) is None
    keep(tmp_path, AGENCY, service_key(AGENCY))
    first = folder.key_of(AGENCY)
    assert folder.key_of(AGENCY) is first
    keep(tmp_path, AGENCY, service_key(AGENCY, "rsa"))
    second = folder.key_of(AGENCY)
    assert second is not None
    assert second.certificate == service_key(AGENCY, "rsa").certificate


@pytest.mark.parametrize("name", ["p12", "pin"])
def test_a_damaged_key_is_told_without_what_is_in_it(tmp_path: Path, name: str) -> None:
    keep(tmp_path, AGENCY, service_key(AGENCY))
    (tmp_path / f"{AGENCY}.{name}").write_bytes(b"damaged " + PASSPHRASE)
    with pytest.raises(KeyUnusable) as refusal:
        KeyFolder(tmp_path).key_of(AGENCY)
    assert PASSPHRASE.decode() not in repr(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_key_without_its_passphrase_is_unusable(tmp_path: Path) -> None:
    keep(tmp_path, AGENCY, service_key(AGENCY))
    (tmp_path / f"{AGENCY}.pin").unlink()
    with pytest.raises(KeyUnusable):
        KeyFolder(tmp_path).key_of(AGENCY)


def test_a_key_holds_as_long_as_its_certificate() -> None:
    key, now = service_key(AGENCY), datetime.now(UTC)
    assert key.holds_at(now)
    assert not key.holds_at(now + timedelta(days=701))
    assert not key.holds_at(now - timedelta(days=101))
    assert "private" not in repr(key)


def test_a_certificate_is_read_from_its_pem() -> None:
    key = service_key(AGENCY)
    assert certificate_of(pem_of(key)) == key.certificate
    with pytest.raises(EnvelopeMalformed):
        certificate_of(b"-----BEGIN NONSENSE-----")
