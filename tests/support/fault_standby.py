"""A streaming standby of a test's own PostgreSQL, on the same machine."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support.fault_servers import OwnPostgres
from tests.support.wait import eventually


@contextmanager
def standby_of(primary: OwnPostgres, folder: Path) -> Iterator[OwnPostgres]:
    """A hot standby below `folder` that streams from `primary`, with its databases and roles."""
    standby = OwnPostgres(folder / f"standby-{uuid4().hex[:8]}", primary.server.credentials)
    _copy(primary, standby)
    standby.server.prepare()
    standby.start()
    try:
        yield standby
    finally:
        standby.end()


def caught_up(primary: OwnPostgres, standby: OwnPostgres) -> bool:
    """Whether the standby shows all that the primary has written."""
    written = ask(primary, "SELECT pg_current_wal_lsn()")
    return bool(ask(standby, f"SELECT pg_last_wal_replay_lsn() >= '{written}'"))


def cut_off(standby: OwnPostgres) -> None:
    """Let nothing more come from the primary."""
    ask(standby, "ALTER SYSTEM SET primary_conninfo = ''")
    ask(standby, "SELECT pg_reload_conf()")
    eventually(lambda: ask(standby, "SELECT count(*) FROM pg_stat_wal_receiver") == 0, within=20)


def promote(standby: OwnPostgres) -> None:
    """Make it a primary; returns when it takes writes."""
    assert ask(standby, "SELECT pg_promote()")


def ask(server: OwnPostgres, statement: str) -> Any:
    """Run a statement as the cluster's administrator; the first value that it answers."""
    with closing(server.server.database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def _copy(primary: OwnPostgres, standby: OwnPostgres) -> None:
    home = standby.home
    command = [
        *(*home.as_user, str(standby.server.program("pg_basebackup")), "--write-recovery-conf"),
        *("--checkpoint", "fast", "--pgdata", str(standby.server.data)),
        *("--dbname", primary.server.database.admin_url),
    ]
    subprocess.run(command, cwd=home.path, check=True, timeout=120)
