"""Messages of events that a consumer has nothing to do with: only its position moves."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event as listening

from libs.db import Database, engine_for
from libs.eventstore import ANY, START, Context, NewEvent, Place
from libs.messaging.applier import Applier
from libs.messaging.decision import Decision
from libs.messaging.delivery import Delivery
from libs.messaging.positions import Positions
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres

CONSUMER = "workflow.policies"


class Shop:
    """A writer, and a consumer that wants approvals alone; those of `poison` fail."""

    def __init__(self, documents: Database, workflow: Database) -> None:
        self.documents, self.workflow = documents, workflow
        self.approved: list[UUID] = []
        self.poison: set[str] = set()
        self.applier = Applier(CONSUMER, workflow, {"DocumentApproved": self._approve})

    def _approve(self, message: object, event: object, _unit: object) -> None:
        if event.stream in self.poison:  # type: ignore[attr-defined]
            raise ValueError("poison")
        self.approved.append(event.event_id)  # type: ignore[attr-defined]

    def write(self, kind: str, stream: str = "document-1") -> Delivery:
        """Append one event; the message that the relay would send of it."""
        with self.documents.unit() as unit:
            before = unit.store.category_end("document")
            new = NewEvent(uuid4(), kind, 1, b"{}")
            context = Context("a", "system:x", datetime.now(UTC), UUID(int=1))
            place = unit.store.append(stream, ANY, [new], context).place
            epoch = unit.store.epoch()
        with self.documents.unit() as unit:
            (event,) = unit.store.read_category("document", before)
        assert event.place == place
        return Delivery(epoch, event, before)

    @property
    def place(self) -> Place:
        with self.workflow.unit() as unit:
            return Positions(unit.connection, CONSUMER).all()["document"].place

    @property
    def set_aside(self) -> int:
        with self.workflow.unit() as unit:
            return sum(Positions(unit.connection, CONSUMER).counts())


@pytest.fixture
def shop(postgres: PostgresForTests) -> Iterator[Shop]:
    url = postgres.fresh_database()
    engines = {name: engine_for(url(name)) for name in ("documents", "workflow")}
    yield Shop(*(Database(engine, name) for name, engine in engines.items()))
    for engine in engines.values():
        engine.dispose()


@pytest.fixture
def commits(shop: Shop) -> Callable[[], int]:
    """How many transactions the consumer has committed."""
    seen: list[object] = []
    listening.listen(shop.workflow.engine, "commit", seen.append)
    return lambda: len(seen)


def test_the_position_moves_without_a_transaction(shop: Shop, commits: Callable[[], int]) -> None:
    delivery = shop.write("DraftReviewed")
    assert shop.applier.deliver(delivery) is Decision.APPLY
    assert commits() == 0
    assert shop.place == delivery.event.place


def test_one_that_does_not_follow_moves_nothing_past_what_is_missing(shop: Shop) -> None:
    missed, delivery = shop.write("DocumentApproved"), shop.write("DraftReviewed")
    assert shop.applier.deliver(delivery) is Decision.AHEAD
    assert shop.approved == [missed.event.event_id]
    assert shop.place == delivery.event.place


def test_a_repeat_moves_nothing_back(shop: Shop) -> None:
    first, second = shop.write("DraftReviewed"), shop.write("DraftReviewed")
    for delivery in (first, second):
        shop.applier.deliver(delivery)
    assert shop.applier.deliver(first) is Decision.DUPLICATE
    assert shop.place == second.event.place


def test_one_of_another_epoch_moves_nothing(shop: Shop) -> None:
    delivery = shop.write("DraftReviewed")
    stranger = Delivery(str(uuid4()), delivery.event, delivery.predecessor)
    assert shop.applier.deliver(stranger) is Decision.FOREIGN
    assert shop.place == START


def test_behind_a_failed_event_of_its_stream_it_waits_as_all_do(shop: Shop) -> None:
    shop.poison.add("document-1")
    for delivery in (shop.write("DocumentApproved"), shop.write("DraftReviewed")):
        assert shop.applier.deliver(delivery) is Decision.APPLY
    assert shop.set_aside == 2
    other = shop.write("DraftReviewed", "document-2")
    shop.applier.deliver(other)
    assert shop.set_aside == 2
    assert shop.place == other.event.place


def test_a_type_that_nobody_knows_is_a_failure(shop: Shop) -> None:
    delivery = shop.write("Strange")
    assert shop.applier.deliver(delivery) is Decision.APPLY
    assert shop.set_aside == 1
