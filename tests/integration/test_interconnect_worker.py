"""The worker as a process: it polls, does jobs, and ends when it is told to."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.interconnect_world import (
    DEPARTMENT,
    PROVINCE,
    World,
    office_document,
    open_world,
)
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

pytestmark = pytest.mark.postgres


@contextmanager
def running_worker(world: World, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    url = world.database.engine.url.render_as_string(hide_password=False)
    settings = {
        "DATABASE_URL": url,
        "BLOB_URL": f"file://{folder / 'blobs'}",
        "AXIS_URL": world.axis.url,
        "AXIS_SYSTEM_ID": "province",
        "AXIS_SECRET": "province-secret",
        "POLL_SECONDS": "0.1",
        "SERVICE_KEYS_DIR": str(folder / "service-keys"),
    }
    command = [sys.executable, "-m", "services.interconnect.worker"]
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait(timeout=10)


def test_the_worker_polls_and_works_until_it_is_told_to_end(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with open_world(postgres, tmp_path) as world, running_worker(world, tmp_path) as process:
        eventually(lambda: "H25" in {each.code for each in world.office.agencies()}, within=30)
        world.from_office(office_document(world, PROVINCE), "edoc")
        eventually(lambda: world.messages("packet", "PacketArrived"), within=30)
        world.issue(DEPARTMENT)
        world.project()
        world.react()
        eventually(lambda: world.messages("delivery", "PacketSent"), within=30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert b"-secret" not in (tmp_path / "worker.log").read_bytes()
