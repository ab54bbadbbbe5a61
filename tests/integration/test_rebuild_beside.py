"""A rebuild beside a running service: under load, under readers, killed, and alone."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from libs.contracts import topology
from libs.messaging.applier import Applier
from libs.messaging.rebuild import RebuildRefused, prepare, run
from tests.integration.rebuild_store import Store, models_of
from tests.support.documents_office import open_office
from tests.support.documents_world import arrived, issue, signed
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

pytestmark = pytest.mark.postgres
FOLLOWED = topology().consumers["documents.projections"].categories
ROUND = set(FOLLOWED)
EVENTS_A_SECOND = 50


@pytest.fixture
def store(postgres: PostgresForTests) -> Iterator[Store]:
    with closing(Store(postgres.fresh_database())) as made:
        yield made


class Writer:
    """Appends 50 events a second, evenly, until it is stopped."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._begun = time.monotonic()
        self._turns = cycle(FOLLOWED)
        self.written = 0

    def step(self) -> None:
        """Append one of each event of the next category, and wait for its turn to be over."""
        self.written += self._store.tell(1, {next(self._turns)})
        ahead = self.written / EVENTS_A_SECOND - (time.monotonic() - self._begun)
        threading.Event().wait(max(ahead, 0))


def consumer(store: Store) -> Applier:
    handlers = models_of("documents").handlers
    return Applier("documents.projections", store.as_service("documents"), handlers)


def test_under_fifty_events_a_second_the_exchange_succeeds_and_no_event_is_appended(
    store: Store,
) -> None:
    store.tell(5, ROUND)
    store.serve("documents")
    (before,) = store.ask("SELECT count(*) FROM es.event")
    writer, serving = Writer(store), consumer(store)

    def follow() -> None:
        if not serving.follow(FOLLOWED):
            threading.Event().wait(0.005)

    with store.running(writer.step, follow):
        eventually(lambda: writer.written > EVENTS_A_SECOND, within=20)

        def rebuilt_under_writes() -> Any:
            begun = writer.written
            outcome = store.rebuild("documents")
            return outcome if writer.written > begun else None

        outcome = eventually(rebuilt_under_writes, within=60)
    serving.follow(FOLLOWED)

    assert store.ask("SELECT count(*) FROM es.event") == [(before[0] + writer.written,)]
    assert outcome.events > 100
    assert outcome.exchange_seconds < 2, "the serving consumer hardly stood still"
    served = store.rows("documents")
    store.rebuild("documents")
    assert store.rows("documents") == served
    assert store.ask("SELECT 1 FROM es.retry") == []


def test_killed_in_the_middle_it_goes_on_from_its_positions(store: Store) -> None:
    total = store.tell(60, ROUND)
    store.serve("documents")
    before = store.rows("documents")
    # Forked, so that both runs are of the same code even while somebody edits it.
    fork = multiprocessing.get_context("fork")
    told, tell = fork.Pipe(duplex=False)
    prepare.fingerprint("documents")
    process = fork.Process(
        target=store.rebuild, args=("documents",), kwargs={"watch": lambda now, _: tell.send(now)}
    )
    process.start()
    done = next(now for now in iter(told.recv, None) if now > total / 10)
    process.kill()
    process.join()
    assert done < total
    assert store.rows("documents") == before

    seen: list[tuple[int, int]] = []
    outcome = store.rebuild("documents", watch=lambda now, of: seen.append((now, of)))
    assert seen[0][0] >= done
    assert seen[-1] == (total, total)
    assert outcome.events == total - seen[0][0]
    assert store.rows("documents") == before


def open_transaction(store: Store, statement: str) -> "closing[Connection]":
    """A transaction of the service that does not end by itself."""
    connection = store.as_service("documents").engine.connect()
    connection.execute(text(statement))
    return closing(connection)


def put_off(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild that is filled and not exchanged, because somebody reads for long."""
    monkeypatch.setattr(run, "EXCHANGES", 3)
    with (
        open_transaction(store, "SELECT 1 FROM documents.person"),
        pytest.raises(RebuildRefused) as refused,
    ):
        store.rebuild("documents")
    assert refused.value.code == "tables_in_use"


def test_what_other_code_left_is_not_gone_on_with(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = store.tell(2, ROUND)
    store.serve("documents")
    before = store.rows("documents")
    put_off(store, monkeypatch)
    store.do("UPDATE documents_next.document SET state = 'as an older version would say'")
    store.do("COMMENT ON SCHEMA documents_next IS 'made by an older version'")
    assert store.rebuild("documents").events == total
    assert store.rows("documents") == before


def test_it_goes_on_or_begins_anew_as_it_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = store.tell(2, ROUND)
    store.serve("documents")
    before = store.rows("documents")
    put_off(store, monkeypatch)
    assert store.rebuild("documents").events == 0
    put_off(store, monkeypatch)
    assert store.rebuild("documents", restart=True).events == total
    assert store.rows("documents") == before


def test_a_long_reader_puts_the_exchange_off_and_other_readers_hardly_wait(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.tell(2, ROUND)
    store.serve("documents")
    waits: list[float] = []

    def read() -> None:
        begun = time.monotonic()
        with store.as_service("documents").unit() as unit:
            unit.connection.execute(text("SELECT count(*) FROM documents.person"))
        waits.append(time.monotonic() - begun)

    with store.running(read):
        put_off(store, monkeypatch)
    assert len(waits) > 5
    assert max(waits) < 1


def test_one_service_is_rebuilt_once_at_a_time(store: Store) -> None:
    store.tell(1, ROUND)
    store.serve("documents")
    codes: list[str] = []

    def second(done: int, _total: int) -> None:
        if not codes:
            with pytest.raises(RebuildRefused) as refused:
                store.rebuild("documents")
            codes.append(refused.value.code)

    store.rebuild("documents", watch=second)
    assert codes == ["runs_already"]


def test_queries_over_http_answer_while_the_tables_are_rebuilt_and_exchanged(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with open_office(postgres, tmp_path) as office:
        database = office.world.database.engine.url.database
        assert database
        document_id = signed(office.world)
        issue(office.world, document_id)
        arrived(office.world)
        office.world.catch_up()
        answers: list[tuple[int, object]] = []
        waits: list[float] = []

        def ask() -> None:
            begun = time.monotonic()
            answer = office.call("GET", "/v1/documents", "clerk")
            waits.append(time.monotonic() - begun)
            answers.append((answer.status_code, answer.json))

        ask()
        with (
            closing(Store(lambda role: postgres.url(database, role))) as store,
            store.running(ask),
        ):
            begun = time.monotonic()
            for _ in range(3):
                store.rebuild("documents")
            longest = (time.monotonic() - begun) / 3
        assert len(answers) > 5
        assert [answer for answer in answers if answer != answers[0]] == []
        assert answers[0][0] == 200
        # Tables locked for a whole rebuild would have made three wait, one for each.
        assert sorted(waits)[-3] < longest, "nobody waited for a whole rebuild"
