"""Waiting until a consumer's replicas hold everything up to a cause, before work reads them."""

import time
from typing import Protocol

from libs.db import Database
from libs.messaging.positions import Positions

POLL_SECONDS = 0.02


class ReplicasBehind(Exception):
    """The read models have not come as far as the cause; the work is tried again later."""


class _Caused(Protocol):
    @property
    def after_tx(self) -> int: ...


def wait_for_replicas(
    database: Database, consumer: str, cause: _Caused, timeout: float = 5.0
) -> None:
    """Return once `consumer` has applied every event up to the cause's tx.

    Raises `ReplicasBehind` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not _applied(database, consumer, cause.after_tx):
        if time.monotonic() >= deadline:
            raise ReplicasBehind(f"{consumer} is behind tx {cause.after_tx}")
        time.sleep(POLL_SECONDS)


def _applied(database: Database, consumer: str, tx: int) -> bool:
    with database.unit() as unit:
        for category, mine in Positions(unit.connection, consumer).all().items():
            behind = unit.store.read_category(category, mine.place, 1)
            if behind and behind[0].tx <= tx:
                return False
    return True
