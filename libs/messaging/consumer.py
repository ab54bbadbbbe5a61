"""The nameko extension that feeds a consumer: messages, own events, sweeps and retries.

nameko's own consumer acknowledges a message whose handler raised; this one acknowledges when the
effect, or the event's row in the retry table, is committed, and not before.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import eventlet
import kombu
from nameko.extensions import DependencyProvider

from libs.contracts import topology
from libs.db import connection_lost, database_of
from libs.messaging.applier import RUNS_UNTIL_SET_ASIDE, Applier, Handler
from libs.messaging.causes import ENDED_PROCESS
from libs.messaging.delivery import Delivery, UnreadableDelivery, read_delivery
from libs.messaging.positions import Positions
from libs.observability import get_logger, of_event, span
from libs.observability.flow import (
    CONSUMER_BEHIND,
    CONSUMER_LAG,
    CONSUMER_LISTENS,
    PARKED,
    RETRYING,
)
from libs.web.nameko_http import SETTINGS

PREFETCH = 100
SWEEP_SECONDS = 30.0
MEASURE_SECONDS = 5.0
RETRY_SECONDS = 0.5
FASTEST, SLOWEST = 0.005, 0.1
ANSWER_SECONDS = 10.0
"""How long a broker may take from the connection to the first message."""

logger = get_logger(__name__)


class BrokerSilent(OSError):
    """The broker took the connection and did not answer."""


class EventConsumer(DependencyProvider):  # type: ignore[misc]
    """Runs one consumer of the topology inside a nameko service."""

    def __init__(self, consumer: str, handlers: Mapping[str, Handler]) -> None:
        self._name = consumer
        self._handlers = handlers
        self._stopping = False
        self._began = False

    def start(self) -> None:
        """Begin: one greenlet for messages, one for everything that comes without one."""
        settings = self.container.config[SETTINGS]
        consumer = topology().consumers[self._name]
        self._database = database_of(settings.database_url, consumer.service)
        self._amqp_url = settings.amqp_url
        self._own = topology().own(consumer)
        self._foreign = topology().foreign(consumer)
        self._applier = Applier(self._name, self._database, self._handlers)
        self.container.spawn_managed_thread(self._for_ever(self._follow))
        self.container.spawn_managed_thread(self._for_ever(self._watch))
        if self._foreign:
            self.container.spawn_managed_thread(self._for_ever(self._listen))

    def stop(self) -> None:
        """End at the next pause; a message in work is finished or comes again."""
        self._stopping = True

    def _for_ever(self, work: Callable[[], None]) -> Callable[[], None]:
        def loop() -> None:
            while not self._stopping:
                try:
                    work()
                except Exception as error:
                    # The loop outlives broker and database; anything else is shown and retried.
                    lost = connection_lost(error) or isinstance(error, OSError)
                    logger.warning(
                        "consumer_restarts",
                        consumer=self._name,
                        cause=type(error).__name__ if lost else repr(error)[:300],
                    )
                    time.sleep(1)

        return loop

    def _follow(self) -> None:
        """Own events from the store, the others' every 30 s, and what is due for a retry."""
        if not self._began:
            self._applier.note_start([*self._own, *self._foreign])
            self._began = True
        pause, next_sweep, next_retry = FASTEST, 0.0, 0.0
        while not self._stopping:
            busy: int = self._applier.follow(self._own) if self._own else 0
            if time.monotonic() >= next_sweep:
                self._applier.follow(self._foreign)
                next_sweep = time.monotonic() + SWEEP_SECONDS
            if time.monotonic() >= next_retry:
                while self._applier.run_due():
                    busy += 1
                next_retry = time.monotonic() + RETRY_SECONDS
            pause = FASTEST if busy else min(pause * 2, SLOWEST)
            time.sleep(pause)

    def _watch(self) -> None:
        """Measure from beside: a consumer that has much to catch up shows how much."""
        while not self._stopping:
            self._measure()
            time.sleep(MEASURE_SECONDS)

    def _measure(self) -> None:
        with self._database.unit() as unit:
            positions = Positions(unit.connection, self._name)
            waiting, parked = positions.counts()
            for category, mine in positions.all().items():
                behind = unit.store.read_category(category, mine.place, 1)
                age = (unit.now - behind[0].recorded_at).total_seconds() if behind else 0.0
                CONSUMER_LAG.labels(self._name, category).set(max(age, 0.0))
            for category, number in positions.behind_counts().items():
                CONSUMER_BEHIND.labels(self._name, category).set(number)
        RETRYING.labels(self._name).set(waiting)
        PARKED.labels(self._name).set(parked)

    def _listen(self) -> None:
        connection = kombu.Connection(self._amqp_url, heartbeat=20, connect_timeout=5)
        try:
            with eventlet.Timeout(ANSWER_SECONDS, BrokerSilent()):
                self._consume(connection)
            CONSUMER_LISTENS.labels(self._name).set(1)
            logger.info("consumer_listens", consumer=self._name)
            while not self._stopping:
                try:
                    connection.drain_events(timeout=1)
                except TimeoutError:
                    connection.heartbeat_check()
        finally:
            CONSUMER_LISTENS.labels(self._name).set(0)
            # Without a farewell: its answer may never come, and until then messages would be run.
            connection.collect()

    def _consume(self, connection: Any) -> None:
        """Ask for the queue's messages; the broker answers each of these steps, or never."""
        channel = connection.channel()
        channel.basic_qos(0, PREFETCH, False)
        queue = kombu.Queue(self._name, channel=channel, no_declare=True)
        queue.queue_declare(passive=True)
        kombu.Consumer(channel, [queue], on_message=self._on_message, no_ack=False).consume()

    def _on_message(self, message: Any) -> None:
        try:
            delivery = read_delivery(
                message.properties.get("message_id", ""),
                message.properties.get("type", ""),
                message.headers,
                _body(message),
            )
        except UnreadableDelivery as error:
            # Only the relay may write here, and the store has whatever the sweep will bring.
            logger.error("message_unreadable", consumer=self._name, cause=str(error)[:200])
        else:
            if int(message.headers.get("x-delivery-count", 0)) >= RUNS_UNTIL_SET_ASIDE:
                self._applier.set_aside(delivery, ENDED_PROCESS)
            else:
                self._deliver(delivery)
        message.ack()

    def _deliver(self, delivery: Delivery) -> None:
        event = delivery.event
        origin = of_event(event.correlation, event.event_id)
        with span("apply", origin, consumer=self._name, event_type=event.type):
            self._applier.deliver(delivery)


def _body(message: Any) -> bytes:
    body = message.body
    return body.encode() if isinstance(body, str) else bytes(body)
