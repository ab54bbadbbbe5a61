"""`proto/released/<version>/`: what `proto/` said about events when a version was released.

Beside each folder stands `<version>.sha256`, in the form of `sha256sum` and with paths from the
repository's root. It names the folder's files and every sample event of that day: what was released
is stored in installations, so neither may change or go.
"""

import re
import shutil
from hashlib import sha256
from pathlib import Path

RELEASED = Path("proto/released")
SAMPLES = Path("tests/vectors/events")
UNRELEASED = "unreleased"
_HEADING = re.compile(r"^## (\d+\.\d+\.\d+) \((.+)\)$", re.M)


class ReleaseRefused(Exception):
    """The version has no place in CHANGELOG.md, or is released and stays as it is."""


def versions(root: Path) -> dict[str, str]:
    """The versions of CHANGELOG.md, newest first, each with its date or "unreleased"."""
    return dict(_HEADING.findall((root / "CHANGELOG.md").read_text(encoding="utf-8")))


def contract_files(proto: Path) -> dict[str, bytes]:
    """What belongs to the contract of events in a `proto` folder or a released one, by path."""
    files = [proto / "buf.yaml", proto / "topology.toml", *proto.glob("lienthong/**/*.proto")]
    return {str(file.relative_to(proto)): file.read_bytes() for file in files}


def write_release(root: Path, version: str) -> Path:
    """Make the folder of a version that is not released yet anew; returns it.

    Raises `ReleaseRefused`, and then changes nothing.
    """
    stage = versions(root).get(version)
    if stage is None:
        raise ReleaseRefused(f"CHANGELOG.md has no version {version!r}")
    if stage != UNRELEASED:
        raise ReleaseRefused(f"{version} was released ({stage}): its contract stays as it is")
    folder = root / RELEASED / version
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in contract_files(root / "proto").items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    kept = [file for file in folder.rglob("*") if file.is_file()]
    kept += (root / SAMPLES).glob("*.json")
    lines = [f"{digest(file)}  {file.relative_to(root)}\n" for file in sorted(kept)]
    checksums(root, version).write_text("".join(lines), encoding="utf-8")
    return folder


def checksums(root: Path, version: str) -> Path:
    """The checksum file of a version."""
    return root / RELEASED / f"{version}.sha256"


def digest(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    return sha256(file.read_bytes()).hexdigest()
