"""The relay as Decision 7 describes it; any of its steps may come late, as after a pause."""

from libs.messaging.decision import Position
from tests.unit.messaging_model.books import Event
from tests.unit.messaging_model.consumer import Delivery
from tests.unit.messaging_model.store import Store


class Broker:
    """One queue for each consumer that is fed by messages; it may repeat, reorder and lose."""

    def __init__(self, bindings: dict[str, tuple[str, ...]]) -> None:
        self._bindings = bindings
        self.queues: dict[str, list[Delivery]] = {name: [] for name in bindings}
        self.confirmed: set[Event] = set()

    def publish(self, delivery: Delivery) -> None:
        """Route a message and confirm it."""
        for name, categories in self._bindings.items():
            if delivery.event.category in categories:
                self.queues[name].append(delivery)
        self.confirmed.add(delivery.event)


class Relay:
    """A relay's memory: the cursors as it knows them, and the page that it has in hand."""

    def __init__(self, store: Store) -> None:
        self.start(store)

    def start(self, store: Store) -> None:
        """Begin from the stored cursors."""
        self._store = store
        self._cursors = dict(store.cursors)
        self._page: list[Delivery] = []
        self._sent: list[Delivery] = []

    def read(self, limit: int) -> None:
        """Take the next events of each category in hand, each with its predecessor."""
        self._page = []
        for category, mine in self._cursors.items():
            before = mine.place
            for event in self._store.read(category, before, limit):
                self._page.append(Delivery(mine.epoch, event, before))
                before = event.place

    def send(self, broker: Broker) -> None:
        """Publish what is in hand; every message is confirmed."""
        for delivery in self._page:
            broker.publish(delivery)
        self._sent, self._page = self._page, []

    def lose(self, broker: Broker) -> None:
        """Lose the broker while publishing: half of the page arrived, no cursor may move."""
        for delivery in self._page[: len(self._page) // 2]:
            broker.publish(delivery)

    def move(self, store: Store) -> None:
        """Move the cursors behind what was confirmed; begin again when another relay did."""
        last = {delivery.event.category: delivery.event.place for delivery in self._sent}
        self._sent = []
        for category, place in last.items():
            if not self.unmoved(store, category):
                self.start(store)
                return
            moved = Position(self._cursors[category].epoch, place)
            store.cursors[category] = self._cursors[category] = moved

    def unmoved(self, store: Store, category: str) -> bool:
        """The compare of compare-and-set."""
        return store.cursors[category] == self._cursors[category]
