"""A consumer's rows, and the rules that every application of an event must keep."""

from dataclasses import dataclass, field

from libs.eventstore.model import Place
from libs.messaging.decision import Position


@dataclass(frozen=True, eq=False)
class Event:
    """An event; it is itself alone, so that one of an undone past is no other's equal."""

    stream: str
    version: int
    place: Place
    cause: "Event | None"

    @property
    def category(self) -> str:
        return self.stream[0]

    def __repr__(self) -> str:
        return f"{self.stream}@{self.version}{tuple(self.place)}"


@dataclass
class Waiting:
    """A row of the retry table."""

    attempts: int = 0
    parked: bool = False


@dataclass
class Books:
    """One consumer's positions, what it applied (in that order), what waits, what was refused."""

    positions: dict[str, Position]
    applied: list[Event] = field(default_factory=list)
    retry: dict[Event, Waiting] = field(default_factory=dict)
    refused: list[Event] = field(default_factory=list)

    def copy(self) -> "Books":
        retry = {event: Waiting(row.attempts, row.parked) for event, row in self.retry.items()}
        return Books(dict(self.positions), list(self.applied), retry, list(self.refused))

    def head(self, parked: bool) -> Event | None:
        """A waiting event with no earlier one of its stream in front of it."""
        for event, row in self.retry.items():
            first = min(e.version for e in self.retry if e.stream == event.stream)
            if row.parked == parked and event.version == first:
                return event
        return None

    def apply(self, event: Event) -> None:
        """The effect: once, in the stream's order, never before the cause."""
        assert event not in self.applied, f"{event} is applied twice"
        settled = [*self.applied, *self.refused]
        done = [e.version for e in settled if e.stream == event.stream]
        assert sorted(done) == list(range(1, event.version)), f"{event} is out of order"
        cause = event.cause
        if cause and cause.category in self.positions:
            assert cause in settled or cause in self.retry, f"{event} comes before {cause}"
        self.applied.append(event)
