"""The server replaced by one of the next major version, its data taken over by pg_upgrade."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.fault_load import write
from tests.support.fault_queue import drain
from tests.support.fault_report import Fault
from tests.support.fault_servers import OwnPostgres
from tests.support.fault_world import world
from tests.support.servers import RabbitMQForTests
from tests.support.wait import eventually
from tools import cli
from tools.platform.postgres import SUPERUSER

OLD = Path("/usr/lib/postgresql/15/bin")

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.rabbitmq,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not OLD.is_dir(), reason="PostgreSQL 15 is not installed"),
]


def test_server_upgraded_to_a_new_major_version(
    server_folder: Path, rabbitmq: RabbitMQForTests, tmp_path: Path, fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Transaction ids go on, so that no rebase is needed; every event has one effect, in order."""
    with monkeypatch.context() as older:
        older.setenv("PG_BIN", str(OLD))
        with OwnPostgres(server_folder / "older").running() as old:
            url = old.fresh_database()
            with world(url, rabbitmq.url, tmp_path) as before:
                relay, consumer = before.relay().start(), before.consumer().start()
                write(before, "document-1", 4)
                eventually(before.applied, within=60)
                consumer.kill()
                write(before, "document-1", 4)  # these wait in the queue
                eventually(before.relayed, within=30)
                relay.kill()
                write(before, "process-1", 4)  # these wait for the relay
                past = {each: before.stored(each) for each in ("document", "process")}
            old.stop()
    new = OwnPostgres(server_folder / "newer", old.server.credentials)
    upgrade(old, new)
    new.start()
    name = urlsplit(url("migrator")).path[1:]
    try:
        with world(
            lambda role: new.server.database.url(name, role), rabbitmq.url, tmp_path, restored=True
        ) as after:
            monkeypatch.setenv("DATABASE_URL", after.url("migrator"))
            assert cli.main(["eventstore", "check"]) == 0
            assert {each: after.stored(each) for each in past} == past
            relay, consumer = after.relay().start(), after.consumer().start()
            write(after, "document-1", 4)
            write(after, "process-1", 4)
            eventually(lambda: after.applied() and after.relayed(), within=60)
            consumer.kill()
            assert drain(after) == []
    finally:
        new.end()
    fault.note = f"{version_of(OLD)} to {version_of(new.server.program('postgres').parent)}"


def upgrade(old: OwnPostgres, new: OwnPostgres) -> None:
    """Take a stopped cluster's data over into a new one, as an operator does."""
    new.server.prepare()
    # The newer initdb makes checksums, the older one did not.
    _run(old, str(OLD / "pg_checksums"), "--enable", "-D", str(old.server.data))
    program = new.server.program("pg_upgrade")
    _run(
        new, str(program), "-b", str(OLD), "-B", str(program.parent), "-U", SUPERUSER,
        "-d", str(old.server.data), "-D", str(new.server.data),
    )  # fmt: skip


def version_of(binaries: Path) -> str:
    """Such as "15.18"."""
    told = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return told.stdout.split()[2]


def _run(server: OwnPostgres, *command: str) -> None:
    password = server.server.credentials.get(f"database.{SUPERUSER}")
    done = subprocess.run(
        [*server.home.as_user, "env", f"PGPASSWORD={password}", *command],
        cwd=server.home.path, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
