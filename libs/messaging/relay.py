"""The relay: the one process that moves committed events to the broker, in order, at least once.

Run as `python -m libs.messaging.relay` with DATABASE_URL (role `relay`), AMQP_URL and OPS_PORT.
A cursor for each category moves only behind confirmed messages and by compare-and-set, so a relay
that was paused and wakes can repeat messages, never lose one.
"""

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pika
from sqlalchemy import Connection, Engine, text

from libs.config import load
from libs.contracts import topology
from libs.db import connection_lost, engine_for, may_run_again
from libs.eventstore import START, EventStore, Place, Recorded
from libs.messaging.backlog import waiting_seconds
from libs.messaging.broker import published_categories
from libs.messaging.causality import causes_of
from libs.messaging.delivery import Delivery
from libs.messaging.horizon import HorizonWatch
from libs.messaging.publisher import BrokerLost, Outgoing, Publisher
from libs.observability import get_logger, set_up_logging
from libs.observability.flow import HORIZON_AGE, RELAY_LAG, RELAYED
from libs.web.ops import serve_ops

WINDOW = 1000
FASTEST, SLOWEST = 0.005, 0.1
RETRY_UNROUTABLE_SECONDS = 5.0
# Any constant that nobody else of this installation uses.
LOCK = 0x4C54_0001

logger = get_logger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the relay reads from its environment."""

    database_url: str
    amqp_url: str
    ops_host: str = "127.0.0.1"
    ops_port: int = 0


class CursorMoved(Exception):
    """Another relay moved the cursor: this one was paused, and must begin again."""


class Relay:
    """Publishes what lies behind the cursors. Single-threaded; `step` is one round."""

    def __init__(self, connection: Connection, publisher: Publisher) -> None:
        self._connection = connection
        self._publisher = publisher
        self._store = EventStore(connection)
        self._epoch = self._store.epoch()
        self._cursors = self._read_cursors()
        self._seen = self._before_first_unpublished()
        self._stopped: dict[str, float] = {}
        connection.commit()

    def step(self) -> int:
        """Publish one page; how many events were published."""
        page = self._store.read_all(self._seen, WINDOW)
        wanted = [
            event
            for event in page
            if event.category in self._cursors
            and event.category not in self._stopped
            and event.place > self._cursors[event.category]
        ]
        self._send(wanted)
        if page:
            self._seen = page[-1].place
        self._connection.commit()
        return len(page) + self._resume_stopped()

    def _resume_stopped(self) -> int:
        """Try a category again whose messages reached no queue, from its own cursor.

        The topology is declared first: a lost queue or binding is what made it stop.
        """
        now = time.monotonic()
        for category in [name for name, due in self._stopped.items() if due <= now]:
            events = self._store.read_category(category, self._cursors[category], WINDOW)
            behind = [event for event in events if event.place <= self._seen]
            self._publisher.declare_topology()
            del self._stopped[category]
            self._send(behind)
            if len(events) == WINDOW and category not in self._stopped:
                self._stopped[category] = now
            self._connection.commit()
            return len(behind)
        return 0

    def _send(self, events: list[Recorded]) -> None:
        if not events:
            return
        deliveries = list(self._deliveries(events))
        # A slow broker must not find us with a transaction open.
        self._connection.commit()
        returned = self._publisher.publish([_outgoing(delivery) for delivery in deliveries])
        lost = {d.event.category for d in deliveries if str(d.event.event_id) in returned}
        for category in lost:
            logger.error("event_unroutable", category=category)
            self._stopped[category] = time.monotonic() + RETRY_UNROUTABLE_SECONDS
        last = {d.event.category: d.event.place for d in deliveries}
        for category, place in last.items():
            if category not in lost:
                self._move(category, place)
        RELAYED.inc(len(deliveries))

    def _deliveries(self, events: list[Recorded]) -> Iterable[Delivery]:
        causes = causes_of(self._connection, events)
        previous = dict(self._cursors)
        for event in events:
            cause = causes.get(event.causation) if event.causation else None
            yield Delivery(self._epoch, event, previous[event.category], cause)
            previous[event.category] = event.place

    def _before_first_unpublished(self) -> Place:
        """Where to begin: a quiet category's old cursor is no reason to read all from there."""
        newest = self._connection.execute(
            text(
                "SELECT tx, position FROM es.event WHERE tx < (SELECT es.horizon())"
                " ORDER BY tx DESC, position DESC LIMIT 1"
            )
        ).first()
        end = Place(*newest) if newest else START
        first = [
            event.place
            for category, cursor in self._cursors.items()
            for event in self._store.read_category(category, cursor, 1)
        ]
        return min((Place(tx, position - 1) for tx, position in first), default=end)

    def _read_cursors(self) -> dict[str, Place]:
        rows = self._connection.execute(text("SELECT category, tx, position FROM es.cursor"))
        published = published_categories()
        return {r.category: Place(r.tx, r.position) for r in rows if r.category in published}

    def _move(self, category: str, place: Place) -> None:
        old = self._cursors[category]
        moved = self._connection.execute(
            text(
                "UPDATE es.cursor SET tx = :tx, position = :position"
                " WHERE category = :category AND tx = :old_tx AND position = :old_position"
                "   AND epoch = CAST(:epoch AS uuid) RETURNING 1"
            ),
            {
                "category": category,
                "tx": place.tx,
                "position": place.position,
                "old_tx": old.tx,
                "old_position": old.position,
                "epoch": self._epoch,
            },
        )
        if moved.first() is None:
            raise CursorMoved(category)
        self._cursors = {**self._cursors, category: place}


