"""The store's rules, against a real PostgreSQL."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import rfc8785
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from libs.contracts import instant_text
from libs.db import Database, engine_for
from libs.eventstore import (
    ANY,
    NO_STREAM,
    START,
    Appended,
    BadEvent,
    CauseInFuture,
    Context,
    EventIdReused,
    EventStore,
    NewEvent,
    NotYourCategory,
    Recorded,
    SecondAppend,
    WrongVersion,
    bulk,
)
from libs.messaging.positions import Positions
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

AT = datetime(2026, 11, 22, 7, 5, 0, 120, tzinfo=UTC)


def context(**changes: object) -> Context:
    values: dict[str, object] = {
        "agency": "a1",
        "handler": "person:p1/q1",
        "occurred_at": AT,
        "trace": UUID(int=7),
    }
    return Context(**(values | changes))  # type: ignore[arg-type]


def event(payload: bytes = b"{}", event_id: UUID | None = None) -> NewEvent:
    return NewEvent(event_id or uuid4(), "DocumentDrafted", 1, payload)


def stream(category: str = "document") -> str:
    return f"{category}-{uuid4()}"


@pytest.fixture(scope="module")
def urls(postgres: PostgresForTests) -> Callable[[str], str]:
    return postgres.fresh_database()


@pytest.fixture(scope="module")
def database(urls: Callable[[str], str]) -> Iterator[Database]:
    engine = engine_for(urls("documents"), pool_size=12)
    yield Database(engine, "documents")
    engine.dispose()


def test_versions_count_from_one_and_come_back_as_written(database: Database) -> None:
    name, first, second = stream(), event(b'{"a":1}'), event(b'{"b":2}')
    with database.unit() as unit:
        appended = unit.store.append(
            name, NO_STREAM, [first, second], context(behalf="b1", causation=UUID(int=3))
        )
    with database.unit() as unit:
        one, two = unit.store.read(name)
    assert (appended.version, appended.place) == (2, two.place)
    assert [(one.version, one.payload), (two.version, two.payload)] == [
        (1, b'{"a":1}'),
        (2, b'{"b":2}'),
    ]
    assert (one.handler, one.behalf, one.occurred_at) == ("person:p1/q1", "b1", AT)
    assert (one.causation, one.correlation, one.trace) == (UUID(int=3), None, UUID(int=7))


@pytest.mark.parametrize(("expected", "actual"), [(NO_STREAM, 1), (2, 1), (7, 1)])
def test_a_writer_who_expects_another_version_writes_nothing(
    database: Database, expected: int, actual: int
) -> None:
    name = stream()
    with database.unit() as unit:
        unit.store.append(name, NO_STREAM, [event()], context())
    with pytest.raises(WrongVersion) as refused, database.unit() as unit:
        unit.store.append(name, expected, [event()], context())
    assert (refused.value.stream, refused.value.expected, refused.value.actual) == (
        name,
        expected,
        actual,
    )
    with database.unit() as unit:
        assert len(unit.store.read(name)) == 1


def test_a_repeated_append_answers_as_the_first_time(database: Database) -> None:
    name, events = stream(), [event(), event()]
    with database.unit() as unit:
        first = unit.store.append(name, NO_STREAM, events, context())
    with database.unit() as unit:
        unit.store.append(name, ANY, [event()], context())
    with database.unit() as unit:
        assert unit.store.append(name, NO_STREAM, events, context()) == first
        assert len(unit.store.read(name)) == 3


@pytest.mark.parametrize("change", ["payload", "partly"])
def test_an_event_id_is_never_used_for_other_content(database: Database, change: str) -> None:
    name, known = stream(), event(b'{"a":1}')
    with database.unit() as unit:
        unit.store.append(name, NO_STREAM, [known], context())
    again = [event(b'{"a":2}', known.event_id)] if change == "payload" else [known, event()]
    with pytest.raises(EventIdReused), database.unit() as unit:
        unit.store.append(name, ANY, again, context())


def test_of_many_streams_the_newest_events_are_read_at_once(database: Database) -> None:
    one, other, none = stream(), stream("register"), stream()
    with database.unit() as unit:
        unit.store.append(one, NO_STREAM, [event(), event(b'{"a":2}')], context())
    with database.unit() as unit:
        unit.store.append(other, NO_STREAM, [event(b'{"b":1}')], context())
    with database.unit() as unit:
        last = unit.store.read_last_each([one, none, other])
        assert last == {name: unit.store.read_last(name) for name in (one, other)}
        assert unit.store.read_last_each([]) == {}


def test_events_are_found_by_their_ids_in_the_stores_order(database: Database) -> None:
    first, second, third = event(), event(), event()
    with database.unit() as unit:
        unit.store.append(stream(), NO_STREAM, [first, second], context())
    with database.unit() as unit:
        unit.store.append(stream(), NO_STREAM, [third], context())
    with database.unit() as unit:
        found = unit.store.read_ids([third.event_id, uuid4(), first.event_id])
        assert [each.event_id for each in found] == [first.event_id, third.event_id]
        assert unit.store.read_ids([]) == []


def test_whatever_may_not_be_read_is_found_in_no_way(
    database: Database, urls: Callable[[str], str]
) -> None:
    name, one = stream("register"), event()
    with database.unit() as unit:
        unit.store.append(name, NO_STREAM, [one], context())
    engine = engine_for(urls("workflow"))
    with Database(engine, "workflow").unit() as unit:
        assert unit.store.read_last_each([name]) == {}
        assert unit.store.read_ids([one.event_id]) == []
    engine.dispose()


def test_append_all_is_all_or_nothing(database: Database) -> None:
    one, other = stream(), stream("register")
    with pytest.raises(WrongVersion), database.unit() as unit:
        unit.store.append_all([(one, NO_STREAM, [event()]), (other, 4, [event()])], context())
    with database.unit() as unit:
        assert unit.store.read(one) == [] == unit.store.read(other)
        done = unit.store.append_all(
            [(one, NO_STREAM, [event()]), (other, NO_STREAM, [event()])], context()
        )
    assert done[0].place.tx == done[1].place.tx
    assert done[0].place < done[1].place


def test_a_transaction_appends_once(database: Database) -> None:
    with pytest.raises(SecondAppend), database.unit() as unit:
        unit.store.append(stream(), NO_STREAM, [event()], context())
        unit.store.append(stream(), NO_STREAM, [event()], context())


def test_an_effect_is_ordered_after_its_cause_and_no_cause_lies_in_the_future(
    database: Database,
) -> None:
    with database.unit() as early:
        early.connection.execute(text("SELECT pg_current_xact_id()"))
        with database.unit() as unit:
            cause = unit.store.append(stream(), NO_STREAM, [event()], context())
        effect = early.store.append(
            stream(), NO_STREAM, [event()], context(after_tx=cause.place.tx)
        )
    assert effect.place > cause.place
    with pytest.raises(CauseInFuture), database.unit() as unit:
        unit.store.append(stream(), NO_STREAM, [event()], context(after_tx=cause.place.tx + 10_000))


def test_an_early_transaction_never_puts_a_later_version_first(database: Database) -> None:
    name = stream()
    with database.unit() as early:
        early.connection.execute(text("SELECT pg_current_xact_id()"))
        with database.unit() as unit:
            unit.store.append(name, NO_STREAM, [event()], context())
        early.store.append(name, 1, [event()], context())
    with database.unit() as unit:
        one, two = unit.store.read(name)
    assert one.place < two.place


def test_a_reader_sees_nothing_behind_a_running_transaction(database: Database) -> None:
    with database.unit() as unit:
        end = unit.store.category_end("document")
    with database.unit() as slow:
        slow.store.append(stream(), NO_STREAM, [event()], context())
        fast = stream()
        with database.unit() as unit:
            committed = unit.store.append(fast, NO_STREAM, [event()], context()).place
        with database.unit() as unit:
            assert unit.store.read_category("document", end) == []
            assert unit.store.category_end("document") == end
            assert unit.store.newest("document") == committed
    with database.unit() as unit:
        assert len(unit.store.read_category("document", end)) == 2


def test_a_service_writes_its_own_categories_alone(
    urls: Callable[[str], str], database: Database
) -> None:
    with pytest.raises(NotYourCategory), database.unit() as unit:
        unit.store.append(stream("process"), NO_STREAM, [event()], context())
    name = stream()
    with database.unit() as unit:
        unit.store.append(name, NO_STREAM, [event()], context())
    directory = engine_for(urls("directory"))
    with directory.connect() as stranger:
        assert EventStore(stranger).read(name) == []
    directory.dispose()


def test_a_service_learns_how_far_others_are_with_its_own_events_and_no_others(
    urls: Callable[[str], str], database: Database
) -> None:
    def awaited(engine: Engine, name: str) -> bool:
        question = text("SELECT es.awaited('workflow.policies', :name, 1)")
        with engine.connect() as connection:
            return bool(connection.execute(question, {"name": name}).scalar_one())

    name, missing = stream(), stream()
    with database.unit() as unit:
        unit.store.append(name, NO_STREAM, [event()], context())
    stranger = engine_for(urls("directory"))
    assert awaited(database.engine, name)
    assert not awaited(database.engine, missing)
    assert not awaited(stranger, name)
    follower = Database(engine_for(urls("workflow")), "workflow")
    with follower.unit() as unit:
        positions = Positions(unit.connection, "workflow.policies")
        positions.lock("document")
        positions.move("document", unit.store.newest("document"))
    assert not awaited(database.engine, name)
    with follower.unit() as unit:
        (recorded,) = unit.store.read(name)
        Positions(unit.connection, "workflow.policies").set_aside(recorded, "not today")
    assert awaited(database.engine, name)
    assert not awaited(stranger, name)
    stranger.dispose()
    follower.engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO es.event SELECT * FROM es.event",
        "UPDATE es.event SET agency = 'x'",
        "DELETE FROM es.event",
        "TRUNCATE es.event",
        "UPDATE es.stream SET version = 0",
        "INSERT INTO es.grantee VALUES ('documents', 'write', 'process')",
    ],
)
def test_a_service_cannot_touch_the_tables(database: Database, statement: str) -> None:
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        database.engine.begin() as connection,
    ):
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["UPDATE es.event SET agency = 'x'", "DELETE FROM es.event"])
def test_even_the_owner_is_stopped_by_a_trigger(
    urls: Callable[[str], str], database: Database, statement: str
) -> None:
    with database.unit() as unit:
        unit.store.append(stream(), NO_STREAM, [event()], context())
    owner = engine_for(urls("migrator"))
    with pytest.raises(DBAPIError, match="never changed"), owner.begin() as connection:
        connection.execute(text(statement))
    owner.dispose()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("document-" + "x" * 201, {}),
        ('document-"', {}),
        ("document-1", {"agency": 'a"b'}),
        ("document-1", {"handler": "Nguyễn Văn A"}),
        ("document-1", {"behalf": ""}),
    ],
)
def test_names_that_could_bend_the_entry_are_refused(
    database: Database, name: str, changes: dict[str, object]
) -> None:
    with pytest.raises(BadEvent), database.unit() as unit:
        unit.store.append(name, ANY, [event()], context(**changes))


def test_an_empty_append_is_refused(database: Database) -> None:
    with pytest.raises(BadEvent), database.unit() as unit:
        unit.store.append(stream(), ANY, [], context())


def entry(item: Recorded, prev: str | None) -> bytes:
    return bytes(
        rfc8785.dumps(
            {
                "agency": item.agency,
                "behalf": item.behalf,
                "causation": str(item.causation) if item.causation else None,
                "correlation": str(item.correlation) if item.correlation else None,
                "handler": item.handler,
                "id": str(item.event_id),
                "occurred_at": instant_text(item.occurred_at),
                "payload": hashlib.sha256(item.payload).hexdigest(),
                "position": str(item.position),
                "prev": prev,
                "recorded_at": instant_text(item.recorded_at),
                "schema": str(item.schema),
                "stream": item.stream,
                "trace": str(item.trace),
                "tx": str(item.tx),
                "type": item.type,
                "version": str(item.version),
            }
        )
    )


def test_each_leaf_is_the_hash_of_the_canonical_entry_chained_to_the_one_before(
    database: Database,
) -> None:
    name = stream()
    for number in range(3):
        with database.unit() as unit:
            unit.store.append(
                name,
                ANY,
                [event(b'{"n":%d}' % number), event()],
                context(behalf="b", correlation=uuid4()) if number else context(),
            )
    with database.unit() as unit:
        events = unit.store.read(name)
        leaves = unit.connection.execute(
            text("SELECT leaf FROM es.event WHERE stream = :s ORDER BY version"), {"s": name}
        ).scalars()
        prev = None
        for item, leaf in zip(events, leaves, strict=True):
            assert hashlib.sha256(b"\x00" + entry(item, prev)).digest() == bytes(leaf)
            prev = bytes(leaf).hex()


def _write(connection: Connection, name: str) -> bool:
    store = EventStore(connection)
    try:
        store.append(name, len(store.read(name)), [event()], context())
    except WrongVersion:
        connection.rollback()
        return False
    connection.commit()
    return True


def test_eight_writers_on_one_stream_make_dense_versions(database: Database) -> None:
    name = stream()
    done: list[bool] = []

    def work() -> None:
        with database.engine.connect() as connection:
            done.extend(_write(connection, name) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with database.unit() as unit:
        events = unit.store.read(name)
    assert [item.version for item in events] == list(range(1, sum(done) + 1))
    assert [item.place for item in events] == sorted(item.place for item in events)


def test_what_may_not_scan_is_not_compiled_for_the_price_of_it(database: Database) -> None:
    """Before PostgreSQL 18 a forbidden scan's price is above `jit_above_cost`, at every call."""
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT proname, 'jit=off' = ANY (proconfig) FROM pg_proc"
            " WHERE pronamespace = 'es'::regnamespace AND 'enable_seqscan=off' = ANY (proconfig)"
        )
        assert [tuple(row) for row in found] == [("append", True)]


