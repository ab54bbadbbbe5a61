"""Two transactions at once: the second begins while the first has not committed."""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from libs.db import Database, Unit
from tests.support.wait import eventually

_WAITS = text(
    "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def overlap(
    database: Database, first: Callable[[Unit], Any], second: Callable[[Unit], Any]
) -> BaseException | None:
    """Run `second` behind an uncommitted `first`: until it waits for a lock, or has committed.

    Then `first` commits too. Returns what `second` raised, or None.
    """
    failed: list[BaseException] = []

    def follow() -> None:
        try:
            with database.unit() as unit:
                second(unit)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=follow, daemon=True)
    with database.unit() as unit:
        first(unit)
        thread.start()
        eventually(lambda: not thread.is_alive() or lock_awaited(database), within=30)
    thread.join(30)
    assert not thread.is_alive()
    return failed[0] if failed else None


def lock_awaited(database: Database) -> bool:
    """Whether a session of this database waits for a lock by name."""
    with database.at_once() as connection:
        return bool(connection.execute(_WAITS).scalar_one())
