"""Keys are found by owner, parsed once, and never shown."""

from pathlib import Path

import pytest

from services.signatures.keys import KeyNotFound, KeyUnreadable, Pkcs12Folder
from services.signatures.pdf.trust import TrustStore, TrustStoreUnreadable
from tools.pki.issue import init
from tools.pki.store import Subject

OWNER = "0190a000-0000-7000-8000-0000000000b1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    init(folder, [Subject(OWNER, "leader", "Nguyễn Văn Đức", "UBND")])
    return folder


def test_a_key_is_parsed_once(data: Path) -> None:
    keys = Pkcs12Folder(data / "keys")
    signer = keys.signer(OWNER)
    assert keys.signer(OWNER) is signer
    assert signer.signing_cert.subject.native["common_name"] == "Nguyễn Văn Đức"


@pytest.mark.parametrize("owner", ["", "../keys", OWNER[:-1] + "9", "0" * 5000])
def test_an_unknown_owner_has_no_key(data: Path, owner: str) -> None:
    with pytest.raises(KeyNotFound):
        Pkcs12Folder(data / "keys").signer(owner)


def test_neither_pin_nor_key_is_ever_shown(data: Path, tmp_path: Path) -> None:
    pin = (data / "keys" / f"{OWNER}.pin").read_text()
    keys = Pkcs12Folder(data / "keys")
    shown = [repr(keys), repr(keys.signer(OWNER)), str(keys.signer(OWNER))]
    (tmp_path / f"{OWNER}.p12").write_bytes(b"damaged")
    (tmp_path / f"{OWNER}.pin").write_text(pin)
    with pytest.raises(KeyUnreadable) as refusal:
        Pkcs12Folder(tmp_path).signer(OWNER)
    shown += [str(refusal.value), repr(refusal.value), repr(refusal.value.__cause__)]
    assert not any(pin in text or "PRIVATE" in text for text in shown)


def test_key_files_are_closed_to_others(data: Path) -> None:
    secret = [*(data / "keys").iterdir(), *(data / "ca").glob("*.pem")]
    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}


def test_a_trust_store_has_roots_and_a_version(data: Path, tmp_path: Path) -> None:
    store = TrustStore.load(data / "trust")
    assert (len(store.roots), len(store.intermediates)) == (1, 1)
    assert store.version == TrustStore.load(data / "trust").version
    with pytest.raises(TrustStoreUnreadable):
        TrustStore.load(tmp_path)
    (tmp_path / "rubbish.pem").write_text("rubbish")
    with pytest.raises(TrustStoreUnreadable):
        TrustStore.load(tmp_path)
