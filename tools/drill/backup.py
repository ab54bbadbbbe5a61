"""A backup as an installation keeps it: a base copy of the database, its WAL, and all files.

The WAL is received by streaming (pg_receivewal), so what was committed before the last second is in
it; blobs and log lie on storage of their own and are copied.
"""

import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path

from tests.support.servers import stop_process
from tests.support.wait import eventually
from tools.platform.installation import Installation
from tools.platform.postgres_home import PostgresHome
from tools.platform.spawn import spawn

SLOT = "drill"
LOG = "log"
"""Tiles, checkpoints, keys, and what the sealer remembers."""
FILES = ("blobs", LOG, "secrets", "pki", "axis", "issuer", "government-office", "witness")
"""What is kept beside the database; the witness stands for another agency's machine."""


class Backup:
    """The backup of one running installation, below a folder."""

    def __init__(self, here: Installation, folder: Path) -> None:
        self._here, self._server = here, here.postgres
        self.files, self.older = folder / "files", folder / "older"
        self.home = PostgresHome(folder / "postgres")
        self._log = folder / "receivewal.log"
        self._receiver: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> Path:
        """The base copy of the database."""
        return self.home.path / "base"

    @property
    def wal(self) -> Path:
        """The WAL that was received."""
        return self.home.path / "wal"

    @property
    def shown(self) -> Path:
        """The newest copy of what the log shows to others."""
        return self.files / LOG / "shown"

    def begin(self) -> None:
        """Receive the WAL from now on."""
        self.wal.mkdir(mode=0o700)
        self.home.own(self.wal)
        self._run("pg_receivewal", "--create-slot", "--if-not-exists", "--slot", SLOT)
        self._receiver = spawn(self._command("pg_receivewal", *self._receiving()), log=self._log)
        eventually(lambda: self._asked("SELECT count(*) FROM pg_stat_replication") == 1, within=60)

    def copy_database(self) -> int:
        """Make the base copy while the server works; its size in MiB."""
        self._run("pg_basebackup", "--checkpoint", "fast", "--pgdata", str(self.base))
        return sum(path.stat().st_size for path in self.base.rglob("*") if path.is_file()) >> 20

    def mark(self, name: str) -> None:
        """Name a point in time to which can be restored; keep the log as it is now."""
        shutil.copytree(self._here.folder / LOG, self.older / LOG)
        self._asked(f"SELECT pg_create_restore_point('{name}')")

    def copy_files(self) -> int:
        """Copy what lies beside the database; how many files."""
        for name in FILES:
            if (self._here.folder / name).exists():
                shutil.copytree(self._here.folder / name, self.files / name)
        return sum(path.is_file() for path in self.files.rglob("*"))

    def received(self) -> bool:
        """Whether all WAL that was written so far has been received."""
        return bool(
            self._asked("SELECT flush_lsn >= pg_current_wal_flush_lsn() FROM pg_stat_replication")
        )

    def end(self) -> None:
        """The machine is gone: what was received is what there is."""
        if self._receiver:
            stop_process(self._receiver, signal.SIGTERM)
        for path in self.wal.glob("*.partial"):
            path.rename(path.with_suffix(""))

    def _receiving(self) -> list[str]:
        return ["--directory", str(self.wal), "--slot", SLOT, "--synchronous", "--no-loop"]

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            self._command(program, *words), cwd=self.home.path, check=True, timeout=300,
            capture_output=True,
        )  # fmt: skip

    def _command(self, program: str, *words: str) -> list[str]:
        url = self._server.database.admin_url
        return [*self.home.as_user, str(self._server.program(program)), *words, "--dbname", url]

    def _asked(self, statement: str) -> object:
        """The first value that the server's administrator is answered."""
        database = self._server.database
        with closing(database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
            return row[0] if row else None
