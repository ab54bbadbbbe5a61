"""Waiting until a consumer's replicas hold everything up to a cause, before work reads them."""

import time
from collections.abc import Collection
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
    database: Database,
    consumer: str,
    categories: Collection[str],
    cause: _Caused,
    timeout: float = 5.0,
) -> None:
    """Return once `consumer` has applied every event of these categories up to the cause's tx.

    `categories` are those that the work reads: waiting for others would be in vain. Raises
    `ReplicasBehind` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not _applied(database, consumer, categories, cause.after_tx):
        if time.monotonic() >= deadline:
            raise ReplicasBehind(f"{consumer} is behind tx {cause.after_tx}")
        time.sleep(POLL_SECONDS)


def _applied(database: Database, consumer: str, categories: Collection[str], tx: int) -> bool:
    with database.unit() as unit:
        positions = Positions(unit.connection, consumer).all()
        behind = (unit.store.read_category(name, positions[name].place, 1) for name in categories)
        return all(not events or events[0].tx > tx for events in behind)
