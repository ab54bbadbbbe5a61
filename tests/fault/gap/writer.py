"""A writer: appends as services do, and knows what the store promised it."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from sqlalchemy import text

from libs.db import Database, Unit, connection_lost, engine_for, may_run_again
from libs.eventstore import ANY, NO_STREAM, Context, NewEvent, Write

ROLLED_BACK = 0.3
HOT_STREAMS = 3
LONGEST_PAUSE_SECONDS = 0.5
CATEGORIES = {"documents": ("document", "register"), "workflow": ("process",)}


class Withdrawn(Exception):
    """The transaction ends in a rollback, as planned."""


@dataclass(frozen=True)
class Plan:
    """One transaction: what it writes, when it takes its id, how long it stays, how it ends."""

    streams: list[tuple[str, int]]
    events: list[list[NewEvent]]
    early: bool
    before: float
    behind: float
    checked: bool
    withdrawn: bool
    read: dict[str, int] = field(default_factory=dict)
    """The versions that its first try read: a repeat is the very same call."""

    @property
    def ids(self) -> set[UUID]:
        """The ids of all its events."""
        return {event.event_id for part in self.events for event in part}


@dataclass
class Ledger:
    """What a writer was told: these are stored for ever, these never were."""

    acknowledged: set[UUID] = field(default_factory=set)
    rolled_back: set[UUID] = field(default_factory=set)


def write(name: str, role: str, url: str, seed: str, seconds: float) -> Ledger:
    """Append for `seconds`; a lost connection is replaced, and its append repeated."""
    database = Database(engine_for(url, pool_size=1, application=f"gap-{name}"), role)
    writer = _Writer(database, Random(seed), CATEGORIES[role])  # noqa: S311
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        writer.turn()
    database.engine.dispose()
    return writer.ledger


class _Writer:
    def __init__(self, database: Database, chance: Random, categories: tuple[str, ...]) -> None:
        self.ledger = Ledger()
        self._database = database
        self._chance = chance
        self._categories = categories
        self._cause = 0

    def turn(self) -> None:
        """Carry out one plan until the store has answered it."""
        plan = self._plan()
        if plan.withdrawn:
            self.ledger.rolled_back |= plan.ids
        while not self._answered(plan):
            time.sleep(0.1)

    def _answered(self, plan: Plan) -> bool:
        try:
            tx = self._append(plan)
        except Withdrawn:
            return True
        except Exception as error:
            if connection_lost(error):
                # Nobody knows whether it was committed; the same ids may be sent again.
                return plan.withdrawn
            if may_run_again(error):
                return True
            raise
        self.ledger.acknowledged |= plan.ids
        self._cause = tx
        return True

    def _append(self, plan: Plan) -> int:
        with self._database.unit() as unit:
            if plan.early:
                unit.connection.execute(text("INSERT INTO gap.inbox VALUES (gen_random_uuid())"))
            time.sleep(plan.before)
            writes = self._writes(plan, unit)
            after = self._cause if plan.checked else 0
            if len(writes) == 1:
                appended = unit.store.append(*writes[0], self._context(after))
            else:
                appended = unit.store.append_all(writes, self._context(after))[0]
            time.sleep(plan.behind)
            if plan.withdrawn:
                raise Withdrawn
        return appended.place.tx

    @staticmethod
    def _writes(plan: Plan, unit: Unit) -> list[Write]:
        """A checked plan expects the versions that its (first) transaction read."""
        writes: list[Write] = []
        for (stream, expected), events in zip(plan.streams, plan.events, strict=True):
            if plan.checked and expected == ANY:
                if stream not in plan.read:
                    last = unit.store.read_last(stream)
                    plan.read[stream] = last.version if last else NO_STREAM
                expected = plan.read[stream]
            writes.append((stream, expected, events))
        return writes

    def _plan(self) -> Plan:
        chance = self._chance
        streams = [self._stream() for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        streams = list(dict.fromkeys(streams))
        return Plan(
            streams,
            [[self._event() for _ in range(chance.choice((1, 1, 2, 5)))] for _ in streams],
            early=chance.random() < 0.7,
            before=self._pause(),
            behind=self._pause() / 2,
            checked=chance.random() < 0.3,
            withdrawn=chance.random() < ROLLED_BACK,
        )

    def _pause(self) -> float:
        """Mostly some milliseconds, now and then much longer."""
        mean = 0.1 if self._chance.random() < 0.05 else 0.01
        return min(self._chance.expovariate(1 / mean), LONGEST_PAUSE_SECONDS)

    def _stream(self) -> tuple[str, int]:
        category = self._chance.choice(self._categories)
        if self._chance.random() < 0.5:
            return f"{category}-hot{self._chance.randrange(HOT_STREAMS)}", ANY
        return f"{category}-{self._id()}", NO_STREAM

    def _event(self) -> NewEvent:
        payload = b'{"text":"%s"}' % (b"x" * self._chance.randrange(600))
        return NewEvent(self._id(), "GapTested", 1, payload)

    def _context(self, after_tx: int) -> Context:
        return Context(
            agency="a1",
            handler="system:gap",
            occurred_at=datetime.now(UTC),
            trace=self._id(),
            after_tx=after_tx,
        )

    def _id(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)
