"""The sealer: the one process that signs the log.

Run as `python -m services.audit.sealer` with DATABASE_URL (role `audit`), LOG_DIR, LOG_STATE,
LOG_ORIGIN, LOG_KEYS or LOG_TOKEN_MODULE, LOG_TOKEN_LABEL and LOG_TOKEN_PIN_FILE, and, where there
are witnesses, LOG_POLICY.
"""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from libs.config import load
from libs.db import connection_lost, engine_for, may_run_again
from libs.eventstore.bulk import BulkReader
from libs.observability import get_logger, set_up_logging
from libs.secrecy import forbid_dumps
from libs.translog import EMPTY_ROOT, Checkpoint, Policy
from libs.translog.files import log_in
from libs.web.ops import serve_ops
from services.audit.sealing.errors import AlreadySealing, KeyMissing, SealingRefused
from services.audit.sealing.forking import carried_out
from services.audit.sealing.key_settings import KeySettings
from services.audit.sealing.keys import Keys
from services.audit.sealing.memory import locked
from services.audit.sealing.metrics import CAUGHT_UP, HALTED, NEXT_KEY, SEALED
from services.audit.sealing.notary import Notary
from services.audit.sealing.seal import BATCH, Sealer
from services.audit.sealing.shards import ShardName, coming, year_of
from services.audit.sealing.witnesses import CONTRADICTIONS, Past, Witnesses

INTERVAL = 0.1
"""Seconds between two batches that are not full."""
HALT_SECONDS = 10.0
LOOK_SECONDS = 10.0
# Any constant that nobody else of this installation uses.
LOCK = 0x4C54_0002

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings(KeySettings):
    """What the sealer reads from its environment.

    `log_dir` is what the world may read; `log_state` and the keys are the sealer's alone.
    """

    database_url: str = field(repr=False)
    log_dir: Path
    log_state: Path
    log_policy: Path | None = None
    ops_host: str = "127.0.0.1"
    ops_port: int = 0


class LockLost(Exception):
    """The connection that held the database's lock is gone: begin anew."""


class Work:
    """One round of sealing, from all checks until something breaks."""

    def __init__(self, settings: Settings, keys: Keys, witnesses: Witnesses) -> None:
        self._settings, self._keys, self._witnesses = settings, keys, witnesses
        self._notary = Notary(settings.log_state, keys)

    def run(self, alive: threading.Event) -> None:
        """Seal for ever. Raises `SealingRefused`, or whatever a lost database raises."""
        engine = engine_for(self._settings.database_url, pool_size=1, application="sealer")
        try:
            with (
                engine.connect() as connection,
                BulkReader(self._settings.database_url) as reader,
            ):
                guard = connection.execution_options(isolation_level="AUTOCOMMIT")
                _alone(guard)
                self._fork(reader)
                self._check_past()
                sealer = Sealer(
                    reader, self._notary, self._settings.log_dir, self._witnesses.offer, _now,
                    self._check_unbegun,
                )  # fmt: skip
                logger.info("sealer_active")
                self._seal(sealer, guard, alive)
        finally:
            engine.dispose()

    def _fork(self, reader: BulkReader) -> None:
        """Carry out what two persons have decided, if they have."""
        log, state, offer = self._settings.log_dir, self._settings.log_state, self._witnesses.offer
        carried_out(self._notary, log, state, reader, offer, self._check_unbegun)

    def _seal(self, sealer: Sealer, guard: Connection, alive: threading.Event) -> None:
        epoch, looked = _epoch(guard), 0.0
        while True:
            began = time.monotonic()
            sealed = sealer.step()
            if _epoch(guard) != epoch:
                raise LockLost
            alive.set()
            HALTED.set(0)
            if sealed:
                self._measure()
            if began - looked > LOOK_SECONDS:
                self._measure()
                self._look_ahead()
                looked = began
            if self._witnesses.doubted.is_set():
                self._witnesses.doubted.clear()
                self._check_past()
            if sealed < BATCH:
                CAUGHT_UP.set_to_current_time()
                time.sleep(max(INTERVAL - (time.monotonic() - began), 0))

    def _check_past(self) -> None:
        """Ask witnesses about the shard that grows, and those that may have followed it."""
        current, now = self._notary.memory.current, _now()
        name = current.name if current else ShardName(year_of(now))
        pasts = [self._past(name)]
        for each in coming(name, now):
            with suppress(KeyMissing):  # nothing can have been signed, nor will be
                pasts.append(self._past(each))
        self._ask(pasts)

    def _check_unbegun(self, name: ShardName) -> None:
        """Ask witnesses about a shard before its first signature."""
        self._ask([self._past(name)])

    def _past(self, name: ShardName) -> Past:
        current, files = self._notary.memory.current, log_in(self._settings.log_dir / str(name))
        if current and current.name == name:
            return Past(current.key, current.checkpoint, files)
        key = self._notary.key(name)
        return Past(key, Checkpoint(key.name, 0, EMPTY_ROOT), files)

    def _ask(self, pasts: Sequence[Past]) -> None:
        self._witnesses.check_past(pasts, self._settings.log_state / CONTRADICTIONS)

    def _measure(self) -> None:
        current = self._notary.memory.current
        if current:
            SEALED.set(current.checkpoint.size)
            self._witnesses.measure(current.name, current.checkpoint.size)

    def _look_ahead(self) -> None:
        try:
            self._keys.signer(ShardName(year_of(_now()) + 1))
            NEXT_KEY.set(1)
        except KeyMissing:
            NEXT_KEY.set(0)


def _now() -> datetime:
    return datetime.now(UTC)


def _epoch(guard: Connection) -> str:
    """The store's epoch; the question also tells whether the lock's connection is still there."""
    return str(guard.execute(text("SELECT epoch FROM es.meta")).scalar_one())


def _alone(guard: Connection) -> None:
    """Wait for the database's lock: no other sealer, on whatever folder, seals this store."""
    while not guard.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar():
        time.sleep(0.5)


def _work_for_ever(settings: Settings, alive: threading.Event) -> None:
    policy = Policy.parse(settings.log_policy.read_text()) if settings.log_policy else None
    witnesses = Witnesses(policy, settings.log_dir)
    witnesses.start()
    keys = settings.keys()  # for all rounds: what a token refused is known to the next one
    while True:
        try:
            Work(settings, keys, witnesses).run(alive)
        except SealingRefused as refusal:
            alive.clear()
            HALTED.set(1)
            logger.error("sealer_halted", code=refusal.code, cause=str(refusal))
            time.sleep(HALT_SECONDS)
        except Exception as error:
            alive.clear()
            if not (isinstance(error, LockLost) or connection_lost(error) or may_run_again(error)):
                raise
            logger.warning("sealer_restarts", cause=type(error).__name__)
            time.sleep(1)


def main() -> None:
    """Seal for ever; wait while another process has the folder."""
    forbid_dumps()
    settings = load(Settings, os.environ)
    set_up_logging("sealer")
    alive = threading.Event()
    serve_ops(settings.ops_host, settings.ops_port, {"sealing": alive.is_set})
    waited = False
    while True:
        try:
            with locked(settings.log_state):
                _work_for_ever(settings, alive)
        except AlreadySealing as error:
            if not waited:
                logger.warning("sealer_waits", cause=str(error))
            waited = True
            time.sleep(1)


if __name__ == "__main__":
    main()
