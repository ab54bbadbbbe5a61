"""The sealer, killed, paused, doubled, and without its database."""

import random
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from libs.translog import Note, VerifierKey
from tests.support.fault_load import load, write
from tests.support.fault_report import Fault
from tests.support.fault_sealer import SealerHome, lives, ready
from tests.support.fault_servers import OwnPostgres
from tests.support.fault_world import World
from tests.support.translog_witness import folder_for, serving
from tests.support.wait import eventually
from tools.cli import main
from tools.log.fork import make_operator

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(1800)]


_HEADS = """
UPDATE es.stream AS s SET (version, last_tx, head) = (
    SELECT version, tx, leaf FROM es.event AS e WHERE e.stream = s.stream
    ORDER BY version DESC LIMIT 1)
"""


@pytest.fixture
def home(here: World, tmp_path: Path) -> SealerHome:
    return SealerHome(here, tmp_path / "sealer")


def test_sealer_killed_at_any_moment_under_load(
    here: World, home: SealerHome, fault: Fault
) -> None:
    """What was signed once stays in the log; every event is sealed once, in the store's order."""
    chance = random.Random(5)  # noqa: S311
    sealer, seen = home.program(), list[Note]()
    with load(here) as clients:
        for round_ in fault.rounds(4, 100):
            sealer.start()
            clients.comes_to(round_ * 10)
            eventually(home.has(10 * round_ + 1), within=60, every=0.01)
            Event().wait(chance.uniform(0, 0.2))
            sealer.kill()
            note = home.signed()
            assert note
            seen.append(note)
    sealer.start()
    eventually(home.caught_up, within=60)
    home.check(seen)
    fault.note = "killed within 0.2 s of sealing, while two clients append"


def test_sealer_paused_and_a_second_one_started_on_its_folders(
    here: World, home: SealerHome, fault: Fault
) -> None:
    """A paused sealer holds its folder: no second one signs, and woken it goes on."""
    first, second, seen = home.program(), home.program(), list[Note]()
    first.start()
    with load(here) as clients:
        for _ in fault.rounds(1, 10):
            clients.comes_to(len(clients.acknowledged) + 10)
            eventually(home.has(10), within=60)
            first.pause()
            _end_connections(here)
            second.start()
            eventually(lambda: second.said("sealer_waits") or lives(second), within=60)
            note = home.signed()
            clients.comes_to(len(clients.acknowledged) + 20)
            assert home.signed() == note
            assert note
            seen.append(note)
            first.wake()
            eventually(home.has(home.size() + 1), within=60)
            second.kill()
    eventually(home.caught_up, within=60)
    home.check(seen)
    fault.note = "SIGSTOP, its connections ended, a second one on the same folders, SIGCONT"


def test_second_sealer_with_a_memory_of_its_own(
    here: World, home: SealerHome, tmp_path: Path, fault: Fault
) -> None:
    """One store is sealed by one process; who lost its memory is stopped by what a witness saw."""
    with serving(folder_for(tmp_path / "witness", home.key)) as witness:
        home.policy = tmp_path / "policy"
        home.policy.write_text(f"witness W {witness.key} {witness.url}\nquorum W\n")
        first = home.program().start()
        for _ in fault.rounds(1, 5):
            write(here, "document-1", 5)
            eventually(lambda: witness.last(home.key.name).ok, within=60)
            eventually(home.caught_up, within=60)
            other = {name: str(tmp_path / f"other-{name}") for name in ("LOG_DIR", "LOG_STATE")}
            second = home.program(**other).start()
            eventually(partial(lives, second), within=60)
            assert not ready(second)
            first.kill()
            eventually(partial(second.said, "log_contradicted"), within=60)
            assert second.measure("lienthong_log_halted ") == 1
            assert not Path(other["LOG_DIR"]).exists()
            second.kill()
            first.start()
            eventually(lambda: ready(first), within=60)
    fault.note = "the second one has the same keys and folders of its own"


def test_database_killed_under_the_sealer(
    breakable_store: World, own_postgres: OwnPostgres, tmp_path: Path, fault: Fault
) -> None:
    """The sealer comes back with the database, and nothing acknowledged stays unsealed."""
    home = SealerHome(breakable_store, tmp_path / "sealer")
    sealer, seen = home.program().start(), list[Note]()
    for _ in fault.rounds(1, 10):
        write(breakable_store, "document-1", 20)
        own_postgres.kill()
        own_postgres.start()
        breakable_store.owner.dispose()
        eventually(home.caught_up, within=60)
        note = home.signed()
        assert note
        seen.append(note)
    assert sealer.alive
    home.check(seen)
    fault.note = "SIGKILL to the postmaster while events wait to be sealed"


def test_old_backup_under_the_sealer(
    here: World, home: SealerHome, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A past that the log knows to be old is not sealed on, until two persons decide so."""
    sealer = home.program().start()
    write(here, "document-1", 20)
    eventually(home.caught_up, within=60)
    here.execute("ALTER TABLE es.event DISABLE TRIGGER ALL")
    here.execute("DELETE FROM es.event WHERE version > 12")
    here.execute(_HEADS)
    _end_connections(here)
    eventually(partial(sealer.said, "log_store_is_old"), within=60)
    assert sealer.measure("lienthong_log_halted ") == 1
    assert not ready(sealer)
    write(here, "process-1", 3)
    for name, value in home.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", here.url("monitor"))
    keys = [home.folder / f"{name}.pem" for name in ("a", "b")]
    public = [make_operator(f"operator.{key.stem}", key) for key in keys]
    (home.folder / "state" / "operators").write_text("".join(f"{key}\n" for key in public))
    assert main(["log", "fork", "--reason", "an old backup", "--sign-with", str(keys[0])]) == 0
    assert main(["log", "fork", "--sign-with", str(keys[1])]) == 0
    eventually(partial(ready, sealer), within=60)
    home.name = home.name.forked()
    home.key = VerifierKey.parse((home.log / str(home.name) / "key").read_text().strip())
    eventually(home.has(5), within=60)
    assert main(["verify", "--jobs", "1"]) == 0
    fault.note = "12 of 20 sealed events restored; then a fork"


def _end_connections(world: World) -> None:
    """End the sealer's connections, as a lost network would: the database's lock is free."""
    with world.database("audit").unit() as unit:
        unit.connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'audit'"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        )
