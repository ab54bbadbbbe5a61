"""The state machine: everything that can happen, in any order, and what must hold after each."""

import sys
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from libs.messaging.decision import Position
from tests.unit.messaging_model.books import Books, Event, Waiting
from tests.unit.messaging_model.consumer import Consumer, Sweep
from tests.unit.messaging_model.relay import Broker, Relay
from tests.unit.messaging_model.store import CATEGORIES, Store, Transaction

# "policies" appends an effect in category c for each event of a; "projections" sees all of it;
# "rebuild" is the third consumer, fed from the store alone.
SUBSCRIPTIONS = {"projections": CATEGORIES, "policies": ("a",)}
WRITTEN = st.sampled_from(("a-1", "a-2", "b-1"))
CONSUMERS = st.sampled_from(tuple(SUBSCRIPTIONS))
CATEGORY = st.sampled_from(CATEGORIES)
PAGE = 3
WINDOW = 4
# Picks one of what there is at the time, the newest first: hypothesis shrinks towards 0.
PICK = st.integers(0, 11)
Check = Callable[[Any], bool]


def _some(what: str) -> Check:
    return lambda machine: bool(getattr(machine, what))


class Messaging(RuleBasedStateMachine):
    """Store, two relays, broker, two consumers and a rebuild."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        for name, categories in SUBSCRIPTIONS.items():
            self.store.consumers[name] = Books(self.store.beginning(categories))
        self.relays = [Relay(self.store), Relay(self.store)]
        self.broker = Broker(SUBSCRIPTIONS)
        self.poison: set[Event] = set()
        self.sweeps: list[Sweep] = []
        self.dump: Store | None = None
        self.restores = 0
        self._kept: list[dict[str, Position]] = []

    # Writers

    @property
    def running(self) -> list[Transaction]:
        return self.store.running

    @property
    def events(self) -> list[Event]:
        return self.store.events

    def cause(self, pick: int) -> Event | None:
        """One of the newest events, or none."""
        return self.events[-1 - pick] if pick < min(len(self.events), 6) else None

    @rule(stream=WRITTEN, pick=PICK, count=st.integers(1, 3))
    def write(self, stream: str, pick: int, count: int) -> None:
        for _ in range(0 if self.store.locked(stream) else count):
            self.store.write(stream, self.cause(pick))

    @precondition(lambda self: len(self.running) < 3)
    @rule()
    def begin_early(self) -> None:
        self.store.begin()

    @precondition(_some("running"))
    @rule(pick=PICK, stream=WRITTEN, cause=PICK)
    def append(self, pick: int, stream: str, cause: int) -> None:
        transaction = self.running[pick % len(self.running)]
        if not transaction.events and not self.store.locked(stream):
            self.store.append(transaction, stream, self.cause(cause))

    @precondition(_some("running"))
    @rule(pick=PICK, commit=st.booleans())
    def end(self, pick: int, commit: bool) -> None:
        self.store.end(self.running[pick % len(self.running)], commit)

    # Relays: one works, the other was paused and wakes, which is which changes at any time

    @rule(which=st.integers(0, 1), step=st.sampled_from(("round", "read", "send", "lose", "move")))
    def relay(self, which: int, step: str) -> None:
        relay = self.relays[which]
        if step in ("round", "read"):
            relay.read(PAGE)
        if step in ("round", "send"):
            relay.send(self.broker)
        if step in ("round", "move"):
            relay.move(self.store)
        if step == "lose":
            relay.lose(self.broker)
            relay.start(self.store)

    # The broker delivers within a window, keeps what was not acknowledged, and may lose

    def consumer(self, name: str) -> Consumer:
        return Consumer(self.store, name, self.poison)

    @property
    def messages(self) -> bool:
        return any(self.broker.queues.values())

    @precondition(_some("messages"))
    @rule(name=CONSUMERS, pick=PICK, how=st.sampled_from(("once", "again", "unrun", "lost")))
    def deliver(self, name: str, pick: int, how: str) -> None:
        queue = self.broker.queues[name]
        if not queue:
            return
        place = pick % min(len(queue), WINDOW)
        delivery = queue[place] if how == "again" else queue.pop(place)
        if how in ("once", "again"):
            self.consumer(name).deliver(delivery)
        elif how == "unrun":
            self.consumer(name).deliver_unrun(delivery)

    # Sweeps, also of the rebuild; one may go to sleep between its page and its events

    @property
    def waiting_sweeps(self) -> list[Sweep]:
        return [s for s in self.sweeps if s.events and s.consumer in self.store.consumers]

    @rule(pick=PICK, category=CATEGORY)
    def sweep_reads(self, pick: int, category: str) -> None:
        name = list(self.store.consumers)[pick % len(self.store.consumers)]
        consumer = self.consumer(name)
        if category in consumer.books.positions:
            self.sweeps.append(consumer.sweep(category, None, PAGE))

    @rule(name=CONSUMERS, category=CATEGORY)
    def catch_up(self, name: str, category: str) -> None:
        if category in self.store.consumers[name].positions:
            self.consumer(name).catch_up(category)

    @precondition(_some("waiting_sweeps"))
    @rule(pick=PICK)
    def sweep_applies(self, pick: int) -> None:
        sweep = self.waiting_sweeps[pick % len(self.waiting_sweeps)]
        self.consumer(sweep.consumer).resume(sweep)

    # Failures, and the desk

    @property
    def unseen(self) -> list[Event]:
        settled = self.store.consumers["projections"].applied
        return [event for event in self.events if event not in settled]

    @precondition(_some("unseen"))
    @rule(pick=PICK)
    def poison_one(self, pick: int) -> None:
        self.poison.add(self.unseen[pick % len(self.unseen)])

    @precondition(_some("poison"))
    @rule()
    def mend(self) -> None:
        self.poison.clear()

    @property
    def waiting(self) -> bool:
        return any(books.retry for books in self.store.consumers.values())

    @precondition(_some("waiting"))
    @rule(name=CONSUMERS, how=st.sampled_from(("run_due", "run_due", "release", "refuse")))
    def retry(self, name: str, how: str) -> None:
        getattr(self.consumer(name), how)()

    # Rebuild and restore

    @precondition(_some("events"))
    @rule(step=st.sampled_from(("begin", "load", "swap")))
    def rebuild(self, step: str) -> None:
        consumers = self.store.consumers
        if step == "begin":
            consumers["rebuild"] = Books(self.store.beginning(CATEGORIES))
        elif "rebuild" not in consumers:
            return
        elif step == "load":
            for category, mine in consumers["projections"].positions.items():
                self.consumer("rebuild").catch_up(category, until=mine.place)
        elif self.may_swap(consumers["rebuild"], consumers["projections"]):
            consumers["projections"] = consumers.pop("rebuild")

    @staticmethod
    def may_swap(new: Books, old: Books) -> bool:
        """Equal positions in every category, and nothing parked."""
        parked = any(row.parked for row in new.retry.values())
        return new.positions == old.positions and not parked

    @precondition(_some("events"))
    @rule()
    def dump_store(self) -> None:
        self.dump = self.store.copy()

    @precondition(_some("dump"))
    @rule()
    def restore(self) -> None:
        """Back to the dump, in a new epoch; messages and relays of the undone past go on."""
        assert self.dump
        self.restores += 1
        self.store = self.dump.restored(f"epoch-{self.restores + 1}")
        self.sweeps, self._kept = [], []

    # What holds after every step

    @invariant()
    def each_event_at_or_behind_a_position_is_applied_waits_or_was_refused(self) -> None:
        for name, books in self.store.consumers.items():
            passed = {
                event
                for event in self.events
                if event.category in books.positions
                and event.place <= books.positions[event.category].place
            }
            settled = {*books.applied, *books.retry, *books.refused}
            assert settled <= passed, f"{name}: {settled - passed} are not of this store's past"
            assert passed <= settled, f"{name}: {passed - settled} were skipped"

    @invariant()
    def no_event_overtakes_a_waiting_one_of_its_stream(self) -> None:
        for books in self.store.consumers.values():
            for waiting in books.retry:
                overtaken = [e for e in books.applied if e.stream == waiting.stream]
                assert all(e.version < waiting.version for e in overtaken), waiting

    @invariant()
    def what_lies_behind_a_cursor_was_confirmed(self) -> None:
        for event in self.events:
            if event.place <= self.store.cursors[event.category].place:
                assert event in self.broker.confirmed, f"{event} was never published"

    @invariant()
    def neither_read_models_nor_cursors_go_back(self) -> None:
        now = [self.store.consumers["projections"].positions, self.store.cursors]
        for positions, earlier in zip(now, self._kept, strict=False):
            for category, before in earlier.items():
                assert positions[category].place >= before.place, f"{category} went back"
        self._kept = [dict(positions) for positions in now]

    @invariant()
    def each_cause_has_its_effect_once(self) -> None:
        effects = [event.cause for event in self.events if event.category == "c"]
        applied = self.store.consumers["policies"].applied
        assert sorted(map(repr, effects)) == sorted(map(repr, applied))

    # The end of each run: with everything mended, everybody comes to the end

    def teardown(self) -> None:
        if sys.exception():
            return
        while self.running:
            self.store.end(self.running[0], commit=True)
        self.poison.clear()
        for name in SUBSCRIPTIONS:
            while self.broker.queues[name]:
                self.deliver(name, 0, "once")
        for name, books in self.store.consumers.items():
            self._finish(name, books)
        self.each_event_at_or_behind_a_position_is_applied_waits_or_was_refused()

    def _finish(self, name: str, books: Books) -> None:
        books.retry = {event: Waiting() for event in books.retry}
        for _ in range(len(books.retry)):
            self.consumer(name).run_due()
        for category in books.positions:
            self.consumer(name).catch_up(category)
        subscribed = {event for event in self.events if event.category in books.positions}
        assert {*books.applied, *books.refused} == subscribed, f"{name} did not come to the end"
