"""A consumer as Decisions 8 and 10 describe it: every change goes through the real `decide`."""

from dataclasses import dataclass

from libs.eventstore.model import Place
from libs.messaging.decision import Decision, decide
from tests.unit.messaging_model.books import Books, Event, Waiting
from tests.unit.messaging_model.store import Store

# Fewer than the real ones: parking is to be reached in a short run.
ATTEMPTS = 2


@dataclass(frozen=True)
class Delivery:
    """A message: the event, the event's predecessor in its category, the relay's epoch."""

    epoch: str
    event: Event
    predecessor: Place


@dataclass
class Sweep:
    """A page that was read from the store and is applied event by event, under the lock."""

    consumer: str
    epoch: str
    before: Place
    events: list[Event]


class Consumer:
    """One consumer's work on its rows in the store."""

    def __init__(self, store: Store, name: str, poison: set[Event]) -> None:
        self._store = store
        self._name = name
        self._poison = poison
        self.books: Books = store.consumers[name]

    def deliver(self, delivery: Delivery) -> None:
        """Carry out a message; it may be acknowledged then."""
        if self.apply(delivery.event, delivery.epoch, delivery.predecessor) is Decision.AHEAD:
            self.catch_up(delivery.event.category, delivery.event.place)

    def deliver_unrun(self, delivery: Delivery) -> None:
        """Set a message's event aside that has killed its handler's process time and again."""
        event = delivery.event
        self.catch_up(event.category, delivery.predecessor)
        mine = self.books.positions[event.category]
        if decide(mine, delivery.epoch, delivery.predecessor, event.place) is Decision.APPLY:
            self._set_aside(event)
            self._move(event)

    def catch_up(self, category: str, until: Place | None = None) -> None:
        """Apply what the store has behind the position, up to `until`."""
        sweep = self.sweep(category, until, limit=1000)
        while sweep.events:
            self.resume(sweep)

    def sweep(self, category: str, until: Place | None, limit: int) -> Sweep:
        """Read the page behind the position."""
        mine = self.books.positions[category]
        page = self._store.read(category, mine.place, limit)
        wanted = [event for event in page if until is None or event.place <= until]
        return Sweep(self._name, mine.epoch, mine.place, wanted)

    def resume(self, sweep: Sweep) -> None:
        """Apply the sweep's next event, if it is still the next one."""
        event = sweep.events.pop(0)
        self.apply(event, sweep.epoch, sweep.before)
        sweep.before = event.place

    def apply(self, event: Event, epoch: str, predecessor: Place) -> Decision:
        """Causes first; then, when it is the next one, the event's effect or its row in retry."""
        self.causes_first(event)
        mine = self.books.positions[event.category]
        decision = decide(mine, epoch, predecessor, event.place)
        if decision is Decision.APPLY:
            if self.stands_still(event.stream) or event in self._poison:
                self._set_aside(event)
            else:
                self._handle(event)
            self._move(event)
        return decision

    def causes_first(self, event: Event) -> None:
        """Catch the cause's category up to the cause, and so the cause's cause."""
        if event.cause and event.cause.category in self.books.positions:
            self.catch_up(event.cause.category, event.cause.place)

    def stands_still(self, stream: str) -> bool:
        """Whether an earlier event of the stream waits."""
        return any(event.stream == stream for event in self.books.retry)

    def run_due(self) -> None:
        """Try a waiting head again; counted before the run, parked after the last.

        One that was set aside unrun waits for its cause still.
        """
        event = self.books.head(parked=False)
        if event is None:
            return
        self.causes_first(event)
        row = self.books.retry[event]
        row.attempts += 1
        if event in self._poison:
            row.parked = row.attempts >= ATTEMPTS
        else:
            del self.books.retry[event]
            self._handle(event)

    def release(self) -> None:
        """The desk lets a parked head run again."""
        if event := self.books.head(parked=True):
            self.books.retry[event] = Waiting()

    def refuse(self) -> None:
        """The desk takes a parked head out, and it alone."""
        if event := self.books.head(parked=True):
            del self.books.retry[event]
            self.books.refused.append(event)

    def _handle(self, event: Event) -> None:
        self.books.apply(event)
        if self._name == "policies":
            self._store.write(f"c-{event.stream}", cause=event)

    def _set_aside(self, event: Event) -> None:
        self.books.retry[event] = Waiting()

    def _move(self, event: Event) -> None:
        mine = self.books.positions[event.category]
        self.books.positions[event.category] = type(mine)(mine.epoch, event.place)