def test_pages_of_a_category_hold_every_event_once_in_order(database: Database) -> None:
    with database.unit() as unit:
        whole = unit.store.read_category("document", START, limit=100_000)
        paged: list[Recorded] = []
        while page := unit.store.read_category(
            "document", paged[-1].place if paged else START, limit=7
        ):
            paged.extend(page)
    assert paged == whole
    assert len(whole) > 7


def last(database: Database, name: str) -> Recorded:
    with database.unit() as unit:
        found = unit.store.read_last(name)
    assert found is not None
    return found


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("count", [1, 3])
def test_a_repeat_of_an_exact_append_answers_as_the_first_time(
    database: Database, before: int, count: int
) -> None:
    name = stream()
    if before:
        with database.unit() as unit:
            unit.store.append(name, NO_STREAM, [event() for _ in range(before)], context())
    events = [event(b'{"n":%d}' % n) for n in range(count)]
    with database.unit() as unit:
        first = unit.store.append(name, before, events, context())
    with database.unit() as unit:
        unit.store.append(name, before + count, [event()], context())
    with database.unit() as unit:
        assert unit.store.append(name, before, events, context()) == first
    assert last(database, name).version == before + count + 1


@pytest.mark.parametrize("count", [1, 2])
def test_a_repeat_that_expects_the_version_of_its_first_run_answers_as_then(
    database: Database, count: int
) -> None:
    name, events = stream(), [event(b'{"n":%d}' % n) for n in range(count)]
    with database.unit() as unit:
        first = unit.store.append(name, NO_STREAM, events, context())
    with database.unit() as unit:
        assert unit.store.append(name, count, events, context()) == first
    assert last(database, name).version == count


