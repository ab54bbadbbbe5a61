"""A streaming standby: read while it follows, and promoted without the primary's last events."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import pika
import psycopg2
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from libs.db import Database, Unit
from libs.eventstore import ANY, START, Place
from tests.fault.test_restore import passed, write_with_token
from tests.support.fault_load import context, event_for, load, write
from tests.support.fault_queue import drain
from tests.support.fault_report import Fault
from tests.support.fault_servers import OwnPostgres
from tests.support.fault_standby import caught_up, cut_off, promote, standby_of
from tests.support.fault_world import CONSUMER, SERVICE, World, world
from tests.support.wait import eventually
from tools import cli

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(900)]

Page = list[tuple[UUID, Place]]

_WITHOUT_HORIZON = text(
    "SELECT event_id, tx, position FROM es.event WHERE (tx, position) > (:tx, :position)"
    " ORDER BY tx, position LIMIT 1000"
)
_MAY_STAY_OPEN = "SET LOCAL idle_in_transaction_session_timeout = 0"


@contextmanager
def world_on(standby: OwnPostgres, primary: World) -> Iterator[World]:
    """The primary's installation as the standby has it."""
    name = make_url(primary.url("migrator")).database or ""

    def url(role: str) -> str:
        return standby.server.database.url(name, role)

    with world(url, primary.broker, primary.folder, restored=True) as copy:
        yield copy


class Tail:
    """A reader with a cursor, who asks again whenever the server was away."""

    def __init__(self, database: Database, read: Callable[[Unit, Place], Page]) -> None:
        self._database = database
        self._read = read
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.seen: list[UUID] = []
        self.place = START

    def __enter__(self) -> "Tail":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.wait(0.002):
            try:
                with self._database.unit() as unit:
                    page = self._read(unit, self.place)
            except (DBAPIError, psycopg2.Error):
                continue
            self.seen += [event_id for event_id, _ in page]
            self.place = page[-1][1] if page else self.place


def below_horizon(unit: Unit, after: Place) -> Page:
    """As every reader of the store reads."""
    return [(event.event_id, event.place) for event in unit.store.read_all(after)]


def without_horizon(unit: Unit, after: Place) -> Page:
    """As nobody may read: to see that the test would notice."""
    rows = unit.connection.execute(_WITHOUT_HORIZON, after._asdict())
    return [(row.event_id, Place(row.tx, row.position)) for row in rows]


def test_standby_read_while_the_primary_writes(
    breakable_store: World, own_postgres: OwnPostgres, server_folder: Path, fault: Fault
) -> None:
    """A reader on a hot standby misses nothing and gets nothing twice: the horizon is exact there.

    A snapshot of a standby knows the oldest transaction that its primary had not ended at that
    place of the log, also right after the standby was killed and started again.
    """
    with ExitStack() as ends:
        standby = ends.enter_context(standby_of(own_postgres, server_folder))
        copy = ends.enter_context(world_on(standby, breakable_store))
        tail = ends.enter_context(Tail(copy.database(SERVICE), below_horizon))
        blind = ends.enter_context(Tail(copy.database(SERVICE), without_horizon))
        late = []
        with load(breakable_store, clients=4, pause=0) as clients:
            for round_ in fault.rounds(4, 40):
                event = event_for("document-late")
                with breakable_store.database("documents").unit() as unit:
                    unit.connection.exec_driver_sql(_MAY_STAY_OPEN)
                    held = unit.store.append("document-late", ANY, [event], context()).place
                    if round_ % 2:
                        standby.kill()
                        standby.start()
                    eventually(lambda: blind.place > held, within=60)  # noqa: B023
                late.append(event.event_id)
        rows = breakable_store.execute("SELECT event_id FROM es.event ORDER BY tx, position")
        written = [row.event_id for row in rows]
        assert set(written) == clients.acknowledged | set(late)
        eventually(lambda: len(tail.seen) >= len(written), within=60)
        assert tail.seen == written
        assert not set(blind.seen) & set(late)
    fault.note = (
        "4 clients, an append held open in each round, the standby killed in every second one;"
        " a reader without the horizon misses the held ones"
    )


def test_standby_promoted_without_the_last_events(
    breakable_store: World, own_postgres: OwnPostgres, server_folder: Path, fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What the lost events told is not believed; the standby's past stands once, new ones are seen.

    The new primary gives the lost events' transaction ids again: only the epoch tells them apart.
    """
    old = breakable_store
    with ExitStack() as ends:
        standby = ends.enter_context(standby_of(own_postgres, server_folder))
        new = ends.enter_context(world_on(standby, old))
        relay, consumer = old.relay().start(), old.consumer().start()
        write(old, "document-1", 4)
        write(old, "process-1", 4)
        eventually(lambda: old.applied() and old.relayed(), within=60)
        relay.kill()
        consumer.kill()
        write(old, "document-1", 2)  # the standby has these, but not that they were applied
        write(old, "process-1", 2)
        eventually(lambda: caught_up(own_postgres, standby), within=30)
        cut_off(standby)

        relay.start()
        consumer.start()
        lost_ids = set(write(old, "document-1", 4))
        lost = write_with_token(old)
        eventually(lambda: passed(old, lost), within=60)
        consumer.kill()
        lost_ids |= {*write(old, "document-1", 4), *write(old, "process-1", 8)}  # in the queue
        eventually(old.relayed, within=30)
        relay.kill()
        last_lost = old.cursor("process")
        ends.callback(own_postgres.start)
        own_postgres.kill()
        promote(standby)
        past = {category: new.stored(category) for category in ("document", "process")}
        assert [len(events) for events in past.values()] == [6, 6]
        assert len(new.effects("document")) == 4

        monkeypatch.setenv("DATABASE_URL", new.url("migrator"))
        assert cli.main(["eventstore", "rebase"]) == 0
        relay, consumer = new.relay().start(), new.consumer().start()
        # What waits in the queue follows the past without a gap, and is met before anything new.
        eventually(lambda: consumer.said("consumer_listens") and new.applied(), within=60)
        eventually(lambda: waiting_in_queue(new) == 0, within=30)
        write(new, "document-1", 3)
        write(new, "process-1", 3)
        eventually(lambda: new.applied() and new.relayed(), within=60)
        for category, events in past.items():
            assert new.stored(category)[:6] == events
            assert not lost_ids & set(new.effects(category))
        assert new.cursor("document")[0] <= last_lost[0], "no transaction id was given twice"
        assert not passed(new, lost)
        fresh = write_with_token(new)
        eventually(lambda: passed(new, fresh), within=30)
        assert new.applied()
        consumer.kill()
        assert drain(new) == []
        assert in_one_epoch(new)
    fault.note = "17 lost events: 5 applied by the old primary's consumer, 12 left in the queue"


def waiting_in_queue(world: World) -> int:
    """How many messages the consumer has not been given yet."""
    connection = pika.BlockingConnection(pika.URLParameters(world.broker(SERVICE)))
    try:
        declared = connection.channel().queue_declare(CONSUMER, passive=True)
        return int(declared.method.message_count)
    finally:
        connection.close()


def in_one_epoch(world: World) -> bool:
    """Whether every position and cursor stands in the store's epoch."""
    epochs = world.execute("SELECT epoch FROM es.cursor UNION SELECT epoch FROM es.checkpoint")
    return epochs == world.execute("SELECT epoch FROM es.meta")
