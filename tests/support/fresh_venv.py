"""A Python environment with `cryptography` alone: no project, no other package, no network."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

_PACKAGES = ("cryptography", "cffi", "_cffi_backend", "pycparser", "typing_extensions")


class FreshVenv:
    """An environment in `folder`, made offline from the packages that are installed here."""

    def __init__(self, folder: Path) -> None:
        base = Path(sysconfig.get_config_var("installed_base")) / "bin" / "python3"
        python = str(base) if base.exists() else sys.executable
        making = [python, "-m", "venv", "--without-pip", str(folder)]
        subprocess.run(making, check=True, timeout=120, capture_output=True)
        self.python = folder / "bin" / "python"
        (packages,) = folder.glob("lib/python3*/site-packages")
        for name in _PACKAGES:
            found = importlib.util.find_spec(name)
            if found and found.origin:
                origin = Path(found.origin)
                source = origin.parent if origin.name == "__init__.py" else origin
                (packages / source.name).symlink_to(source)

    def run(self, words: Sequence[object], folder: Path) -> subprocess.CompletedProcess[str]:
        """Run Python with words in a folder, without anything of our environment."""
        kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        command = [str(self.python), *map(str, words)]
        return subprocess.run(
            command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=120
        )