@pytest.mark.parametrize("count", [1, 2])
def test_an_id_known_in_another_stream_is_refused_at_an_exact_version(
    database: Database, count: int
) -> None:
    known, other = event(), stream()
    with database.unit() as unit:
        unit.store.append(stream(), NO_STREAM, [known], context())
    again = [known, *(event() for _ in range(count - 1))]
    with pytest.raises(EventIdReused), database.unit() as unit:
        unit.store.append(other, NO_STREAM, again, context())
    with database.unit() as unit:
        assert unit.store.read(other) == []


@pytest.mark.parametrize("expected", [NO_STREAM, 1, ANY])
@pytest.mark.parametrize("count", [1, 2])
def test_of_the_same_append_sent_at_once_one_writes_and_all_get_its_answer(
    database: Database, expected: int, count: int
) -> None:
    name, events = stream(), [event() for _ in range(count)]
    if expected:
        with database.unit() as unit:
            unit.store.append(name, NO_STREAM, [event()], context())
    answers: list[Appended] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait(timeout=30)
        with database.unit() as unit:
            answers.append(unit.store.append(name, expected, events, context()))

    run_all([work] * 6)
    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert last(database, name).version == answers[0].version == abs(expected) + count


@pytest.mark.parametrize("expected", [NO_STREAM, 1])
def test_who_waited_for_a_writer_that_rolled_back_writes_in_its_place(
    database: Database, expected: int
) -> None:
    name = stream()
    if expected:
        with database.unit() as unit:
            unit.store.append(name, NO_STREAM, [event()], context())
    answers: list[Appended] = []

    def work() -> None:
        with database.unit() as unit:
            answers.append(unit.store.append(name, expected, [event()], context()))

    waiting = threading.Thread(target=work)
    with database.engine.connect() as slow:
        EventStore(slow).append(name, expected, [event()], context())
        waiting.start()
        eventually(lambda: someone_waits(database), within=10)
        slow.rollback()
    waiting.join(timeout=30)
    assert [answer.version for answer in answers] == [expected + 1]


