"""The sealer refuses an old past; two persons decide that the log goes on."""

from pathlib import Path
from typing import Any

from tools.drill.commands import operator_key, run
from tools.drill.told import must
from tools.platform import Installation, Platform
from tools.platform.state import PlatformState

SEALER, WITNESS = "audit.sealer", "witness"
REFUSAL = "log_contradicted"


class Operators:
    """The two persons who may decide, and their keys below a folder."""

    def __init__(self, folder: Path) -> None:
        self._keys = [folder / f"operator-{name}.pem" for name in ("a", "b")]

    def enter(self, here: Installation) -> None:
        """Make their keys, and tell the installation of them, before they are needed."""
        public = [operator_key(path.stem, path) for path in self._keys]
        state = here.folder / "log" / "state"
        (state / "operators").write_text("".join(f"{key}\n" for key in public))

    def fork(self, folder: Path) -> dict[str, Any]:
        """Sign the statement, one after the other, and send the new key to the witness."""
        first, second = map(str, self._keys)
        run(folder, "log", "fork", "--reason", "drill", "--sign-with", first)
        told: dict[str, Any] = run(folder, "log", "fork", "--sign-with", second)
        must(told["complete"], "two persons have signed, and it is not decided")
        with (folder / "witness" / "logs").open("a") as logs:
            logs.write(f"{told['new_key']}\n")
        return told


class Refusing:
    """Watches a platform start over an old past: what it was told when the sealer had refused."""

    def __init__(self, platform: Platform, operators: Operators) -> None:
        self._platform, self._operators = platform, operators
        self.told: dict[str, Any] = {}

    def watch(self, _state: PlatformState) -> None:
        """Once the sealer has refused: fork; witness and sealer read the new key as they start."""
        folder = self._platform.folder
        log = folder / "logs" / f"{SEALER}.log"
        if self.told or not log.exists() or REFUSAL not in log.read_text():
            return
        self.told = self._operators.fork(folder)
        for name in (WITNESS, SEALER):
            self._platform.kill(name)
