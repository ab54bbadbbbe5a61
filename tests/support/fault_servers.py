"""Servers of the fault tests' own: to be killed, blocked and started again."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import psycopg2

from tests.support.servers import PostgresForTests, stop_process
from tests.support.wait import eventually
from tools.platform.credentials import Credentials
from tools.platform.ports import free_ports
from tools.platform.postgres import Postgres
from tools.platform.postgres_home import PostgresHome
from tools.platform.rabbitmq import PORTS, RabbitMQ
from tools.platform.spawn import spawn

READY_WITHIN = 60.0
RABBITMQCTL = "/usr/lib/rabbitmq/bin/rabbitmqctl"


class OwnPostgres:
    """A cluster whose postmaster can be killed. Prepared transactions are allowed in it.

    `credentials` are another cluster's if this one is its copy; `variables` are set for the
    server's own processes.
    """

    def __init__(
        self, folder: Path, credentials: Credentials | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        keys = credentials or Credentials(folder / "keys")
        self.home = PostgresHome(folder / "postgres")
        self.server = Postgres(self.home.folder, free_ports(1)[0], keys)
        self._variables = [f"{name}={value}" for name, value in (variables or {}).items()]
        self._log = folder / "postgres.log"
        self._databases = PostgresForTests(self.server, self.start)
        self._process: subprocess.Popen[bytes]

    @contextmanager
    def running(self) -> Iterator["OwnPostgres"]:
        """Run it; all its data go in the end."""
        self.server.prepare()
        self.start()
        try:
            self.server.database.create_roles()
            yield self
        finally:
            self.end()

    def end(self) -> None:
        """End it with all its children, its data not flushed."""
        stop_process(self._process, signal.SIGQUIT)

    def stop(self) -> None:
        """End it as an operator does: everything flushed."""
        stop_process(self._process, signal.SIGINT)

    def start(self) -> None:
        """Start, again and again until the last of a killed server's children has gone."""
        self._spawn()

        def comes_up() -> bool:
            if self._process.poll() is not None:
                self._spawn()
            return self.ready()

        eventually(comes_up, within=READY_WITHIN)

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return self.server.check()
        except psycopg2.OperationalError:
            return False

    @property
    def alive(self) -> bool:
        """Whether the postmaster runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to the postmaster: nothing is flushed, nobody is told."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)

    def fresh_database(self) -> Callable[[str], str]:
        """Role to URL of a new database with the newest schema in it."""
        return self._databases.fresh_database()

    def _spawn(self) -> None:
        as_user = self.home.as_user
        server = [*self.server.command()[len(as_user) :], "-c", "max_prepared_transactions=4"]
        self._process = spawn([*as_user, "env", *self._variables, *server], log=self._log)


class OwnRabbitMQ:
    """A node that can be killed and alarmed."""

    def __init__(self, folder: Path) -> None:
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.node = RabbitMQ(folder / "rabbitmq", ports, Credentials(folder / "keys"))
        self._log = folder / "rabbitmq.log"
        self._process: subprocess.Popen[bytes]

    @contextmanager
    def running(self) -> Iterator["OwnRabbitMQ"]:
        """Run it with its name server; all its data go in the end."""
        self.node.prepare()
        names = spawn(self.node.epmd_command(), log=self._log, environment=self.node.environment())
        try:
            self.start()
            yield self
        finally:
            self.kill()
            stop_process(names, signal.SIGKILL)

    def start(self) -> None:
        """Start, with what was on disk."""
        self._process = spawn(
            self.node.command(), log=self._log, environment=self.node.environment()
        )
        self.node.wait_until_ready(READY_WITHIN)

    def kill(self) -> None:
        """SIGKILL to the node and all that it started.

        RabbitMQ 3.10 writes down which quorum queues it has twice a second, and never again finds
        one that it had not written down: the queues of a test are given the time to get there.
        """
        Event().wait(2)
        stop_process(self._process, signal.SIGKILL)

    def control(self, *words: str) -> None:
        """Run rabbitmqctl on the node."""
        subprocess.run(
            [RABBITMQCTL, *words],
            env=self.node.environment(), check=True, timeout=60, capture_output=True,
        )  # fmt: skip