def test_who_waited_for_a_writer_that_committed_stands_behind_it_or_is_refused(
    database: Database,
) -> None:
    name, refused = stream(), []
    with database.unit() as unit:
        unit.store.append(name, NO_STREAM, [event()], context())

    def work() -> None:
        with pytest.raises(WrongVersion) as wrong, database.unit() as unit:
            unit.store.append(name, 1, [event()], context())
        refused.append(wrong.value.actual)

    waiting = threading.Thread(target=work)
    with database.engine.connect() as slow:
        EventStore(slow).append(name, 1, [event()], context())
        waiting.start()
        eventually(lambda: someone_waits(database), within=10)
        slow.commit()
    waiting.join(timeout=30)
    assert refused == [2]


@pytest.mark.parametrize("count", [1, 2])
def test_every_refusal_of_one_event_is_that_of_many(database: Database, count: int) -> None:
    name, events = stream(), [event() for _ in range(count)]
    with database.unit() as unit:
        end = unit.store.append(name, NO_STREAM, events, context()).place.tx
    refusals: list[tuple[type[Exception], str, int, dict[str, object]]] = [
        (NotYourCategory, stream("process"), NO_STREAM, {}),
        (CauseInFuture, name, count, {"after_tx": end + 10_000}),
        (BadEvent, name, count, {"handler": "Nguyễn Văn A"}),
        (BadEvent, "document-", NO_STREAM, {}),
        (WrongVersion, name, count + 1, {}),
    ]
    for refusal, target, expected, changes in refusals:
        new = [event() for _ in range(count)]
        with pytest.raises(refusal), database.unit() as unit:
            unit.store.append(target, expected, new, context(**changes))
    assert last(database, name).version == count


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "bad",
    [
        NewEvent(uuid4(), 'Draft"ed', 1, b"{}"),
        NewEvent(uuid4(), "D" * 65, 1, b"{}"),
        NewEvent(uuid4(), "DocumentDrafted", 0, b"{}"),
        NewEvent(uuid4(), "DocumentDrafted", 1, b"x" * 1_048_577),
    ],
)
def test_an_event_beyond_the_limits_is_refused(
    database: Database, bad: NewEvent, count: int
) -> None:
    name = stream()
    with pytest.raises(BadEvent), database.unit() as unit:
        unit.store.append(name, NO_STREAM, [event() for _ in range(count - 1)] + [bad], context())
    with database.unit() as unit:
        assert unit.store.read(name) == []


