"""Fixtures that every level may use; a server is started by the first test that asks for it."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import (
    PostgresForTests,
    RabbitMQForTests,
    fresh_vhost,
    running_postgres,
    running_rabbitmq,
)
from tools.platform.rabbitmq import RabbitMQ


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers' data.

    Not pytest's own: that is closed to the user whom root runs PostgreSQL as. A thousand databases
    take minutes to be removed: nobody waits for that.
    """
    folder = Path(tempfile.mkdtemp(prefix="lienthong-test-"))
    folder.chmod(0o711)
    yield folder
    subprocess.Popen(["rm", "-rf", folder], start_new_session=True)


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[PostgresForTests]:
    """A private PostgreSQL cluster with all login roles."""
    with running_postgres(server_folder) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_node(server_folder: Path) -> Iterator[RabbitMQ]:
    """A private RabbitMQ node with all users."""
    with running_rabbitmq(server_folder) as node:
        yield node


@pytest.fixture
def rabbitmq(rabbitmq_node: RabbitMQ) -> Iterator[RabbitMQForTests]:
    """A fresh vhost on the session's node: `rabbitmq.url(user)`."""
    with fresh_vhost(rabbitmq_node) as broker:
        yield broker
