"""The Go project's own code as a second opinion on our log (Debian: golang-golang-x-mod-dev)."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent / "go_verifier"
_PACKAGES = Path("/usr/share/gocode")


def built_verifier(folder: Path) -> Path:
    """Build the verifier below `folder` without a network; skip the test where Go is not to be had.

    In CI it has to be there.
    """
    if not shutil.which("go") or not (_PACKAGES / "src/golang.org/x/mod/sumdb").is_dir():
        if os.environ.get("CI"):
            raise AssertionError("golang-go and golang-golang-x-mod-dev are missing")
        pytest.skip("needs golang-go and golang-golang-x-mod-dev")
    program = folder / "go_verifier"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(_PACKAGES),
        "GOCACHE": str(folder / "go-cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    subprocess.run(
        ["go", "build", "-o", program, "."], cwd=SOURCE, env=environment, check=True, timeout=300
    )
    return program


def verdicts(program: Path, cases: Sequence[dict[str, Any]]) -> list[str]:
    """What Go says to each case: nothing when it accepts it, else why not."""
    done = subprocess.run(
        [program], input=json.dumps(cases).encode(), capture_output=True, check=True, timeout=60
    )
    found: list[str] = json.loads(done.stdout)
    return found


def as_json(hashes: Iterable[bytes]) -> list[str]:
    """Hashes as the verifier reads them."""
    return [base64.b64encode(hash_).decode() for hash_ in hashes]
