"""Fail when something was installed by hand and stands in no install step.

A machine that was worked on hides missing install steps. Compared are apt's manual packages with
the apt lists and what the machine had before the first set-up, and the environment's packages
with requirements-dev.lock.
"""

import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The project itself, and what `python -m venv` puts there.
OWN = {"lienthong", "pip"}


def main() -> int:
    """Print each finding; 1 if there is one."""
    findings = [
        *(f"apt package {name}: not in tools/setup/apt-*packages.txt" for name in apt_strangers()),
        *(f"Python package {name}: not as in requirements-dev.lock" for name in pip_strangers()),
    ]
    for finding in findings:
        print(finding, file=sys.stderr)
    if not findings:
        print("nothing is installed that no install step names")
    return 1 if findings else 0


def apt_strangers() -> set[str]:
    """Return the packages that somebody asked apt for, and no install step does."""
    before = ROOT / ".venv" / "apt-before.txt"
    if shutil.which("apt-mark") is None or not before.exists():
        return set()
    manual = subprocess.run(
        ["apt-mark", "showmanual"], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    lists = sorted((ROOT / "tools" / "setup").glob("apt-*packages.txt"))
    listed = "".join(each.read_text(encoding="utf-8") for each in lists)
    named = re.sub(r"#.*", "", listed).replace("|", " ").split()
    return set(manual) - set(named) - set(before.read_text(encoding="utf-8").split())


def pip_strangers() -> set[str]:
    """Return the environment's packages, with versions, that differ from the lock."""
    lock = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    locked = {_plain(pin) for pin in re.findall(r"^[\w.-]+==[^\s;\\]+", lock, re.MULTILINE)}
    present = {
        _plain(f"{found.metadata['Name']}=={found.version}")
        for found in distributions()
        if found.metadata["Name"] not in OWN
    }
    return present - locked


def _plain(pin: str) -> str:
    """Return name==version with the name as PEP 503 compares it."""
    name, _, version = pin.partition("==")
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


if __name__ == "__main__":
    sys.exit(main())