def test_names_and_payloads_at_their_limits_are_kept_as_they_are(database: Database) -> None:
    name = "document-" + uuid4().hex + "x" * 168
    payloads = [bytes(range(256)) * 4096, b'\\"{},\\', b""]
    events = [NewEvent(uuid4(), "D" * 64, 1, payload) for payload in payloads]
    whole = context(agency="a" * 128, handler="h" * 128, behalf="b" * 128)
    with database.unit() as unit:
        unit.store.append(name, NO_STREAM, events, whole)
    with database.unit() as unit:
        unit.store.append(name, 3, [NewEvent(uuid4(), "D" * 64, 1, payloads[0])], whole)
    with database.unit() as unit:
        kept = unit.store.read(name)
    assert [item.payload for item in kept] == [*payloads, payloads[0]]
    assert {item.agency for item in kept} == {"a" * 128}


def test_a_second_single_append_in_a_transaction_is_refused(database: Database) -> None:
    name = stream()
    for first in (1, 2):
        with pytest.raises(SecondAppend), database.unit() as unit:
            unit.store.append(name, NO_STREAM, [event() for _ in range(first)], context())
            unit.store.append(name, first, [event()], context())


def test_a_call_past_the_client_cannot_move_a_stream_back(database: Database) -> None:
    name = stream()
    with database.unit() as unit:
        unit.store.append(name, NO_STREAM, [event()], context())
    call = text(
        "SELECT es.append(ARRAY[:name], ARRAY[1::bigint], ARRAY[-1], ARRAY[gen_random_uuid()],"
        " ARRAY['DocumentDrafted'], ARRAY[1], ARRAY['x'::bytea], 'a', 'h', NULL, now(),"
        " gen_random_uuid(), NULL, NULL, 0)"
    )
    with pytest.raises(DBAPIError, match="limits"), database.engine.begin() as connection:
        connection.execute(call, {"name": name})
    with database.unit() as unit:
        assert unit.store.append(name, 1, [event()], context()).version == 2


