"""The private RabbitMQ node keeps its promises: own, walled by users, a fresh vhost per test."""

from collections.abc import Iterator
from contextlib import contextmanager

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ProbableAuthenticationError

from tests.support.servers import RabbitMQForTests
from tools.platform.database import SERVICES

pytestmark = pytest.mark.rabbitmq


@contextmanager
def channel(url: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


@pytest.fixture
def topology(rabbitmq: RabbitMQForTests) -> None:
    """One category and two services' queues on it, declared by the relay."""
    with channel(rabbitmq.url("relay")) as relay:
        relay.exchange_declare("events.document", "topic", durable=True)
        for queue in ("audit.projections", "workflow.policies"):
            relay.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
            relay.queue_bind(queue, "events.document", "#")


def test_an_event_of_the_relay_reaches_the_service_that_owns_the_queue(
    rabbitmq: RabbitMQForTests, topology: None
) -> None:
    with channel(rabbitmq.url("relay")) as relay:
        relay.confirm_delivery()
        relay.basic_publish("events.document", "DocumentIssued", b"fact", mandatory=True)
    with channel(rabbitmq.url("audit")) as audit:
        assert audit.basic_get("audit.projections", auto_ack=True)[2] == b"fact"


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_writes_events(rabbitmq: RabbitMQForTests, topology: None, service: str) -> None:
    with channel(rabbitmq.url(service)) as intruder:
        intruder.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
            intruder.basic_publish("events.document", "DocumentIssued", b"lie")


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_writes_straight_into_a_queue(
    rabbitmq: RabbitMQForTests, topology: None, service: str
) -> None:
    with channel(rabbitmq.url(service)) as intruder:
        intruder.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
            intruder.basic_publish("", "audit.projections", b"lie")


def test_a_service_reads_no_queue_of_another(rabbitmq: RabbitMQForTests, topology: None) -> None:
    with (
        channel(rabbitmq.url("audit")) as audit,
        pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"),
    ):
        audit.basic_get("workflow.policies")


def test_a_service_declares_nothing(rabbitmq: RabbitMQForTests) -> None:
    with (
        channel(rabbitmq.url("audit")) as audit,
        pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"),
    ):
        audit.queue_declare("audit.projections", durable=True)


def test_a_wrong_password_is_refused(rabbitmq: RabbitMQForTests) -> None:
    with pytest.raises(ProbableAuthenticationError):
        pika.BlockingConnection(
            pika.URLParameters(rabbitmq.url("audit").replace("audit:", "relay:"))
        )


def test_the_well_known_guest_does_not_exist(rabbitmq: RabbitMQForTests) -> None:
    names = {user["name"] for user in rabbitmq.node.ask("GET", "users")}
    assert names == {"administrator", "monitor", "relay", *SERVICES}


def test_no_secret_stands_on_a_command_line(rabbitmq: RabbitMQForTests) -> None:
    cookie = (rabbitmq.node.folder / ".erlang.cookie").read_text()
    assert cookie not in " ".join(rabbitmq.node.command() + rabbitmq.node.epmd_command())
    assert cookie not in " ".join(rabbitmq.node.environment().values())
