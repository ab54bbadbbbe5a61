"""The relay's rate, and how long an event takes to be applied in another service."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pika
import psycopg2

from libs.contracts import topology
from libs.db import Database, engine_for
from libs.eventstore import NO_STREAM, START, Appended, NewEvent, Recorded
from libs.messaging.delivery import Delivery
from libs.messaging.publisher import Publisher
from libs.messaging.relay import Relay
from tests.support.servers import RabbitMQForTests, fresh_vhost, running_rabbitmq, stop_process
from tests.support.wait import eventually
from tools.bench.crew import ROOT, interleave
from tools.bench.eventstore.place import Place
from tools.bench.eventstore.samples import CONTEXT
from tools.bench.report import Measure, Target, ratio
from tools.platform.ports import free_ports
from tools.platform.spawn import spawn

EVENTS_PER_SECOND = 100
APPLIED = """
CREATE SCHEMA bench;
CREATE TABLE bench.applied (position bigint PRIMARY KEY);
GRANT USAGE ON SCHEMA bench TO workflow;
GRANT SELECT, INSERT ON bench.applied TO workflow;
"""
_LATENCY = """
SELECT 1000 * extract(epoch FROM
    pg_xact_commit_timestamp(a.xmin) - pg_xact_commit_timestamp(e.xmin))::float
