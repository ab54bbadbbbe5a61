"""The store: its writers killed, its server killed, its disk full."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest

from libs.eventstore import START
from tests.support.fault_load import Load, load, write
from tests.support.fault_report import Fault
from tests.support.fault_servers import OwnPostgres
from tests.support.fault_world import World, world
from tests.support.servers import RabbitMQForTests
from tests.support.wait import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(1200)]

_OPEN = (
    "SELECT pid FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation = 'es.event'::regclass"
)


def leaves_no_trace(world: World) -> None:
    """Nothing of the open append is there, its stream is free, and the horizon has moved on."""
    before = len(world.stored("document"))
    write(world, "document-1")
    with world.database("documents").unit() as unit:
        seen = unit.store.read_category("document", START)
    assert [event.version for event in seen] == list(range(1, before + 2))


def test_writers_client_killed_inside_its_transaction(here: World, fault: Fault) -> None:
    """All or nothing: an append without its commit leaves no trace, no lock, no hidden event."""
    writer = here.program("tests.support.fault_writer", "documents")
    for _ in fault.rounds(2, 20):
        writer.start("document-1")
        eventually(lambda: here.execute(_OPEN), within=20)
        writer.kill()
        eventually(lambda: not here.execute(_OPEN), within=10)
        leaves_no_trace(here)


def test_writers_backend_killed_inside_its_transaction(
    breakable_store: World, own_postgres: OwnPostgres, fault: Fault
) -> None:
    """All or nothing: an append without its commit leaves no trace, no lock, no hidden event."""
    writer = breakable_store.program("tests.support.fault_writer", "documents")
    for _ in fault.rounds(1, 20):
        writer.start("document-1")
        ((pid,),) = eventually(lambda: breakable_store.execute(_OPEN), within=20)
        breakable_store.owner.dispose()
        os.kill(pid, signal.SIGKILL)
        eventually(own_postgres.ready, within=30)
        writer.kill()
        leaves_no_trace(breakable_store)
    fault.note = "PostgreSQL restarts all its backends after such a kill"


def test_postgres_killed_under_load(
    breakable_store: World, own_postgres: OwnPostgres, fault: Fault
) -> None:
    """What was acknowledged is there, and nothing else; an unanswered append can be repeated."""
    known: set[UUID] = set()
    for round_ in fault.rounds(3, 50):
        with load(breakable_store, clients=4, pause=0) as clients:
            clients.comes_to(30)
            Event().wait(0.003 * (round_ % 10))
            own_postgres.kill()
            own_postgres.start()
        breakable_store.owner.dispose()
        assert clients.unanswered, "killed while nobody waited for an answer"
        known |= ledger_agrees(breakable_store, clients, known)
    fault.note = "4 clients without a pause; unanswered appends asked twice more"


def ledger_agrees(world: World, clients: Load, known: set[UUID]) -> set[UUID]:
    """New rows are the acknowledged appends, and unanswered ones; repeated, each is there once."""

    def new_rows() -> list[UUID]:
        stored = world.stored("document") + world.stored("process")
        return [event_id for event_id in stored if event_id not in known]

    unanswered = {asked.event.event_id for asked in clients.unanswered}
    assert clients.acknowledged <= set(new_rows()) <= clients.acknowledged | unanswered
    for asked in clients.unanswered * 2:
        asked.ask()
    rows = new_rows()
    assert set(rows) == clients.acknowledged | unanswered
    assert len(rows) == len(set(rows))
    return set(rows)


@pytest.fixture
def small_disk(server_folder: Path) -> Iterator[Path]:
    """A file system of 300 MB, if this machine lets us mount one."""
    disk = server_folder / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300m,mode=711", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_disk_of_postgres_full(
    small_disk: Path, rabbitmq: RabbitMQForTests, tmp_path: Path, fault: Fault
) -> None:
    """What finds no room is refused, what was acknowledged stays, and writing goes on with room."""
    with (
        OwnPostgres(small_disk).running() as server,
        world(server.fresh_database(), rabbitmq.url, tmp_path) as installation,
        load(installation, clients=4, pause=0) as clients,
    ):
        filler = fill(small_disk)
        eventually(lambda: len(clients.unanswered) == 4, within=60)
        filler.unlink()
        if not server.alive:
            server.start()
        eventually(server.ready, within=60)
        clients.end()
        installation.owner.dispose()
        ledger_agrees(installation, clients, set())
    fault.note = "a tmpfs filled to the last block while four clients append"


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    filler = disk / "filler"
    subprocess.run(
        ["dd", "if=/dev/zero", f"of={filler}", "bs=1M"], check=False, capture_output=True
    )
    return filler
