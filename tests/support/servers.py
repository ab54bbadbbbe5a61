"""Servers of the test session: started when the first test asks, ended with the session."""

import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools.platform.credentials import Credentials
from tools.platform.os_process import end, identify
from tools.platform.ports import free_ports
from tools.platform.postgres import Postgres
from tools.platform.rabbitmq import PORTS as BROKER_PORTS
from tools.platform.rabbitmq import VHOST, RabbitMQ
from tools.platform.spawn import spawn

_MIGRATED = "migrated_template"


@dataclass
class PostgresForTests:
    """A running cluster with all roles; every test makes itself the databases that it needs."""

    server: Postgres
    restart: Callable[[], None]
    """Stop the server and start it again on the same port."""
    _template_made: bool = field(default=False)

    @property
    def port(self) -> int:
        return self.server.port

    def create_database(self, name: str | None = None) -> str:
        """Create an empty database and return the URL of its owner, `migrator`."""
        return self.server.database.create_database(name or _new_name())

    def fresh_database(self) -> Callable[[str], str]:
        """Return "role -> URL" for a new database with every schema, table and grant in it.

        It is copied from a template that was migrated once in this session.
        """
        if not self._template_made:
            migrate(self.create_database(_MIGRATED))
            self._template_made = True
        name = _new_name()
        self.server.database.create_database(name, template=_MIGRATED)
        return lambda role: self.url(name, role)

    def url(self, database: str, role: str) -> str:
        """Return the URL by which `role` enters `database`."""
        return self.server.database.url(database, role)

    def drop_database(self, name: str) -> None:
        self.server.database.drop_database(name)


def migrate(url: str) -> None:
    """Bring a database to the newest schema, as the installation does it."""
    subprocess.run(
        [sys.executable, "-m", "libs.db.migrate"],
        env={"DATABASE_URL": url},
        check=True,
        timeout=120,
    )


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresForTests]:
    """Run a cluster of its own below `folder`."""
    server = Postgres(folder / "postgres", free_ports(1)[0], Credentials(folder / "secrets"))
    process: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        server.prepare()
        process.append(spawn(server.command(), log=folder / "postgres.log"))
        server.wait_until_ready()

    def restart() -> None:
        stop_process(process.pop(), server.stop_signal)
        start()

    start()
    try:
        server.database.create_roles()
        yield PostgresForTests(server, restart)
    finally:
        # All data go with the session: no last checkpoint is worth waiting for.
        stop_process(process.pop(), signal.SIGQUIT)


@dataclass
class RabbitMQForTests:
    """A running node; every test gets a vhost of its own."""

    node: RabbitMQ
    vhost: str = VHOST

    def url(self, user: str) -> str:
        """Return the AMQP URL by which `user` enters the test's vhost."""
        return self.node.url(user, self.vhost)


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    """Run a node of its own below `folder`."""
    ports = dict(zip(BROKER_PORTS, free_ports(len(BROKER_PORTS)), strict=True))
    node = RabbitMQ(folder / "rabbitmq", ports, Credentials(folder / "secrets"))
    node.prepare()
    log, environment = folder / "rabbitmq.log", node.environment()
    processes = [
        spawn(command, log=log, environment=environment)
        for command in (node.epmd_command(), node.command())
    ]
    try:
        node.wait_until_ready()
        yield node
    finally:
        for process in reversed(processes):
            # All data go with the session: nothing is worth a slow farewell.
            stop_process(process, signal.SIGKILL)


@contextmanager
def fresh_vhost(node: RabbitMQ) -> Iterator[RabbitMQForTests]:
    """Lend a new vhost, and delete it with all its connections and queues."""
    vhost = _new_name()
    node.create_vhost(vhost)
    try:
        yield RabbitMQForTests(node, vhost)
    finally:
        node.delete_vhost(vhost)


def stop_process(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """End a process that this test session started, and all that it started."""
    if identity := identify(process.pid):
        end(identity, how=how)
    process.wait(timeout=10)


def _new_name() -> str:
    return f"test_{uuid.uuid4().hex[:12]}"


__all__ = [
    "PostgresForTests",
    "RabbitMQForTests",
    "fresh_vhost",
    "migrate",
    "running_postgres",
    "running_rabbitmq",
    "stop_process",
]
