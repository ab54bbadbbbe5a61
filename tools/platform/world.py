"""Who exists around an installation: certificate holders, accounts, systems on the axis."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.platform.credentials import Credentials


@dataclass(frozen=True)
class World:
    """What the stand-ins are told before they start."""

    subjects: Sequence[Mapping[str, Any]] = ()
    """Holders of test certificates, as `tools.pki` reads them."""
    accounts: Any = field(default_factory=list)
    """People who log in at the development issuer, as `tools.issuer` reads them."""
    systems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Systems connected to the axis, by id, each with the codes of its agencies."""
    system: str = "province"
    """Which of the systems is this installation."""

    def write(self, pki: Path, issuer: Path, axis: Path, credentials: Credentials) -> None:
        """Write the stand-ins' files; every system of the axis gets a secret of its own."""
        systems = [
            {"id": name, "secret": credentials.get(f"axis.{name}"), "agencies": list(codes)}
            for name, codes in {self.system: (), **self.systems}.items()
        ]
        _write(pki / "subjects.json", list(self.subjects))
        _write(issuer / "accounts.json", self.accounts)
        _write(axis / "systems.json", {"systems": systems})


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    Credentials(path.parent).put(path.name, text)  # accounts and systems hold secrets
