"""The desk over a real store: what release and refusal change, and what they leave alone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg2.errors import LockNotAvailable
from sqlalchemy import text

from libs.contracts import topology
from libs.contracts.journal import caused_by
from libs.db import Database, engine_for
from libs.eventstore import ANY, NO_STREAM, BadEvent, EventIdReused, NotYourCategory
from libs.messaging.applier import Applier
from libs.messaging.desk import JOURNAL, carry_out, head, held_events, list_parked
from libs.messaging.desk_events import ParkedEventRefused, ParkedEventReleased
from libs.messaging.parked import (
    ConsumerUnknown,
    DeskRefusal,
    EventUnreadable,
    NothingParked,
    NotTheHead,
    Order,
    Refuse,
    Release,
)
from libs.messaging.positions import Positions
from services.audit.projections import PROJECTIONS
from tests.support.parked import CONSUMER, TRACE, Office
from tests.support.servers import PostgresForTests

BAD, GOOD = "document-bad", "document-good"
BY = "person:00000000-0000-0000-0000-000000000001/00000000-0000-0000-0000-000000000002"
REASON = "0" * 64
RELEASE, REFUSE = Release(CONSUMER, BAD), Refuse(CONSUMER, BAD, REASON)


@pytest.fixture
def office(postgres: PostgresForTests) -> Iterator[Office]:
    office = Office(postgres.fresh_database())
    yield office
    office.close()


def settle(office: Office, order: Order, decision: UUID | None = None, by: str = BY) -> Any:
    with office.workflow.unit() as unit:
        return carry_out(unit, order, by, decision or uuid4())


def listed(office: Office, *, waiting: bool = False) -> list[tuple[str, int, int, bool, int]]:
    with office.workflow.unit() as unit:
        return [
            (each.stream, each.version, each.attempts, each.parked, each.behind)
            for each in list_parked(unit, waiting=waiting)
        ]


def test_the_list_names_the_head_of_each_parked_stream_and_waiting_ones_when_asked(
    office: Office,
) -> None:
    office.park(BAD, behind=2)
    office.poison[GOOD] = ValueError("poison")
    office.write(GOOD, 2)
    office.applier.catch_up("document")
    assert listed(office) == [(BAD, 1, 5, True, 2)]
    assert listed(office, waiting=True) == [(BAD, 1, 5, True, 2), (GOOD, 1, 0, False, 1)]
    with office.workflow.unit() as unit:
        held = list_parked(unit)[0]
        events = held_events(unit, CONSUMER, BAD)
    assert (held.event_type, held.cause) == ("DraftReviewed", "ValueError: poison")
    assert (held.event_id, held.recorded_at) == (events[0].event_id, events[0].recorded_at)
    assert [event.version for event in events] == [1, 2, 3]


@pytest.mark.parametrize(("order", "follows"), [(RELEASE, [1, 2, 3]), (REFUSE, [2, 3])])
def test_a_decision_lets_the_stream_go_on_in_order_at_once(
    office: Office, order: Order, follows: list[int]
) -> None:
    office.park(BAD, behind=2)
    office.heal()
    assert office.run() == []
    settle(office, order)
    assert office.run() == [(BAD, version) for version in follows]
    assert office.rows() == []


def test_a_decision_touches_the_head_of_its_stream_alone(office: Office) -> None:
    office.park(BAD, behind=1)
    office.park(GOOD)
    before = {row[1:3]: row for row in office.rows()}
    settle(office, REFUSE)
    assert {row[1:3]: row for row in office.rows()} == {
        key: row for key, row in before.items() if key != (BAD, 1)
    }


@pytest.mark.parametrize(
    ("order", "kind", "more"),
    [(RELEASE, ParkedEventReleased, {}), (REFUSE, ParkedEventRefused, {"reason": REASON})],
)
def test_the_decision_stands_on_the_consumers_desk_in_the_events_trace(
    office: Office, order: Order, kind: type, more: dict[str, str]
) -> None:
    office.park(BAD)
    with office.workflow.unit() as unit:
        event = held_events(unit, CONSUMER, BAD)[0]
    told = settle(office, order)
    assert told == kind(CONSUMER, event.event_id, BAD, 1, "DraftReviewed", 5, **more)
    (decided,) = office.decided()
    assert JOURNAL.event(decided) == told
    assert (decided.handler, decided.agency, decided.trace) == (BY, "agency-1", TRACE)
    assert decided.causation == event.event_id
    assert decided.place > event.place


def test_the_tries_begin_anew_and_the_event_may_be_parked_and_released_again(
    office: Office,
) -> None:
    office.park(BAD)
    for _ in range(2):
        settle(office, RELEASE)
        assert listed(office, waiting=True) == [(BAD, 1, 0, False, 0)]
        office.run_until_parked(BAD)
        assert listed(office) == [(BAD, 1, 5, True, 0)]
    assert len(office.decided()) == 2
    office.heal()
    settle(office, RELEASE)
    assert office.run() == [(BAD, 1)]


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        (Release(CONSUMER, GOOD), NothingParked),
        (Release(CONSUMER, "document-nobody"), NothingParked),
        (Refuse(CONSUMER, GOOD, REASON), NothingParked),
        (Release(CONSUMER, BAD, version=2), NotTheHead),
        (Refuse(CONSUMER, BAD, REASON, version=2), NotTheHead),
        (Release("workflow.rumours", BAD), ConsumerUnknown),
        (Release(CONSUMER, "packet-1"), ConsumerUnknown),
        (Release("documents.policies", BAD), ConsumerUnknown),
        (Release("audit.projections", BAD), ConsumerUnknown),
        (Release("", ""), ConsumerUnknown),
        (Release("' OR true --", BAD), ConsumerUnknown),
    ],
)
def test_what_cannot_be_decided_is_refused_by_name_and_changes_nothing(
    office: Office, order: Order, refusal: type[DeskRefusal]
) -> None:
    office.park(BAD, behind=1)
    office.poison[GOOD] = ValueError("poison")
    office.write(GOOD)
    office.applier.catch_up("document")
    before = office.rows()
    with pytest.raises(refusal):
        settle(office, order)
    assert office.rows() == before
    assert office.decided(order.consumer or "x") == []


def test_the_version_that_was_seen_is_decided_about(office: Office) -> None:
    office.park(BAD, behind=1)
    settle(office, Refuse(CONSUMER, BAD, REASON, version=1))
    with pytest.raises(NothingParked):
        settle(office, Refuse(CONSUMER, BAD, REASON, version=1))
    assert [row[1:3] for row in office.rows()] == [(BAD, 2)]


@pytest.mark.parametrize("order", [RELEASE, REFUSE])
def test_the_same_decision_again_answers_as_the_first_time_and_changes_nothing(
    office: Office, order: Order
) -> None:
    office.park(BAD, behind=1)
    decision = uuid4()
    first = settle(office, order, decision)
    rows = office.rows()
    assert settle(office, order, decision) == first
    assert office.rows() == rows
    office.heal()
    office.run()
    assert settle(office, order, decision) == first
    assert len(office.decided()) == 1


def test_a_decisions_id_is_not_lent_to_another_decision(office: Office) -> None:
    office.park(BAD)
    office.park(GOOD)
    decision = uuid4()
    settle(office, RELEASE, decision)
    for other in (REFUSE, Release(CONSUMER, GOOD)):
        before = office.rows()
        with pytest.raises(EventIdReused):
            settle(office, other, decision)
        assert office.rows() == before


def test_a_decision_that_the_store_refuses_changes_no_row(office: Office) -> None:
    office.park(BAD)
    before = office.rows()
    with pytest.raises(BadEvent):
        settle(office, REFUSE, by="a name with spaces")
    assert office.rows() == before


def test_a_decision_waits_for_whatever_holds_the_consumers_position(office: Office) -> None:
    office.park(BAD)
    with office.workflow.unit() as busy:
        Positions(busy.connection, CONSUMER).lock("document")
        with pytest.raises(LockNotAvailable, match="lock timeout"), office.workflow.unit() as unit:
            unit.connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
            carry_out(unit, RELEASE, BY, uuid4())
    assert listed(office) == [(BAD, 1, 5, True, 0)]


def test_of_two_people_who_decide_at_once_one_is_too_late(office: Office) -> None:
    office.park(BAD, behind=1)
    together = Barrier(2)
    with office.workflow.unit(), office.workflow.unit():
        pass  # both connections are open before the race begins

    def decide(order: Order) -> Any:
        together.wait(timeout=10)
        try:
            return settle(office, order)
        except NothingParked as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(decide, (RELEASE, REFUSE)))
    assert sorted(isinstance(answer, NothingParked) for answer in answers) == [False, True]
    assert len(office.decided()) == 1


def test_another_services_role_sees_and_settles_nothing_of_it(office: Office) -> None:
    office.park(BAD)
    with office.documents.unit() as unit:
        assert list_parked(unit, waiting=True) == []
        assert head(unit, CONSUMER, BAD) is None
        with pytest.raises(ConsumerUnknown):
            carry_out(unit, RELEASE, BY, uuid4())
    assert listed(office) == [(BAD, 1, 5, True, 0)]


@pytest.fixture
def entered(office: Office) -> Iterator[Callable[[str], Database]]:
    databases: list[Database] = []

    def enter(role: str) -> Database:
        databases.append(Database(engine_for(office.url(role)), role))
        return databases[-1]

    yield enter
    for database in databases:
        database.engine.dispose()


def test_an_event_that_the_service_may_no_longer_read_is_listed_and_not_decided_about(
    office: Office, entered: Callable[[str], Database]
) -> None:
    office.park(BAD)
    with entered("migrator").engine.begin() as connection:
        connection.execute(text("DELETE FROM es.grantee WHERE role = 'workflow'"))
    with office.workflow.unit() as unit:
        (held,) = list_parked(unit)
    assert (held.stream, held.event_type) == (BAD, None)
    with pytest.raises(EventUnreadable):
        settle(office, RELEASE)
    assert listed(office) == [(BAD, 1, 5, True, 0)]


def test_every_service_may_write_on_its_desk(
    office: Office, entered: Callable[[str], Database]
) -> None:
    office.park(BAD)
    with office.workflow.unit() as unit:
        event = held_events(unit, CONSUMER, BAD)[0]
    facts = ParkedEventReleased(CONSUMER, event.event_id, BAD, 1, event.type, 5)

    context = caused_by(event, agency="a", handler=BY, now=event.recorded_at)
    for service in topology().services:
        stream = f"desk-{service}.policies"
        with entered(service).unit() as unit:
            JOURNAL.append(unit.store, stream, ANY, [facts], context, uuid4())
            assert len(unit.store.read(stream)) == 1


@pytest.mark.parametrize("expected", [ANY, NO_STREAM])
def test_no_service_writes_on_the_desk_of_another(
    office: Office, entered: Callable[[str], Database], expected: int
) -> None:
    office.park(BAD)
    with office.workflow.unit() as unit:
        event = held_events(unit, CONSUMER, BAD)[0]
    facts = ParkedEventReleased(CONSUMER, event.event_id, BAD, 1, event.type, 5)
    context = caused_by(event, agency="a", handler=BY, now=event.recorded_at)
    with pytest.raises(NotYourCategory), entered("documents").unit() as unit:
        JOURNAL.append(unit.store, f"desk-{CONSUMER}", expected, [facts], context, uuid4())


def test_the_auditor_follows_the_desk(office: Office, entered: Callable[[str], Database]) -> None:
    office.park(BAD)
    settle(office, RELEASE)
    audit = entered("audit")
    assert Applier("audit.projections", audit, PROJECTIONS).catch_up("desk") == 1
    with audit.unit() as unit:
        held = list_parked(unit, waiting=True)
    # What was parked is unreadable for the auditor too; the decision about it is not.
    assert [each.stream for each in held if each.stream.startswith("desk-")] == []
