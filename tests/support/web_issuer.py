"""The development issuer as a process of a test's own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.wait import eventually

LAN: dict[str, Any] = {
    "username": "lan",
    "password": "correct horse",
    "subject": "018f0000-0000-7000-8000-000000000001",
    "agency": "H40.01",
    "position": "018f0000-0000-7000-8000-0000000000aa",
    "roles": ["clerk"],
}


@contextmanager
def running_issuer(data: Path) -> Iterator[str]:
    """Run the issuer with one account; yields its URL, and ends it."""
    (data / "accounts.json").write_text(json.dumps([LAN]))
    port_file = data / "port"
    port_file.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.issuer", "--data", data, "--port-file", port_file],
        env={**os.environ, "LIENTHONG_DEVELOPMENT": "1"},
        stdout=subprocess.DEVNULL,
    )
    try:
        eventually(port_file.exists, within=20)
        yield f"http://127.0.0.1:{int(port_file.read_text())}"
    finally:
        process.terminate()
        process.wait(timeout=10)
