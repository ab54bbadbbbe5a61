"""How far the log has come: from its files, its sealer's memory and the store, where reached."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from libs.eventstore import Place, StoreUnreachable
from libs.eventstore.bulk import BulkReader
from libs.translog import CHECKPOINT, Checkpoint, Note, Policy
from services.audit.proofs import Proofs, notes_of
from services.audit.sealing.files import SIGNED
from services.audit.sealing.memory import Memory
from services.audit.sealing.shards import ShardName
from tools.log.places import LogUnreachable, log_folder
from tools.platform.database_urls import database_url
from tools.platform.installation import Installation, InstallationError
from tools.platform.log import LogHome

_WAITING = "SELECT count(*) FROM es.event WHERE (tx, position) > (%s, %s)"


@dataclass(frozen=True)
class ShardStatus:
    """One shard: entries signed and witnessed, and who co-signed last, when."""

    name: ShardName
    origin: str
    signed: int
    witnessed: int
    witnesses: dict[str, datetime]


@dataclass(frozen=True)
class LogStatus:
    """All shards, what waits in the store (None: not reached), and what contradicts."""

    shards: list[ShardStatus]
    waiting: int | None
    contradictions: list[Path]

    @property
    def well(self) -> bool:
        """Whether nothing contradicts."""
        return not self.contradictions

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "shards": [
                {
                    "name": str(shard.name),
                    "origin": shard.origin,
                    "signed": shard.signed,
                    "witnessed": shard.witnessed,
                    "witnesses": {
                        name: at.isoformat().replace("+00:00", "Z")
                        for name, at in shard.witnesses.items()
                    },
                }
                for shard in self.shards
            ],
            "waiting": self.waiting,
            "contradictions": [str(path) for path in self.contradictions],
        }


def status(options: Any) -> LogStatus:
    """Look at the log in a folder. Raises `LogUnreachable`, `InstallationError`."""
    folder = Path(options.log) if options.log else log_folder(options.folder)
    proofs, policy, state = Proofs(folder), _policy(options.folder), _state(options.folder)
    names = proofs.shards()
    if not names:
        raise LogUnreachable(f"{folder} holds no log: nothing was sealed so far")
    shards = [_shard(name, dict(notes_of(proofs.files(name))), policy) for name in names]
    return LogStatus(
        shards,
        _waiting(options.folder, state),
        sorted((state / "contradictions").glob("*.txt")) if state else [],
    )


def _shard(name: ShardName, notes: dict[str, Note], policy: Policy) -> ShardStatus:
    told = {path: Checkpoint.parse(note.text) for path, note in notes.items()}
    newest = told.get(SIGNED) or told[CHECKPOINT]
    witnesses = {}
    if CHECKPOINT in notes:
        cosigned = policy.cosigned(notes[CHECKPOINT])
        witnesses = {each: datetime.fromtimestamp(at, UTC) for each, at in cosigned.items()}
    witnessed = told[CHECKPOINT].size if CHECKPOINT in told else 0
    return ShardStatus(name, newest.origin, newest.size, witnessed, witnesses)


def _waiting(run: Path, state: Path | None) -> int | None:
    """How many events are not sealed: behind the place that the sealer remembers."""
    if state is None:
        return None
    with suppress(InstallationError, StoreUnreachable, FileNotFoundError):
        end: Place = Memory.read(state).end
        with BulkReader(database_url("monitor", run)) as reader:
            ((count,),) = reader.ask(_WAITING, *end)
            return int(count)
    return None


def _home(run: Path) -> LogHome | None:
    with suppress(FileNotFoundError):
        return LogHome(Installation.open(run))
    return None


def _state(run: Path) -> Path | None:
    if given := os.environ.get("LOG_STATE"):
        return Path(given)
    home = _home(run)
    return home.folder / "state" if home and not os.environ.get("LOG_DIR") else None


def _policy(run: Path) -> Policy:
    given, home = os.environ.get("LOG_POLICY"), _home(run)
    path = Path(given) if given else home.policy if home else None
    return Policy.parse(path.read_text("utf-8")) if path and path.exists() else Policy()
