"""Publishing with a window of confirms: a message counts when the broker has it on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop

from libs.messaging.broker import declare

TIMEOUT_SECONDS = 30.0


class BrokerLost(Exception):
    """The broker went away or did not answer in time; unconfirmed messages may have arrived."""


@dataclass(frozen=True)
class Outgoing:
    """A message for an exchange."""

    exchange: str
    body: bytes
    properties: pika.BasicProperties


class Publisher:
    """One confirming channel, driven from synchronous code: the loop runs while we wait."""

    def __init__(self, url: str) -> None:
        self._parameters = pika.URLParameters(url)
        self.declare_topology()
        self._loop = IOLoop()
        self._failure: str | None = None
        self._waiting: set[int] = set()
        self._refused: set[int] = set()
        self._returned: set[str] = set()
        self._sent = 0
        self._channel: Any = None
        self._connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=lambda _, error: self._lost(f"cannot connect: {error!r}"),
            on_close_callback=lambda _, reason: self._lost(f"connection closed: {reason!r}"),
            custom_ioloop=self._loop,
        )
        self._run()

    def publish(self, messages: Sequence[Outgoing]) -> set[str]:
        """Publish all and wait for every confirm; the ids of messages that reached no queue.

        Raises `BrokerLost` when any of them is not confirmed.
        """
        self._returned, self._refused = set(), set()
        for message in messages:
            self._sent += 1
            self._waiting.add(self._sent)
            self._channel.basic_publish(
                message.exchange, "", message.body, message.properties, mandatory=True
            )
        if self._waiting:
            self._run()
        if self._refused:
            raise BrokerLost(f"{len(self._refused)} messages were refused")
        return self._returned

    def keep_alive(self) -> None:
        """Let the connection answer heartbeats while there is nothing to publish."""
        self._loop.call_later(0, self._loop.stop)
        self._loop.start()
        if self._failure:
            raise BrokerLost(self._failure)

    def close(self) -> None:
        """Close the connection."""
        if self._connection.is_open:
            self._connection.close()
            self._loop.call_later(2, self._loop.stop)
            self._loop.start()

    def declare_topology(self) -> None:
        """Declare exchanges, queues and bindings again. Raises `BrokerLost`."""
        try:
            connection = pika.BlockingConnection(self._parameters)
            try:
                declare(connection.channel())
            finally:
                connection.close()
        except pika.exceptions.AMQPError as error:
            raise BrokerLost(f"cannot declare the topology: {error!r}") from error

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _, reason: self._lost(f"channel closed: {reason!r}"))
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._loop.stop())

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        self._returned.add(properties.message_id)

    def _on_confirm(self, frame: Any) -> None:
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        settled = {t for t in self._waiting if t <= tag} if multiple else {tag}
        self._waiting -= settled
        if isinstance(frame.method, pika.spec.Basic.Nack):
            self._refused |= settled
        if not self._waiting:
            self._loop.stop()

    def _lost(self, why: str) -> None:
        self._failure = why
        self._loop.stop()

    def _run(self) -> None:
        def too_late() -> None:
            self._lost("no answer from the broker in time")

        timer = self._loop.call_later(TIMEOUT_SECONDS, too_late)
        self._loop.start()
        self._loop.remove_timeout(timer)
        if self._failure:
            raise BrokerLost(self._failure)
