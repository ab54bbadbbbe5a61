"""SoftHSM tokens for tests: real PKCS#11, made and filled by the tests themselves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.pki import softhsm
from tools.pki.softhsm import SoftToken

needs_softhsm = pytest.mark.skipif(
    not softhsm.installed(),
    reason="SoftHSM is not installed: apt-get install softhsm2, or `make test` as root",
)


def token_with(folder: Path, pki: Path, *owners: str, label: str = "lienthong") -> SoftToken:
    """A new token with the keys of these people of a test PKI."""
    return softhsm.made(folder, pki / "keys", owners, label)


def use(token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that the test starts find the token."""
    monkeypatch.setenv("SOFTHSM2_CONF", token.environment()["SOFTHSM2_CONF"])


def log_in(token: SoftToken, pin: str) -> bool:
    """Give a PIN from another process, as an operator would; whether it was right."""
    script = (
        "import pkcs11, sys\n"
        f"pkcs11.lib({str(softhsm.MODULE)!r}).get_token(token_label={token.label!r})"
        ".open(user_pin=sys.stdin.read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pin.encode(),
        env={**os.environ, **token.environment()},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
