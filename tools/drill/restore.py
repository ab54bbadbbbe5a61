"""A restore into a fresh folder: the database up to a point in time, and all beside it."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import psycopg2

from tests.support.servers import stop_process
from tests.support.wait import eventually
from tools.drill.backup import LOG, Backup
from tools.drill.told import must
from tools.platform.installation import Installation
from tools.platform.postgres_home import PostgresHome
from tools.platform.spawn import spawn

_RECOVERY = """
restore_command = 'cp {wal}/%f %p'
recovery_target_action = 'promote'
{target}
"""


def restored(backup: Backup, folder: Path, point: str | None) -> Installation:
    """Lay a backup out below a folder that is not there yet; database and log stop at `point`."""
    shutil.copytree(backup.files, folder)
    if point:
        shutil.rmtree(folder / LOG)
        shutil.copytree(backup.older, folder, dirs_exist_ok=True)
    home = PostgresHome(folder / "postgres")
    data = home.path / "data"
    subprocess.run(
        [*home.as_user, "cp", "--archive", str(backup.base), str(data)], check=True, timeout=300
    )
    # Where the lost installation kept its settings is nowhere now.
    main = data / "postgresql.conf"
    lines = main.read_text().splitlines(keepends=True)
    main.write_text("".join(line for line in lines if not line.startswith("include '")))
    target = f"recovery_target_name = '{point}'" if point else ""
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(_RECOVERY.format(wal=backup.wal, target=target))
    (data / "recovery.signal").touch()
    for path in (main, data / "postgresql.auto.conf", data / "recovery.signal"):
        home.own(path)
    return Installation.open(folder)


@contextmanager
def database_alone(here: Installation) -> Iterator[None]:
    """Run the restored database, and nothing else, once it has taken in its WAL."""
    server = here.postgres
    server.prepare()
    process = spawn(server.command(), log=here.folder / "logs" / "recovery.log")
    try:
        server.wait_until_ready(within=300)
        eventually(lambda: not _in_recovery(here), within=300)
        yield
    finally:
        stop_process(process, signal.SIGINT)


def events(here: Installation) -> list[str]:
    """The ids of all events, in the store's order."""
    connection = psycopg2.connect(here.database_url("monitor"))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT event_id::text FROM es.event ORDER BY tx, position")
        return [str(row[0]) for row in cursor.fetchall()]


def checked_blobs(folder: Path) -> int:
    """Hash every blob; how many there are. Raises `DrillFailed` for one that is not its digest."""
    count = 0
    for path in sorted((folder / "blobs").rglob("*")):
        if path.is_file() and "incoming" not in path.parts:
            digest = sha256(path.read_bytes()).hexdigest()
            must(path.name == digest, f"blob {path.name[:16]} is not what its digest says")
            count += 1
    return count


def _in_recovery(here: Installation) -> bool:
    with closing(here.database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        row = cursor.fetchone()
        return bool(row and row[0])