def _outgoing(delivery: Delivery) -> Outgoing:
    event = delivery.event
    properties = pika.BasicProperties(
        message_id=str(event.event_id),
        type=event.type,
        content_type="application/json",
        delivery_mode=2,
        headers=delivery.headers(),
    )
    exchange = topology().categories[event.category].exchange
    return Outgoing(exchange, event.payload, properties)


def run(engine: Engine, amqp_url: str, alive: threading.Event, horizon: HorizonWatch) -> None:
    """Relay while this process holds the lock; returns when another round must begin."""
    with engine.connect() as guard, engine.connect() as connection:
        guard = guard.execution_options(isolation_level="AUTOCOMMIT")
        while not guard.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar():
            alive.set()
            time.sleep(0.5)
        # Before the broker is asked: without one the age is to be seen too.
        HORIZON_AGE.set(horizon.look(guard, time.monotonic()))
        publisher = Publisher(amqp_url)
        try:
            relay = Relay(connection, publisher)
            pause = FASTEST
            logger.info("relay_active")
            while True:
                pause = FASTEST if relay.step() else min(pause * 2, SLOWEST)
                publisher.keep_alive()
                # The question also tells whether the lock's connection is still there.
                HORIZON_AGE.set(horizon.look(guard, time.monotonic()))
                alive.set()
                time.sleep(pause)
        finally:
            publisher.close()


def main() -> None:
    """Run for ever, beginning again after the loss of broker or database."""
    settings = load(Settings, os.environ)
    set_up_logging("relay")
    engine = engine_for(settings.database_url, pool_size=2, application="relay")
    alive, horizon = threading.Event(), HorizonWatch()
    RELAY_LAG.set_function(lambda: waiting_seconds(engine))
    serve_ops(settings.ops_host, settings.ops_port, {"relay": alive.is_set})
    while True:
        try:
            run(engine, settings.amqp_url, alive, horizon)
        except Exception as error:
            alive.clear()
            passing = isinstance(error, BrokerLost | CursorMoved) or may_run_again(error)
            if not passing and not connection_lost(error):
                raise
            logger.warning("relay_restarts", cause=type(error).__name__)
            engine.dispose()
            time.sleep(1)


if __name__ == "__main__":
    main()
