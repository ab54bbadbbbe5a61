"""The sealer as a process seals: how often it looks, and that it is the only one on its store."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.audit import sealer
from services.audit.sealer import Settings, Work
from services.audit.sealing.keys import KeyFiles
from services.audit.sealing.seal import Sealer
from services.audit.sealing.witnesses import Witnesses
from tests.support.sealing import ORIGIN, YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually


class Ended(Exception):
    """The test has seen enough."""


@pytest.fixture
def store(postgres: PostgresForTests, tmp_path: Path) -> Iterator[SealedStore]:
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        yield store


def work(store: SealedStore, folder: Path) -> Work:
    """A sealer on folders of its own, with the same key for the year or another."""
    keys = KeyFiles(folder / "keys", ORIGIN)
    keys.make(YEAR)
    (folder / "state").mkdir(parents=True, exist_ok=True)
    settings = Settings(
        database_url=store.url("audit"), log_dir=folder / "log", log_state=folder / "state",
        log_keys=folder / "keys", log_origin=ORIGIN,
    )  # fmt: skip
    return Work(settings, keys, Witnesses(None, settings.log_dir))


def test_the_sealer_looks_for_new_events_ten_times_a_second(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does itself counts: nothing is waited for when that took longer."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise Ended

    # Its own alone: other threads of this process sleep too.
    clock = SimpleNamespace(sleep=pause, monotonic=time.monotonic)
    monkeypatch.setattr("services.audit.sealer.time", clock)
    with pytest.raises(Ended):
        work(store, store.folder).run(threading.Event())
    assert sealer.INTERVAL <= 0.1
    assert all(0 <= seconds <= 0.1 for seconds in pauses)


def test_a_second_sealer_on_other_folders_waits_until_the_first_is_gone(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = [threading.Event(), threading.Event()]
    alive = [threading.Event(), threading.Event()]
    real, sleep, waits = Sealer.step, time.sleep, list[float]()

    def step(self: Sealer) -> int:
        if ends[int(threading.current_thread().name)].is_set():
            raise Ended
        return real(self)

    def pause(seconds: float) -> None:
        if threading.current_thread().name == "1":
            waits.append(seconds)
        sleep(seconds)

    def run(number: int) -> None:
        with pytest.raises(Ended):
            work(store, store.folder / str(number)).run(alive[number])

    monkeypatch.setattr(Sealer, "step", step)
    monkeypatch.setattr("services.audit.sealer.time.sleep", pause)
    threads = [threading.Thread(target=run, args=(n,), name=str(n), daemon=True) for n in (0, 1)]
    store.append(3)
    threads[0].start()
    eventually(alive[0].is_set, within=30)
    threads[1].start()
    eventually(lambda: len(waits) > 1 or alive[1].is_set(), within=30)
    assert not alive[1].is_set()
    assert not (store.folder / "1" / "log").exists()
    ends[0].set()
    eventually(alive[1].is_set, within=30)
    ends[1].set()
    for thread in threads:
        thread.join(30)
    assert (store.folder / "1" / "log" / "2026" / "signed").exists()
