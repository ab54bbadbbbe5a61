"""The log of an installation on this machine: its folders, its keys, and a witness beside it.

A witness on the same machine proves nothing to anyone; it shows how others are asked. With
LOG_POLICY set, the witnesses named there are asked instead.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from libs.config import load
from services.audit.sealing.key_settings import KeySettings
from services.audit.sealing.shards import ShardName, year_of
from tools.platform.installation import Installation

ORIGIN = "log.lienthong.localhost"
WITNESS = "witness.lienthong.localhost"


class LogHome:
    """Where the log of an installation is."""

    def __init__(self, here: Installation) -> None:
        self._here = here
        self.folder = here.folder / "log"
        self.origin = here.settings.get("LOG_ORIGIN", ORIGIN)

    @property
    def policy(self) -> Path:
        """The policy file: the one that was set, or that of the witness beside us."""
        given = self._here.settings.get("LOG_POLICY")
        return Path(given) if given else self.folder / "policy"

    @property
    def witness_folder(self) -> Path:
        """The folder of the witness beside us."""
        return self._here.folder / "witness"

    def environment(self) -> dict[str, str]:
        """What the sealer sees of it."""
        return {
            "LOG_STATE": str(self.folder / "state"),
            "LOG_KEYS": str(self.folder / "keys"),
            "LOG_ORIGIN": self.origin,
            "LOG_POLICY": str(self.policy),
        }

    @property
    def key_settings(self) -> KeySettings:
        """The sealer's keys: in the token, if one was set. Raises `SettingsError`."""
        return load(KeySettings, {**self._here.settings, **self.environment()})

    def prepare_witness(self) -> None:
        """Make the keys of this year and the next, and tell the witness of them."""
        year = ShardName(year_of(datetime.now(UTC)))
        made = self.key_settings.keys()
        keys = [made.make(name).key for name in (year, ShardName(year.year + 1))]
        for folder in (self.folder, self.witness_folder):
            folder.mkdir(parents=True, exist_ok=True)
        logs = self.witness_folder / "logs"
        known = logs.read_text().splitlines() if logs.exists() else []
        logs.write_text("".join(f"{key}\n" for key in dict.fromkeys([*known, *map(str, keys)])))

    def write_policy(self) -> None:
        """Ask the witness beside us for its co-signature; what was set is left as it is."""
        if "LOG_POLICY" in self._here.settings:
            return
        key = json.loads((self.witness_folder / "state.json").read_text())["key"]
        logs = (self.witness_folder / "logs").read_text().splitlines()
        url = f"http://127.0.0.1:{self._here.ports['witness']}"
        lines = [*(f"log {line}" for line in logs), f"witness beside {key} {url}", "quorum beside"]
        self.policy.write_text("".join(f"{line}\n" for line in lines))