def test_an_append_waits_for_whoever_holds_the_stores_own_row(
    urls: Callable[[str], str], database: Database
) -> None:
    owner, answers = engine_for(urls("migrator")), list[Appended]()
    name = stream()

    def work() -> None:
        with database.unit() as unit:
            answers.append(unit.store.append(name, NO_STREAM, [event()], context()))

    waiting = threading.Thread(target=work)
    with database.unit(), database.unit():
        """Two connections are there before: a new one asks for the store's own row too."""
    with owner.begin() as rebasing:
        rebasing.execute(text("LOCK TABLE es.meta IN ACCESS EXCLUSIVE MODE"))
        rebasing.execute(text("UPDATE es.meta SET tx_offset = tx_offset + 1000"))
        waiting.start()
        eventually(lambda: someone_waits(database), within=10)
        own = rebasing.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
    waiting.join(timeout=30)
    owner.dispose()
    # Its transaction began after the other's, and the offset is the one that the other left.
    assert answers[0].place.tx > own + 1000


def test_appends_go_on_over_a_new_connection(urls: Callable[[str], str]) -> None:
    one = Database(engine_for(urls("documents"), pool_size=1), "documents")
    for count in (1, 2):
        with one.unit() as unit:
            unit.store.append(stream(), NO_STREAM, [event() for _ in range(count)], context())
    with one.unit() as unit:
        pid = unit.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    killer = engine_for(urls("documents"))
    with killer.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    written = {1: stream(), 2: stream()}
    for count, name in written.items():
        with one.unit() as unit:
            unit.store.append(name, NO_STREAM, [event() for _ in range(count)], context())
    with one.unit() as unit:
        assert [len(unit.store.read(name)) for name in written.values()] == list(written)
        assert unit.connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid
    killer.dispose()
    one.engine.dispose()


def test_the_bulk_reader_gives_what_the_pages_give(
    urls: Callable[[str], str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.unit() as unit:
        for_pages = unit.store.read_category("document", START, limit=100_000)
        middle = for_pages[len(for_pages) // 2].place
    monkeypatch.setattr(bulk, "PAGE", 7)
    with bulk.BulkReader(urls("documents")) as reader:
        assert list(reader.category("document")) == for_pages
        assert list(reader.category("document", middle)) == [
            item for item in for_pages if item.place > middle
        ]
        everything = list(reader.everything())
        assert [item for item in everything if item.category == "document"] == for_pages
    assert [type(value) for value in for_pages[0]] == [type(value) for value in everything[0]]


def test_the_bulk_reader_stays_below_the_horizon_and_behind_its_rights(
    urls: Callable[[str], str], database: Database
) -> None:
    with database.unit() as unit:
        end = unit.store.category_end("document")
    with database.unit() as slow, bulk.BulkReader(urls("documents")) as reader:
        slow.store.append(stream(), NO_STREAM, [event()], context())
        with database.unit() as unit:
            unit.store.append(stream(), NO_STREAM, [event()], context())
        assert list(reader.category("document", end)) == []
    with bulk.BulkReader(urls("directory")) as stranger:
        assert list(stranger.category("document")) == []


def run_all(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)


def someone_waits(database: Database) -> bool:
    with database.engine.connect() as connection:
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(connection.execute(waits).scalar())