FROM bench.applied AS a JOIN es.event AS e USING (position) ORDER BY 1
"""


def relay(place: Place) -> list[Measure]:
    """`Relay.step` over store and broker, against one message and its confirm at a time.

    To one queue, as the target was set; and to the queues of the busiest category.
    """
    one, many = _rates(place, "register"), _rates(place, "document")
    note = "RabbitMQ, quorum queues of the topology, persistent messages"
    told = {
        "relay": "Relay.step: read, published, confirmed, cursors moved",
        "one by one": "pika BlockingConnection, the same messages, each confirm awaited",
    }
    name = "relay against one-at-a-time confirms"
    return [
        ratio(name, one["relay"], one["one by one"], Target(">=", 14.0), f"{note}; one queue"),
        ratio(f"{name}, all queues of documents", many["relay"], many["one by one"], note=note),
        *(
            Measure(f"relaying to {queues}: {arm}", "messages/s", rate, note=told[arm])
            for queues, rates in (("one queue", one), ("all queues of documents", many))
            for arm, rate in rates.items()
        ),
    ]


def _rates(place: Place, category: str) -> dict[str, tuple[float, ...]]:
    url = place.postgres.fresh_database()
    count, few = (400, 100) if place.quick else (4000, 400)
    documents, reading = engine_for(url("documents")), engine_for(url("relay"))
    with _broker(place) as broker, reading.connect() as connection:
        publisher = Publisher(broker.url("relay"))
        moving = Relay(connection, publisher)
        slow = pika.BlockingConnection(pika.URLParameters(broker.url("relay")))
        channel = slow.channel()
        channel.confirm_delivery()
        database = Database(documents, "documents")

        def relayed() -> float:
            for _ in range(count // 100):
                _append(database, 100, category)
            done, begin = 0, time.perf_counter()
            while done < count:
                done += moving.step()
            return done / (time.perf_counter() - begin)

        def one_by_one() -> float:
            with database.unit() as unit:
                events = unit.store.read_category(category, START, few)
            begin = time.perf_counter()
            _publish_each(channel, events)
            return len(events) / (time.perf_counter() - begin)

        rates = interleave(place.repeats, {"relay": relayed, "one by one": one_by_one})
        publisher.close()
        slow.close()
    documents.dispose()
    reading.dispose()
    return rates


def latency(place: Place) -> list[Measure]:
    """Commit of the event to commit of its effect, by PostgreSQL's own commit timestamps."""
    url = place.postgres.fresh_database()
    place.admin(url("migrator"), APPLIED)
    engine = engine_for(url("documents"), pool_size=2)
    database = Database(engine, "documents")
    rounds: list[tuple[float, float]] = []
    total = EVENTS_PER_SECOND * (1 if place.quick else 10)
    with _broker(place) as broker, _running(place, url("relay"), broker, url("workflow")):
        _append(database, 1)
        eventually(lambda: _applied(place, url("migrator")) == 1, within=60)
        for _ in range(place.repeats):
            place.admin(url("migrator"), "TRUNCATE bench.applied")
            _at_pace(database, total)
            eventually(lambda: _applied(place, url("migrator")) == total, within=60)
            times = _latencies(place, url("migrator"))
            rounds.append((times[len(times) // 2], times[len(times) * 99 // 100 - 1]))
    engine.dispose()
    note = (
        "relay process, broker, EventConsumer in a nameko process; commit timestamps of the server"
    )
    return [
        Measure(
            "commit to applied in another service, 100 events/s, p99",
            "ms",
            tuple(p99 for _, p99 in rounds),
            Target("<=", 100.0),
            note,
        ),
        Measure("commit to applied: p50", "ms", tuple(p50 for p50, _ in rounds), note=note),
    ]


def _append(database: Database, count: int, category: str = "document") -> Appended:
    events = [_reviewed() for _ in range(count)]
    with database.unit() as unit:
        return unit.store.append(f"{category}-{uuid4()}", NO_STREAM, events, CONTEXT)


def _reviewed() -> NewEvent:
    return NewEvent(uuid4(), "DraftReviewed", 1, b'{"document_id":"%s"}' % str(uuid4()).encode())


def _publish_each(channel: pika.channel.Channel, events: Sequence[Recorded]) -> None:
    before = START
    for event in events:
        exchange = topology().categories[event.category].exchange
        headers = Delivery("00000000-0000-0000-0000-000000000000", event, before).headers()
        properties = pika.BasicProperties(
            message_id=str(event.event_id),
            type=event.type,
            content_type="application/json",
            delivery_mode=2,
            headers=headers,
        )
        channel.basic_publish(exchange, "", event.payload, properties, mandatory=True)
        before = event.place


def _at_pace(database: Database, total: int) -> None:
    """One append every 10 ms; what comes late is not left out."""
    begin = time.monotonic()
    for number in range(total):
        time.sleep(max(0.0, begin + number / EVENTS_PER_SECOND - time.monotonic()))
        _append(database, 1)


def _applied(place: Place, url: str) -> int:
    return int(_ask(place, url, "SELECT count(*) FROM bench.applied")[0][0])


def _latencies(place: Place, url: str) -> list[float]:
    return [row[0] for row in _ask(place, url, _LATENCY)]


def _ask(place: Place, url: str, question: str) -> list[tuple[float, ...]]:
    connection = psycopg2.connect(place.admin_url(url))
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall()
    finally:
        connection.close()


@contextmanager
def _broker(place: Place) -> Iterator[RabbitMQForTests]:
    folder = place.scratch / f"broker-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o711)
    with running_rabbitmq(folder) as node, fresh_vhost(node) as broker:
        yield broker


@contextmanager
def _running(
    place: Place, relay_url: str, broker: RabbitMQForTests, workflow_url: str
) -> Iterator[None]:
    def start(module: str, **settings: str) -> subprocess.Popen[bytes]:
        return spawn(
            [sys.executable, "-m", module],
            log=place.scratch / f"{module}.log",
            environment=os.environ | settings,
            folder=ROOT,
        )

    relaying = start(
        "libs.messaging.relay",
        DATABASE_URL=relay_url,
        AMQP_URL=broker.url("relay"),
        OPS_PORT=str(free_ports(1)[0]),
    )
    consuming = start(
        "tools.bench.eventstore.consumer",
        DATABASE_URL=workflow_url,
        AMQP_URL=broker.url("workflow"),
    )
    try:
        yield
    finally:
        for process in (consuming, relaying):
            stop_process(process, signal.SIGKILL)
