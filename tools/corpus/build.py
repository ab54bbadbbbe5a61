"""Build the files."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import tools.corpus.attacks  # noqa: F401 - enters the kinds
from tools.corpus.authority import Authority
from tools.corpus.kinds import KINDS, Bench


def build(pki: Authority, folder: Path, only: Collection[str] | None = None) -> dict[str, Path]:
    """Write `<kind>.pdf` for every kind; the paths by kind."""
    bench, files = Bench(pki), {}
    folder.mkdir(parents=True, exist_ok=True)
    for name, one in KINDS.items():
        if only and name not in only:
            continue
        files[name] = folder / f"{name}.pdf"
        files[name].write_bytes(one.make(bench))
    return files
