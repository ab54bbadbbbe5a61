"""The peers, had from their registries into a folder of the bench; this project never uses them."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg2

EVENTSOURCING = "eventsourcing[postgres]==9.5.*"
MESSAGE_DB = "@eventide/message-db@1.3"
# The order of its own install script; the extension that it asks for is in the server by now.
_SQL = (
    "schema/message-store.sql",
    "types/message.sql",
    "tables/messages.sql",
    *(
        f"functions/{name}.sql"
        for name in (
            *("hash-64", "category", "is-category", "id", "cardinal-id"),
            *("acquire-lock", "stream-version", "write-message"),
        )
    ),
    *(f"indexes/messages-{name}.sql" for name in ("id", "stream", "category")),
)


class PeerMissing(Exception):
    """A peer could not be had; the message says why."""


def eventsourcing_python(folder: Path) -> Path:
    """A Python that has `eventsourcing` with its fastest driver. Raises `PeerMissing`."""
    python = folder / "eventsourcing" / "bin" / "python"
    if not (folder / "eventsourcing" / "ready").exists():
        _run([sys.executable, "-m", "venv", str(python.parents[1])])
        pip = [str(python), "-m", "pip", "-q", "--retries", "1", "--timeout", "15", "install"]
        _run([*pip, EVENTSOURCING, "psycopg[binary]"])
        (folder / "eventsourcing" / "ready").touch()
    return python


def message_db_scripts(folder: Path) -> list[Path]:
    """The SQL files of message-db in the order of their running. Raises `PeerMissing`."""
    target = folder / "message-db"
    if not target.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise PeerMissing("npm is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--silent", "--fetch-retries=1", "--pack-destination", str(folder)]
        name = _run([npm, "pack", MESSAGE_DB, *options])
        with tarfile.open(folder / name.split()[-1]) as archive:
            archive.extractall(target, filter="data")
    return [target / "package" / "database" / name for name in _SQL]


def install_message_db(scripts: list[Path], admin_url: str) -> None:
    """Run the scripts in the database of `admin_url`."""
    connection = psycopg2.connect(admin_url, options="-c search_path=message_store,public")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for file in scripts:
                cursor.execute(file.read_text(encoding="utf-8"))
    finally:
        connection.close()


def _run(command: list[str]) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    except subprocess.SubprocessError as error:
        stderr = getattr(error, "stderr", None) or str(error)
        raise PeerMissing(f"{command[0]}: {str(stderr).strip()[-200:]}") from error
    return ran.stdout
