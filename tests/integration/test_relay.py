"""The relay and a consumer's applier, over a real PostgreSQL and a real RabbitMQ."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pika
import pytest
from sqlalchemy import text

from libs.contracts.topology import topology
from libs.db import Database, Unit, engine_for
from libs.eventstore import ANY, START, Context, NewEvent, Place, Recorded
from libs.messaging.applier import Applier
from libs.messaging.decision import Decision
from libs.messaging.delivery import Delivery, read_delivery
from libs.messaging.horizon import HorizonWatch
from libs.messaging.positions import Positions
from libs.messaging.publisher import Publisher
from libs.messaging.relay import CursorMoved, Relay
from tests.support.servers import PostgresForTests, RabbitMQForTests
from tests.support.wait import eventually

CONSUMER = "workflow.policies"


def context(**changes: Any) -> Context:
    values: dict[str, Any] = {
        "agency": "a",
        "handler": "system:x",
        "occurred_at": datetime.now(UTC),
        "trace": UUID(int=1),
    }
    return Context(**(values | changes))


def reviewed(document_id: str) -> NewEvent:
    payload = b'{"document_id":"%s"}' % document_id.encode()
    return NewEvent(uuid4(), "DraftReviewed", 1, payload)


@pytest.fixture
def url(postgres: PostgresForTests) -> Callable[[str], str]:
    return postgres.fresh_database()


@pytest.fixture
def documents(url: Callable[[str], str]) -> Iterator[Database]:
    engine = engine_for(url("documents"))
    yield Database(engine, "documents")
    engine.dispose()


@pytest.fixture
def workflow(url: Callable[[str], str]) -> Iterator[Database]:
    engine = engine_for(url("workflow"))
    yield Database(engine, "workflow")
    engine.dispose()


@pytest.fixture
def relay(url: Callable[[str], str], rabbitmq: RabbitMQForTests) -> Iterator[Relay]:
    engine = engine_for(url("relay"))
    publisher = Publisher(rabbitmq.url("relay"))
    with engine.connect() as connection:
        yield Relay(connection, publisher)
    publisher.close()
    engine.dispose()


def write(documents: Database, count: int, document: str | None = None) -> list[str]:
    streams = []
    for _ in range(count):
        name = document or str(uuid4())
        with documents.unit() as unit:
            unit.store.append(f"document-{name}", ANY, [reviewed(name)], context())
        streams.append(name)
    return streams


def drain(
    rabbitmq: RabbitMQForTests, queue: str = CONSUMER, user: str = "workflow"
) -> list[Delivery]:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq.url(user)))
    channel = connection.channel()
    found = []
    for _, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=0.5):
        if properties is None:
            break
        found.append(
            read_delivery(properties.message_id, properties.type, properties.headers, body)
        )
    connection.close()
    return found


class Seen:
    """A handler that remembers, and fails where it is told to."""

    def __init__(self) -> None:
        self.documents: list[str] = []
        self.poison: set[str] = set()

    def __call__(self, message: Any, event: Recorded, unit: Unit) -> None:
        if message.document_id in self.poison:
            raise ValueError("poison")
        self.documents.append(message.document_id)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def applier(workflow: Database, seen: Seen) -> Applier:
    return Applier(CONSUMER, workflow, {"DraftReviewed": seen})


def test_every_event_is_published_in_order_with_its_predecessor(
    documents: Database, relay: Relay, rabbitmq: RabbitMQForTests
) -> None:
    streams = write(documents, 25)
    while relay.step():
        pass
    deliveries = drain(rabbitmq)
    assert [delivery.event.stream for delivery in deliveries] == [f"document-{s}" for s in streams]
    places = [delivery.event.place for delivery in deliveries]
    assert [delivery.predecessor for delivery in deliveries] == [START, *places[:-1]]
    assert relay.step() == 0


def test_a_delivery_carries_the_event_as_stored_and_the_place_of_its_cause(
    documents: Database, relay: Relay, rabbitmq: RabbitMQForTests
) -> None:
    cause = NewEvent(uuid4(), "DraftReviewed", 1, b"{}")
    with documents.unit() as unit:
        unit.store.append("document-1", ANY, [cause], context())
    with documents.unit() as unit:
        effect = unit.store.append(
            "document-2", ANY, [reviewed("2")], context(causation=cause.event_id, behalf="b")
        )
    while relay.step():
        pass
    first, second = drain(rabbitmq)
    with documents.unit() as unit:
        assert [second.event] == unit.store.read("document-2")
    assert first.cause is None
    assert second.cause is not None
    assert (second.cause.category, second.cause.place) == ("document", first.event.place)
    assert second.event.place == effect.place


def test_a_relay_that_was_overtaken_moves_no_cursor(
    documents: Database, relay: Relay, url: Callable[[str], str]
) -> None:
    write(documents, 1)
    engine = engine_for(url("relay"))
    with engine.begin() as other:
        other.execute(text("UPDATE es.cursor SET position = position + 1"))
    with pytest.raises(CursorMoved):
        relay.step()
    engine.dispose()


def test_a_category_without_a_way_to_its_queue_stops_until_it_is_declared_again(
    documents: Database, relay: Relay, rabbitmq: RabbitMQForTests
) -> None:
    admin = pika.BlockingConnection(pika.URLParameters(rabbitmq.url("relay")))
    shape = topology()
    subscribers = [c.name for c in shape.consumers.values() if "document" in shape.foreign(c)]
    for name in subscribers:
        admin.channel().queue_unbind(name, "events.document")
    write(documents, 3)
    relay.step()
    assert drain(rabbitmq) == []
    admin.close()

    def all_there() -> bool:
        relay.step()
        return len(drain(rabbitmq)) == 3

    eventually(all_there, within=10)


def test_shuffled_repeated_and_lost_messages_have_one_effect_each_in_order(
    documents: Database, relay: Relay, rabbitmq: RabbitMQForTests, applier: Applier, seen: Seen
) -> None:
    streams = write(documents, 20)
    while relay.step():
        pass
    deliveries = drain(rabbitmq)
    order = [7, 7, 3, 0, 12, 11, 5, 12, 16, 16]
    decisions = [applier.deliver(deliveries[index]) for index in order]
    assert seen.documents == streams[:17]
    assert decisions[:3] == [Decision.AHEAD, Decision.DUPLICATE, Decision.DUPLICATE]
    assert applier.deliver(deliveries[17]) is Decision.APPLY
    applier.catch_up("document")
    assert seen.documents == streams


def test_following_applies_what_waits_and_is_done_when_nothing_does(
    documents: Database, applier: Applier, seen: Seen
) -> None:
    streams = write(documents, 3)
    assert applier.follow(["document"]) == 3
    assert applier.follow(["document"]) == 0
    assert seen.documents == streams


def test_a_message_of_another_epoch_changes_nothing(
    documents: Database, relay: Relay, rabbitmq: RabbitMQForTests, applier: Applier, seen: Seen
) -> None:
    write(documents, 1)
    relay.step()
    (delivery,) = drain(rabbitmq)
    stranger = Delivery(str(uuid4()), delivery.event, delivery.predecessor)
    assert applier.deliver(stranger) is Decision.FOREIGN
    assert seen.documents == []


def test_a_failing_event_holds_its_stream_and_no_other(
    documents: Database, workflow: Database, applier: Applier, seen: Seen
) -> None:
    bad, good = str(uuid4()), str(uuid4())
    seen.poison.add(bad)
    for name in (bad, good, bad):
        write(documents, 1, name)
    applier.catch_up("document")
    assert seen.documents == [good]
    with workflow.unit() as unit:
        assert Positions(unit.connection, CONSUMER).counts() == (2, 0)
    seen.poison.clear()
    eventually(lambda: applier.run_due() and len(seen.documents) == 3, within=10)
    assert seen.documents == [good, bad, bad]
    with workflow.unit() as unit:
        assert Positions(unit.connection, CONSUMER).counts() == (0, 0)


def test_an_event_is_parked_after_its_last_try_and_stays_in_front_of_its_stream(
    documents: Database, workflow: Database, applier: Applier, seen: Seen
) -> None:
    bad = str(uuid4())
    seen.poison.add(bad)
    write(documents, 1, bad)
    write(documents, 1, bad)
    applier.catch_up("document")
    for _ in range(5):
        with workflow.unit() as unit:
            unit.connection.execute(text("UPDATE es.retry SET due_at = now() WHERE NOT parked"))
        assert applier.run_due()
    with workflow.unit() as unit:
        assert Positions(unit.connection, CONSUMER).counts() == (1, 1)
        unit.connection.execute(text("UPDATE es.retry SET due_at = now()"))
    assert not applier.run_due()
    assert seen.documents == []


def test_an_event_unknown_to_the_contract_is_a_failure_never_skipped(
    documents: Database, workflow: Database, applier: Applier
) -> None:
    with documents.unit() as unit:
        unit.store.append("document-9", ANY, [NewEvent(uuid4(), "Strange", 1, b"{}")], context())
    applier.catch_up("document")
    with workflow.unit() as unit:
        assert Positions(unit.connection, CONSUMER).counts() == (1, 0)
        assert Positions(unit.connection, CONSUMER).all()["document"].place > Place(0, 0)


def test_a_service_may_not_write_to_an_exchange(rabbitmq: RabbitMQForTests, relay: Relay) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq.url("workflow")))
    channel = connection.channel()
    channel.confirm_delivery()
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        channel.basic_publish("events.document", "", b"{}")
    connection.close()


def test_a_new_relay_begins_where_something_waits_not_at_a_quiet_categorys_cursor(
    url: Callable[[str], str], documents: Database, relay: Relay, rabbitmq: RabbitMQForTests
) -> None:
    streams = write(documents, 3)
    while relay.step():
        pass
    engine = engine_for(url("relay"))
    publisher = Publisher(rabbitmq.url("relay"))
    with engine.connect() as connection:
        again = Relay(connection, publisher)
        assert again.step() == 0, "everything is published: nothing is read again"
        streams += write(documents, 2)
        assert again.step() == 2
    publisher.close()
    engine.dispose()
    assert [delivery.event.stream for delivery in drain(rabbitmq)] == [
        f"document-{name}" for name in streams
    ]


def test_the_horizons_age_is_that_of_the_transaction_that_holds_it(
    url: Callable[[str], str], documents: Database
) -> None:
    engine = engine_for(url("relay"))
    watch = HorizonWatch()
    with engine.connect() as asking:
        with documents.unit() as lingering:
            lingering.connection.execute(text("SELECT pg_current_xact_id()"))
            assert watch.look(asking, 100.0) == 0
            write(documents, 1)
            assert watch.look(asking, 107.5) == 7.5
        assert watch.look(asking, 109.0) == 0
        assert watch.look(asking, 200.0) == 0, "nobody writes: nothing is hidden"
    engine.dispose()


@pytest.fixture
def caused(url: Callable[[str], str], documents: Database) -> list[str]:
    """Two documents with two signings that they brought about: the streams in causal order."""
    signatures = Database(engine_for(url("signatures")), "signatures")
    for number in ("1", "2"):
        cause = reviewed(number)
        with documents.unit() as unit:
            placed = unit.store.append(f"document-{number}", ANY, [cause], context())
        effect = NewEvent(uuid4(), "SigningRefused", 1, b'{"signing_id":"s"}')
        with signatures.unit() as unit:
            after = context(causation=cause.event_id, after_tx=placed.place.tx)
            unit.store.append(f"signing-{number}", ANY, [effect], after)
    signatures.engine.dispose()
    return ["document-1", "signing-1", "document-2", "signing-2"]


@pytest.fixture
def audit(url: Callable[[str], str]) -> Iterator[Database]:
    engine = engine_for(url("audit"))
    yield Database(engine, "audit")
    engine.dispose()


def noting(audit: Database, applied: list[str]) -> Applier:
    """An applier that notes the streams of the events in the order in which they take effect."""

    def note(_message: Any, event: Recorded, _unit: Unit) -> None:
        applied.append(event.stream)

    return Applier("audit.projections", audit, {"DraftReviewed": note, "SigningRefused": note})


def test_a_cause_is_applied_before_its_effect_however_the_messages_come(
    caused: list[str], audit: Database, relay: Relay, rabbitmq: RabbitMQForTests
) -> None:
    while relay.step():
        pass
    messages = drain(rabbitmq, "audit.projections", "audit")
    applied: list[str] = []
    applier = noting(audit, applied)
    for message in messages:
        if message.event.category == "signing":
            applier.deliver(message)
    assert applied == caused


def test_a_cause_is_applied_before_its_effect_when_a_category_is_caught_up(
    caused: list[str], audit: Database
) -> None:
    applied: list[str] = []
    assert noting(audit, applied).follow(["signing"]) == 2
    assert applied == caused


def test_an_event_set_aside_unrun_is_tried_after_its_cause(
    caused: list[str],
    url: Callable[[str], str],
    audit: Database,
    relay: Relay,
    rabbitmq: RabbitMQForTests,
) -> None:
    while relay.step():
        pass
    first = next(
        message
        for message in drain(rabbitmq, "audit.projections", "audit")
        if message.event.stream == "signing-1"
    )
    applied: list[str] = []
    applier = noting(audit, applied)
    applier.set_aside(first, "the handler ended its process")
    assert applied == []
    assert eventually(applier.run_due, within=5)
    assert applied == caused[:2]
