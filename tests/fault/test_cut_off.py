"""A network that drops everything: the connection stays, and no answer comes, not even an end."""

from dataclasses import replace

import pytest

from tests.support.cut_proxy import OPENED, proxied
from tests.support.fault_load import write
from tests.support.fault_report import Fault
from tests.support.fault_world import World
from tests.support.wait import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(300)]


def test_broker_silent_behind_its_handshake(here: World, fault: Fault) -> None:
    """A consumer whom the broker does not answer says so, and is seen not to listen."""
    with proxied(here.broker("interconnect"), OPENED) as (url, proxy):
        consumer = replace(here, broker=lambda _user: url).consumer().start()
        eventually(lambda: proxy.is_cut, within=60)
        eventually(lambda: consumer.said("BrokerSilent"), within=60)
        assert not consumer.said("consumer_listens")
        assert consumer.measure("lienthong_consumer_listens") == 0
        proxy.join()
        here.relay().start()
        write(here, "document-1", 5)
        eventually(lambda: consumer.said("consumer_listens"), within=60)
        eventually(here.applied, within=60)
        assert consumer.measure("lienthong_consumer_listens") == 1
        consumer.kill()
    fault.note = "silent from Connection.OpenOk on"


def test_database_silent_to_those_who_enter(here: World, fault: Fault) -> None:
    """A consumer whom the database does not let in says so, and applies all when it does."""
    with proxied(here.url("interconnect")) as (url, proxy):
        proxy.cut()
        consumer = replace(here, url=lambda _role: url).consumer().start()
        eventually(lambda: consumer.said("OperationalError"), within=60)
        proxy.join()
        here.relay().start()
        write(here, "document-1", 5)
        eventually(here.applied, within=60)
        consumer.kill()
    fault.note = "accepts connections, says nothing"


@pytest.mark.long
def test_database_silent_in_the_midst(here: World, fault: Fault) -> None:
    """Statements that are never answered end after 40 s; over new connections all is applied."""
    with proxied(here.url("interconnect")) as (url, proxy):
        consumer = replace(here, url=lambda _role: url).consumer().start()
        here.relay().start()
        write(here, "document-1", 5)
        eventually(here.applied, within=60)
        proxy.cut()
        write(here, "document-1", 5)
        eventually(lambda: consumer.said("OperationalError"), within=90)
        proxy.join()
        eventually(here.applied, within=120)
        consumer.kill()
    fault.note = "nothing passes, no connection ends"
