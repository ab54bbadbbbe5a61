"""The store as Decisions 3, 4, 7 and 12 describe it: order, horizon, cursors, restore."""

from dataclasses import dataclass, field

from libs.eventstore.model import START, Place
from libs.messaging.decision import Position
from tests.unit.messaging_model.books import Books, Event

CATEGORIES = ("a", "b", "c")


@dataclass(eq=False)
class Transaction:
    """A running transaction: its id, taken before it appends, and what nobody sees yet."""

    xid: int
    events: list[Event] = field(default_factory=list)


@dataclass(eq=False)
class Store:
    """One database. A restore makes another of an old copy."""

    epoch: str = "epoch-1"
    offset: int = 0
    next_xid: int = 1
    next_position: int = 1
    events: list[Event] = field(default_factory=list)
    running: list[Transaction] = field(default_factory=list)
    cursors: dict[str, Position] = field(default_factory=dict)
    consumers: dict[str, Books] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cursors = self.cursors or self.beginning(CATEGORIES)

    def beginning(self, categories: tuple[str, ...]) -> dict[str, Position]:
        """The first position in each category."""
        return {name: Position(self.epoch, START) for name in categories}

    def begin(self) -> Transaction:
        """Start a transaction that takes its id at once."""
        transaction = Transaction(self.next_xid)
        self.next_xid += 1
        self.running.append(transaction)
        return transaction

    def locked(self, stream: str) -> bool:
        """Whether a running transaction holds the stream's row."""
        return any(e.stream == stream for running in self.running for e in running.events)

    def append(self, transaction: Transaction, stream: str, cause: Event | None) -> None:
        """Add one event to an unlocked stream; its tx is the greatest of its past."""
        past = [event for event in self.events if event.stream == stream]
        tx = max(
            transaction.xid + self.offset,
            max((event.place.tx for event in past), default=0),
            cause.place.tx if cause else 0,
        )
        place = Place(tx, self.next_position)
        self.next_position += 1
        transaction.events.append(Event(stream, len(past) + 1, place, cause))

    def end(self, transaction: Transaction, commit: bool) -> None:
        """Commit or roll back."""
        self.running.remove(transaction)
        if commit:
            self.events.extend(transaction.events)

    def write(self, stream: str, cause: Event | None) -> None:
        """A whole transaction with one append."""
        transaction = self.begin()
        self.append(transaction, stream, cause)
        self.end(transaction, commit=True)

    def horizon(self) -> int:
        """Below it nothing is ever added."""
        return min((t.xid for t in self.running), default=self.next_xid) + self.offset

    def read(self, category: str, after: Place, limit: int) -> list[Event]:
        """The category's next events behind `after` and below the horizon."""
        below = self.horizon()
        found = [
            event
            for event in self.events
            if event.category == category and after < event.place and event.place.tx < below
        ]
        return sorted(found, key=lambda event: event.place)[:limit]

    def copy(self) -> "Store":
        """A dump: what is committed, with cursors and every consumer's rows."""
        return Store(
            self.epoch,
            self.offset,
            self.next_xid,
            self.next_position,
            list(self.events),
            [],
            dict(self.cursors),
            {name: books.copy() for name, books in self.consumers.items()},
        )

    def restored(self, epoch: str) -> "Store":
        """The dump in a new cluster, whose transaction ids begin again, and rebased there."""
        new = self.copy()
        new.epoch, new.next_xid = epoch, 1
        everywhere = [new.cursors, *(books.positions for books in new.consumers.values())]
        places = [mine.place for positions in everywhere for mine in positions.values()]
        places += [event.place for event in new.events]
        last_tx = max((place.tx for place in places), default=0)
        new.offset = max(new.offset, last_tx + 1 - new.next_xid)
        for positions in everywhere:
            positions.update({n: Position(epoch, mine.place) for n, mine in positions.items()})
        return new
