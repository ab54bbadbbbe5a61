"""A SoftHSM token with the keys of people and agencies of the test PKI: an HSM for a laptop.

    python -m tools.pki.softhsm --keys build/run/pki/keys --folder build/token OWNER...

prints what the signing worker needs. The keys are copied; those in files may be deleted then.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from pkcs11 import Attribute
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
_CONFIGURATION = """\
directories.tokendir = {folder}/objects
objectstore.backend = file
log.level = ERROR
slots.removable = false
"""


@dataclass(frozen=True)
class SoftToken:
    """A token by its label, and the folders from which a worker takes it up."""

    folder: Path
    label: str

    @property
    def pins(self) -> Path:
        """`TOKENS_DIR`: the PIN of each token of this folder."""
        return self.folder / "pins"

    @property
    def pin_file(self) -> Path:
        return self.pins / f"{self.label}.pin"

    @property
    def configuration(self) -> Path:
        """`SOFTHSM2_CONF`."""
        return self.folder / "softhsm2.conf"

    def environment(self) -> dict[str, str]:
        """The worker's settings."""
        return {
            "PKCS11_MODULE": str(MODULE),
            "TOKENS_DIR": str(self.pins),
            "SOFTHSM2_CONF": str(self.configuration),
        }


def installed() -> bool:
    """Whether SoftHSM and its tool are here (Debian: softhsm2)."""
    return MODULE.exists() and shutil.which("softhsm2-util") is not None


def made(folder: Path, keys: Path, owners: Sequence[str], label: str = "lienthong") -> SoftToken:
    """A new token with the keys of `owners`, made by another process.

    For the library reads SOFTHSM2_CONF once in the life of a process.
    """
    command = [sys.executable, "-m", "tools.pki.softhsm", *owners, "--label", label]
    command += ["--keys", str(keys), "--folder", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    return SoftToken(folder.resolve(), label)


def create(folder: Path, label: str) -> SoftToken:
    """Initialise an empty token with a random PIN; one folder may hold several."""
    token = SoftToken(folder.resolve(), label)
    (token.folder / "objects").mkdir(parents=True, exist_ok=True)
    token.pins.mkdir(exist_ok=True)
    token.configuration.write_text(_CONFIGURATION.format(folder=token.folder))
    pin, so_pin = (secrets.token_hex(8) for _ in range(2))
    command = ["softhsm2-util", "--init-token", "--free", "--label", label]
    subprocess.run(
        [*command, "--pin", pin, "--so-pin", so_pin],
        env={**os.environ, **token.environment()},
        check=True,
        capture_output=True,
    )
    token.pin_file.touch(mode=0o600)
    token.pin_file.write_text(pin)
    return token


def fill(token: SoftToken, keys: Path, owners: Sequence[str]) -> None:
    """Copy the keys of `owners` (`<id>.p12`, `<id>.pin`) into the token; labels are their ids."""
    os.environ.update(token.environment())
    found = pkcs11.lib(str(MODULE)).get_token(token_label=token.label)
    with found.open(rw=True, user_pin=token.pin_file.read_text()) as session:
        for number, owner in enumerate(owners, start=1):
            _copy(session, keys, owner, number.to_bytes(4, "big"))


def _copy(session: pkcs11.Session, keys: Path, owner: str, id_: bytes) -> None:
    pin = (keys / f"{owner}.pin").read_bytes().strip()
    key, certificate, _ = pkcs12.load_key_and_certificates(
        (keys / f"{owner}.p12").read_bytes(), pin
    )
    assert key is not None
    assert certificate is not None
    form = PrivateFormat.TraditionalOpenSSL
    der = key.private_bytes(Encoding.DER, form, NoEncryption())
    decode = decode_rsa_private_key if isinstance(key, rsa.RSAPrivateKey) else decode_ec_private_key
    common = {Attribute.TOKEN: True, Attribute.LABEL: owner, Attribute.ID: id_}
    closed = {Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
    session.create_object({**decode(der), **common, **closed, Attribute.SIGN: True})
    shown = decode_x509_certificate(certificate.public_bytes(Encoding.DER))
    session.create_object({**shown, **common, Attribute.PRIVATE: False})


def main(words: Sequence[str] | None = None) -> int:
    """Create a token, fill it, and print the worker's settings."""
    parser = argparse.ArgumentParser(prog="python -m tools.pki.softhsm", description=__doc__)
    parser.add_argument("owners", nargs="+", metavar="OWNER", help="ids of people and agencies")
    parser.add_argument("--keys", type=Path, required=True, help="their <id>.p12 and <id>.pin")
    parser.add_argument("--folder", type=Path, required=True, help="where the token will lie")
    parser.add_argument("--label", default="lienthong", help="the token's label")
    options = parser.parse_args(words)
    token = create(options.folder, options.label)
    fill(token, options.keys, options.owners)
    for name, value in token.environment().items():
        print(f"export {name}={value}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
