"""Sealers as processes over a test's store, and the check of what they leave behind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import fields_of
from libs.translog import Checkpoint, Note, check_consistency, prove_consistency, rebuilt
from libs.translog.files import log_in
from services.audit.sealing.files import SIGNED
from services.audit.sealing.keys import KeyFiles
from services.audit.sealing.shards import ShardName, year_of
from tests.support.fault_program import Program
from tests.support.fault_world import World
from tools.platform.ports import free_ports

ORIGIN = "log.h42.example"


@dataclass
class SealerHome:
    """The folders of one log; `program` is a sealer on them."""

    world: World
    folder: Path
    policy: Path | None = None

    def __post_init__(self) -> None:
        self.name = ShardName(year_of(datetime.now(UTC)))
        self.key = KeyFiles(self.folder / "keys", ORIGIN).make(self.name).key

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def variables(self) -> dict[str, str]:
        """Where the log is, for programs and commands."""
        return {
            "LOG_DIR": str(self.log),
            "LOG_STATE": str(self.folder / "state"),
            "LOG_KEYS": str(self.folder / "keys"),
            "LOG_ORIGIN": ORIGIN,
        }

    def program(self, **changed: str) -> Program:
        """A sealer, not started; killed with the world at the latest."""
        ops = str(free_ports(1)[0])
        environment = {
            "DATABASE_URL": self.world.url("audit"),
            "OPS_PORT": ops,
            **self.variables,
            **({"LOG_POLICY": str(self.policy)} if self.policy else {}),
            **changed,
        }
        return self.world.keep(
            Program("services.audit.sealer", environment, self.world.folder / f"sealer.{ops}.log")
        )

    def signed(self) -> Note | None:
        """The newest checkpoint, its signature checked."""
        try:
            note = log_in(self.log / str(self.name)).note(SIGNED)
        except FileNotFoundError:
            return None
        note.signed_by([self.key])
        return note

    def size(self) -> int:
        note = self.signed()
        return Checkpoint.parse(note.text).size if note else 0

    def has(self, count: int) -> Callable[[], bool]:
        """Asks whether so many entries are signed."""
        return lambda: self.size() >= count

    def events(self) -> int:
        ((count,),) = self.world.execute("SELECT count(*) FROM es.event")
        return int(count)

    def caught_up(self) -> bool:
        return self.size() == self.events()

    def check(self, seen: list[Note]) -> None:
        """The log holds the store's events in order, and every checkpoint ever seen of it."""
        note = self.signed()
        assert note
        checkpoint, files = Checkpoint.parse(note.text), log_in(self.log / str(self.name))
        assert list(rebuilt(files, checkpoint))
        bundles = range(-(-checkpoint.size // 256))
        entries = [entry for n in bundles for entry in files.bundle(n, checkpoint.size)]
        with BulkReader(self.world.url("audit")) as reader:
            assert [fields_of(e)["id"] for e in entries] == [row.event_id for row in reader.rows()]
        for each in seen:
            old = Checkpoint.parse(each.text)
            proof = prove_consistency(old.size, checkpoint.size, files.tile)
            check_consistency(old.size, old.root, checkpoint.size, checkpoint.root, proof)


def ready(program: Program) -> bool:
    """Whether a sealer says that it seals."""
    return _asked(program, "/readyz") == 200


def lives(program: Program) -> bool:
    """Whether a sealer's process answers."""
    return _asked(program, "/livez") == 200


def _asked(program: Program, path: str) -> int:
    try:
        url = f"http://127.0.0.1:{program.ops_port}{path}"
        return requests.get(url, timeout=2).status_code
    except requests.RequestException:
        return 0
