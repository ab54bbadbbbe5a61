"""A store restored to a past that its consumers had already seen."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from libs.eventstore import ANY, RestoredNotRebased
from libs.messaging.read_after import ReadAfter, token
from tests.support.fault_load import context, event_for, write
from tests.support.fault_queue import drain
from tests.support.fault_report import Fault
from tests.support.fault_world import CONSUMER, SERVICE, World, world
from tests.support.servers import PostgresForTests, migrate, running_postgres
from tests.support.wait import eventually
from tools import cli

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(300)]

AGE = 20_000
"""Transaction ids that the old installation has used, and the new cluster has not."""


def write_with_token(world: World) -> str:
    """Append one event; the token that a client gets for it."""
    with world.database("documents").unit() as unit:
        appended = unit.store.append("document-1", ANY, [event_for("document-1")], context())
        return token(unit.store, [appended])


def passed(world: World, read_after: str) -> bool:
    """Whether the consumer's rows hold what the token tells of."""
    return ReadAfter(world.database(SERVICE), CONSUMER)(read_after, timeout=0)


def grow_old(world: World) -> None:
    """Use up transaction ids, as years do."""
    with world.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(
            f"DO $$ BEGIN FOR i IN 1..{AGE} LOOP"
            " PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        )


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    """What is to be ended with the test."""
    with ExitStack() as stack:
        yield stack


def restored(
    postgres: PostgresForTests, dump: Path, folder: Path, old: World, ends: ExitStack
) -> World:
    """The dump in a cluster of its own, beside the broker that knows the old store's messages."""
    folder.mkdir(mode=0o711)
    fresh = ends.enter_context(running_postgres(folder))
    owner = fresh.create_database("restored")
    subprocess.run([postgres.server.program("pg_restore"), "-d", owner, dump], check=True)
    migrate(owner)
    place = world(lambda role: fresh.url("restored", role), old.broker, old.folder, restored=True)
    return ends.enter_context(place)


def test_restore_to_a_past_that_consumers_had_seen(
    here: World, postgres: PostgresForTests, server_folder: Path, ends: ExitStack, fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Nobody enters before the rebase; then the past stands once, and what is new is seen."""
    grow_old(here)
    relay, consumer = here.relay().start(), here.consumer().start()
    write(here, "document-1", 4)
    write(here, "process-1", 4)
    eventually(here.applied, within=60)
    dump = here.folder / "store.dump"
    with dump.open("wb") as out:
        program = postgres.server.program("pg_dump")
        subprocess.run([program, "-Fc", here.url("migrator")], stdout=out, check=True)
    write(here, "document-1", 4)
    lost = write_with_token(here)
    eventually(lambda: passed(here, lost), within=30)
    consumer.kill()
    write(here, "document-1", 4)  # these wait in the queue
    write(here, "process-1", 4)
    eventually(here.relayed, within=30)
    relay.kill()

    folder = server_folder / f"restored-{uuid4().hex[:8]}"
    new = restored(postgres, dump, folder, here, ends)
    past = new.stored("document")
    assert len(past) == 4
    relay, consumer = new.relay().start(), new.consumer().start()
    eventually(lambda: relay.said("RestoredNotRebased"), within=30)
    eventually(lambda: consumer.said("RestoredNotRebased"), within=30)
    with pytest.raises(RestoredNotRebased):
        write(new, "document-1")

    monkeypatch.setenv("DATABASE_URL", new.url("migrator"))
    assert cli.main(["eventstore", "rebase"]) == 0
    write(new, "document-1", 3)
    write(new, "process-1", 3)
    eventually(new.applied, within=60)
    assert new.stored("document")[:4] == past
    assert not passed(new, lost)
    fresh = write_with_token(new)
    eventually(lambda: passed(new, fresh), within=30)
    assert new.applied()
    consumer.kill()
    assert drain(new) == []
    fault.note = "8 messages of the lost future waited in the queue"
