"""Read models catch up in few transactions, and each event still has one effect, in order."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from libs.contracts import topology
from libs.db import Unit
from libs.eventstore import START, Context, NewEvent, Place, Recorded
from libs.messaging import applier as applying
from libs.messaging import positions as positions_module
from libs.messaging.applier import Applier
from libs.messaging.causes import ENDED_PROCESS
from libs.messaging.decision import Decision
from libs.messaging.delivery import Delivery
from libs.messaging.positions import Positions
from tests.integration.rebuild_store import Store, models_of
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

pytestmark = pytest.mark.postgres
DOCUMENTS = "documents.projections"
CONTEXT = Context("a", "system:test", datetime(2026, 11, 22, tzinfo=UTC), UUID(int=1))


@pytest.fixture
def store(postgres: PostgresForTests) -> Iterator[Store]:
    with closing(Store(postgres.fresh_database())) as made:
        made.do(
            "CREATE TABLE documents.effect (event_id uuid, nth serial,"
            " tx xid8 DEFAULT pg_current_xact_id())"
        )
        made.do("GRANT SELECT, INSERT ON documents.effect TO documents")
        made.do("GRANT USAGE ON SEQUENCE documents.effect_nth_seq TO documents")
        yield made


class Effects:
    """Handlers that leave one row for each event, and fail for the poisoned ones."""

    def __init__(self) -> None:
        self.poison: set[str] = set()

    def __call__(self, message: Any, event: Recorded, unit: Unit) -> None:
        statement = text("INSERT INTO documents.effect (event_id) VALUES (:id)")
        unit.connection.execute(statement, {"id": event.event_id})
        if event.stream in self.poison and event.type == "DraftReviewed":
            raise ValueError("poison")


def applier(store: Store, effects: Effects, consumer: str = DOCUMENTS) -> Applier:
    kinds = [kind for category in topology().categories.values() for kind in category.events]
    handlers = dict.fromkeys(kinds, effects)
    return Applier(consumer, store.as_service("documents"), handlers)


def events(store: Store, category: str = "document") -> list[Recorded]:
    with store.as_service("documents").unit() as unit:
        return unit.store.read_category(category, START, 10_000)


def applied(store: Store) -> list[Any]:
    return [row.event_id for row in store.ask("SELECT event_id FROM documents.effect ORDER BY nth")]


def transactions(store: Store) -> int:
    ((number,),) = store.ask("SELECT count(DISTINCT tx) FROM documents.effect")
    return int(number)


def test_a_page_of_waiting_events_is_one_transaction_that_ends_in_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "BATCH_SECONDS", 60)
    store.tell(2, {"document"})
    assert applier(store, Effects()).catch_up("document") == len(events(store))
    assert applied(store) == [event.event_id for event in events(store)]
    assert transactions(store) == 1

    monkeypatch.setattr(applying, "BATCH_SECONDS", 0)
    store.tell(1, {"document"})
    more = applier(store, Effects()).catch_up("document")
    assert applied(store) == [event.event_id for event in events(store)]
    assert transactions(store) == 1 + more


def test_a_policy_appends_once_in_a_transaction_so_each_event_has_its_own(store: Store) -> None:
    written = store.tell(3, {"packet"})
    store.do("UPDATE es.checkpoint SET tx = 0, position = 0 WHERE consumer = 'documents.policies'")
    applier(store, Effects(), "documents.policies").catch_up("packet")
    assert (len(applied(store)), transactions(store)) == (written, written)


def test_of_a_page_only_the_failing_event_and_its_stream_are_set_aside(store: Store) -> None:
    store.tell(3, {"document"})
    every, effects = events(store), Effects()
    poisoned = sorted({event.stream for event in every})[1]
    effects.poison.add(poisoned)
    applier(store, effects).catch_up("document")
    (bad,) = [e for e in every if e.stream == poisoned and e.type == "DraftReviewed"]
    held = [e for e in every if e.stream == poisoned and e.version >= bad.version]
    assert applied(store) == [event.event_id for event in every if event not in held]
    rows = store.ask("SELECT version, cause FROM es.retry ORDER BY version")
    assert [row.version for row in rows] == [event.version for event in held]
    assert rows[0].cause == "ValueError: poison"
    assert store.positions(DOCUMENTS)["document"].place == every[-1].place

    effects.poison.clear()
    consumer = applier(store, effects)
    store.tell(1, {"document"})
    with store.as_service("documents").unit() as unit:
        late = NewEvent(uuid4(), bad.type, bad.schema, bad.payload)
        unit.store.append(poisoned, held[-1].version, [late], CONTEXT)
    consumer.catch_up("document")
    assert late.event_id not in applied(store), "it waits behind the earlier one of its stream"
    store.do("UPDATE es.retry SET due_at = now()")
    while consumer.run_due():
        pass
    assert sorted(applied(store)) == sorted(event.event_id for event in events(store))


def test_consumers_that_run_at_once_give_each_event_one_effect_in_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "BATCH_SECONDS", 0.002)
    every = store.tell(10, {"document"})
    consumers = [applier(store, Effects()) for _ in range(3)]
    with store.running(*(partial(each.follow, ["document"]) for each in consumers)):
        store.tell(10, {"document"})
    applier(store, Effects()).catch_up("document")
    assert len(applied(store)) == 2 * every
    assert applied(store) == [event.event_id for event in events(store)]
    assert store.ask("SELECT 1 FROM es.retry") == []


def test_two_transactions_of_one_consumer_never_overlap_whatever_their_categories(
    store: Store,
) -> None:
    store.tell(1, {"document", "register"})
    document, registered = events(store)[0], events(store, "register")[0]
    ((epoch,),) = store.ask("SELECT epoch::text FROM es.meta")
    running: list[str] = []
    overlapped: list[str] = []

    def run(_message: Any, event: Recorded, _unit: Unit) -> None:
        overlapped.extend(running)
        running.append(event.type)
        if event.type == document.type:
            other.start()
            eventually(lambda: _waits_for_a_lock(store) or overlapped, within=10)
        running.remove(event.type)

    def deliver(event: Recorded) -> None:
        consumer = Applier(DOCUMENTS, store.as_service("documents"), {event.type: run})
        assert consumer.deliver(Delivery(epoch, event, START)) is Decision.APPLY

    other = threading.Thread(target=deliver, args=(registered,))
    deliver(document)
    other.join(10)
    assert (overlapped, running) == ([], [])
    assert store.positions(DOCUMENTS)["register"].place == registered.place


def _waits_for_a_lock(store: Store) -> bool:
    return bool(
        store.ask(
            "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
        )
    )


def test_how_far_a_consumer_is_behind_is_counted_by_category_up_to_a_bound(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = store.tell(2, {"document"})

    def counts() -> dict[str, int]:
        with store.as_service("documents").unit() as unit:
            return Positions(unit.connection, DOCUMENTS).behind_counts()

    own = {"agency": 0, "person": 0, "register": 0, "tray": 0}
    assert counts() == {**own, "document": written}
    monkeypatch.setattr(positions_module, "MOST_COUNTED", 5)
    assert counts()["document"] == 5
    applier(store, Effects()).catch_up("document")
    assert counts()["document"] == 0


def test_a_late_joiner_builds_its_replica_wholly_from_the_store(store: Store) -> None:
    store.tell(3)
    store.serve("audit")
    expected = store.rows("audit")
    # A new consumer: no rows, and positions at the start, as the migration gives them.
    for table in expected:
        store.do(f"TRUNCATE audit.{table}")
    store.do("UPDATE es.checkpoint SET tx = 0, position = 0 WHERE consumer = 'audit.projections'")
    late = Applier("audit.projections", store.as_service("audit"), models_of("audit").handlers)
    ((epoch,),) = store.ask("SELECT epoch::text FROM es.meta")
    for category in store.positions("audit.projections"):
        if category == "desk":
            late.catch_up(category)
            continue
        with store.as_service("audit").unit() as unit:
            told = unit.store.read_category(category, START, 10_000)
        # The first message that it ever gets is the newest event's; a first event has no other.
        predecessor = told[-2].place if len(told) > 1 else Place(0, 0)
        assert late.deliver(Delivery(epoch, told[-1], predecessor)) is Decision.AHEAD
        assert late.deliver(Delivery(epoch, told[0], START)) is Decision.DUPLICATE
    assert store.rows("audit") == expected


def test_the_first_event_of_a_category_follows_nothing_and_is_applied(store: Store) -> None:
    store.tell(1, {"register"})
    ((epoch,),) = store.ask("SELECT epoch::text FROM es.meta")
    first, *_ = events(store, "register")
    consumer = applier(store, Effects())
    assert consumer.deliver(Delivery(epoch, first, START)) is Decision.APPLY
    assert applied(store) == [first.event_id]


def test_what_stands_first_at_one_start_after_the_other_is_set_aside_unrun(store: Store) -> None:
    store.tell(1, {"document"})
    first, second = events(store)[:2]
    consumer = applier(store, Effects())
    for _ in range(applying.RUNS_UNTIL_SET_ASIDE):
        consumer.note_start(["document"])
    assert store.ask("SELECT * FROM es.retry") == []

    consumer.note_start(["document"])
    (row,) = store.ask("SELECT stream, version, cause FROM es.retry")
    assert (row.stream, row.version, row.cause) == (first.stream, 1, ENDED_PROCESS)
    assert store.positions(DOCUMENTS)["document"].place == first.place

    consumer.note_start(["document"])
    assert len(store.ask("SELECT * FROM es.retry")) == 1, f"{second.stream} is met the first time"
    assert applied(store) == []


def test_a_last_try_that_nobody_survived_is_parked(store: Store) -> None:
    store.tell(1, {"document"})
    (first, *_) = events(store)
    effects = Effects()
    effects.poison.add(first.stream)
    consumer = applier(store, effects)
    consumer.catch_up("document")
    store.do("UPDATE es.retry SET attempts = 5, due_at = now()")
    held = store.ask("SELECT * FROM es.retry")
    done = len(applied(store))
    assert consumer.run_due()
    head = store.ask("SELECT parked, cause FROM es.retry ORDER BY version")[0]
    assert (head.parked, head.cause) == (True, ENDED_PROCESS)
    assert (len(store.ask("SELECT * FROM es.retry")), len(applied(store))) == (len(held), done)


def test_a_try_that_a_lost_database_broke_off_is_not_counted(store: Store) -> None:
    store.tell(1, {"document"})
    (first, *_) = events(store)
    effects = Effects()
    effects.poison.add(first.stream)
    lost: list[Recorded] = []

    def handle(message: Any, event: Recorded, unit: Unit) -> None:
        if not effects.poison and not lost:
            lost.append(event)
            unit.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        effects(message, event, unit)

    kinds = topology().categories["document"].events
    consumer = Applier(DOCUMENTS, store.as_service("documents"), dict.fromkeys(kinds, handle))
    consumer.catch_up("document")
    store.do("UPDATE es.retry SET attempts = 4, due_at = now()")
    effects.poison.clear()
    with pytest.raises(OperationalError):
        consumer.run_due()
    while consumer.run_due():
        pass
    assert len(lost) == 1
    assert store.ask("SELECT version, attempts, parked, cause FROM es.retry") == []
    assert sorted(applied(store)) == sorted(event.event_id for event in events(store))
