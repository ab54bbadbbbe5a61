"""Whoever holds a private key of the log, of a witness or a PIN leaves no core."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_ASKED = """
import ctypes, resource, sys
from contextlib import suppress
from {module} import main
with suppress(BaseException):  # nothing of what it needs is here: it ends at once
    main({words})
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
print(dumpable == 1, resource.getrlimit(resource.RLIMIT_CORE) == (0, 0), file=sys.__stdout__)
"""
GUARDED = {
    "sealer": ("services.audit.sealer", ""),
    "witness": ("tools.cli", '["witness", "run", "--folder", "/dev/null", "--name", "w"]'),
    "key": ("tools.cli", '["log", "key", "2027", "--folder", "/dev/null"]'),
    "token": ("tools.cli", '["log", "token", "--log-in", "--folder", "/dev/null"]'),
    "fork": ("tools.cli", '["log", "fork", "--folder", "/dev/null"]'),
    "operator": ("tools.cli", '["log", "operator", "a", "/dev/null/key"]'),
}


def told(module: str, words: str, folder: Path) -> str:
    script = _ASKED.format(module=module, words=words)
    asked = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        cwd=folder,
    )
    return asked.stdout.splitlines()[-1]


@pytest.mark.parametrize("who", GUARDED)
def test_who_holds_a_key_or_a_pin_leaves_no_core(who: str, tmp_path: Path) -> None:
    assert told(*GUARDED[who], tmp_path) == "False True"


def test_who_only_looks_may(tmp_path: Path) -> None:
    words = '["log", "status", "--folder", "/dev/null"]'
    assert told("tools.cli", words, tmp_path).split()[0] == "True"
