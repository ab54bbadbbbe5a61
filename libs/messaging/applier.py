"""Applying events to a consumer's rows: in order and once.

One code path for messages, gaps, late joiners, sweeps and a service's own events. Handlers do no
I/O: they write rows, add jobs and append (at most once). Read models, which never append, apply
many waiting events in one short transaction; policies one in each.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from libs.contracts import UnknownEvent, known, message
from libs.db import Database, Unit, connection_lost, may_run_again
from libs.eventstore import Place, Recorded
from libs.messaging.causality import causes_of
from libs.messaging.causes import ENDED_PROCESS, describe
from libs.messaging.decision import Decision, Position, decide
from libs.messaging.delivery import Cause, Delivery
from libs.messaging.positions import BACK_OFF_SECONDS, Due, Positions
from libs.observability import get_logger

T = TypeVar("T")
Handler = Callable[[Any, Recorded, Unit], None]
PAGE = 200
QUICK_TRIES = 5
# A transaction of many events ends after this: it holds the store's horizon, and in a service the
# one thread that also answers requests.
BATCH_SECONDS = 0.1
# Messages and starts: whoever ended the process this often is set aside unrun.
RUNS_UNTIL_SET_ASIDE = 5

logger = get_logger(__name__)


class Applier:
    """One consumer's way of applying events. `handlers` maps wire names to functions."""

    def __init__(self, consumer: str, database: Database, handlers: Mapping[str, Handler]) -> None:
        self.consumer = consumer
        self._database = database
        self._handlers = handlers
        self._one_by_one = consumer.endswith(".policies")
        self._known: dict[str, Position] = {}
        self._unfinished: Due | None = None

    def deliver(self, delivery: Delivery) -> Decision:
        """Do what the message asks for; when this returns, it may be acknowledged."""
        event = delivery.event
        if delivery.cause and not self._passed(delivery.cause, delivery.epoch):
            self.catch_up(delivery.cause.category, until=delivery.cause.place)
        if self._pass_over(delivery):
            return Decision.APPLY
        decision = self._apply_if(
            event,
            lambda mine: decide(mine, delivery.epoch, delivery.predecessor, event.place),
        )
        if decision is Decision.AHEAD:
            self.catch_up(event.category, until=event.place)
        return decision

    def _pass_over(self, delivery: Delivery) -> bool:
        """Whether the event is the next one and has no effect: then only the position moves.

        Half of all messages are such ones: a category's followers seldom want all of its types.
        """
        event = delivery.event
        if event.type in self._handlers or not known(event.type):
            return False
        with self._database.at_once() as connection:
            positions = Positions(connection, self.consumer)
            return positions.pass_over(event, delivery.epoch, delivery.predecessor)

    def catch_up(self, category: str, until: Place | None = None) -> int:
        """Apply what the store has behind the position (up to `until`); how many were applied.

        Only what lies below the horizon is read, so nothing can appear before it later.
        """
        applied = 0
        while True:
            with self._database.unit() as unit:
                mine = Positions(unit.connection, self.consumer).all()[category]
                if until is not None and mine.place >= until:
                    return applied
                page = unit.store.read_category(category, mine.place, PAGE)
                causes = causes_of(unit.connection, page)
            wanted = [event for event in page if until is None or event.place <= until]
            self._apply_behind_causes(wanted, mine, causes)
            applied += len(wanted)
            if len(wanted) < PAGE:
                return applied

    def _apply_behind_causes(
        self, page: Sequence[Recorded], mine: Position, causes: Mapping[UUID, Cause]
    ) -> None:
        """Apply a category's events in order, each after what brought it about."""
        before, done = {event.category: mine for event in page[:1]}, 0
        for number, event in enumerate(page):
            cause = causes.get(event.causation) if event.causation else None
            if cause and cause.category != event.category and not self._passed(cause, mine.epoch):
                before = self.apply_page(page[done:number], before)
                done = number
                self.catch_up(cause.category, until=cause.place)
        self.apply_page(page[done:], before)

    def apply_page(
        self,
        page: Sequence[Recorded],
        before: Mapping[str, Position],
        watch: Callable[[int], None] = lambda _applied: None,
    ) -> dict[str, Position]:
        """Apply the events in this order; returns the positions behind them.

        `before` are the positions that they follow. What somebody else has applied meanwhile is
        left out. `watch` is told after each transaction how many events it brought to an end.
        """
        positions, rest = dict(before), list(page)
        while rest:
            count = self._apply_some(rest, positions)
            for event in rest[:count]:
                positions[event.category] = replace(positions[event.category], place=event.place)
            rest = rest[count:]
            watch(count)
            time.sleep(0)  # a service's other greenlets come to their turn
        return positions

    def follow(self, categories: Sequence[str]) -> int:
        """Catch up where something waits; when nothing does, it costs one question."""
        with self._database.at_once() as connection:
            behind = Positions(connection, self.consumer).behind(categories)
        return sum(self.catch_up(category) for category in behind)

    def run_due(self) -> bool:
        """Run one due retry; False when none is due.

        A try is counted before it runs. One that this process lives to see broken off, as by a lost
        database, says nothing of the event: its count is taken back.
        """
        if self._unfinished:
            with self._database.unit() as unit:
                Positions(unit.connection, self.consumer).uncount_attempt(self._unfinished)
            self._unfinished = None
        with self._database.at_once() as connection:
            if Positions(connection, self.consumer).next_due() is None:
                return False
        with self._database.unit() as unit:
            positions = Positions(unit.connection, self.consumer)
            due = positions.next_due()
            if due and due.attempts >= len(BACK_OFF_SECONDS):
                # The last try was counted, and nobody lived to tell how it ended.
                positions.lock(due.category)
                positions.failed_again(due, ENDED_PROCESS)
                return True
            if due is None or not positions.count_attempt(due):
                return False
        self._unfinished = due
        try:
            self._quickly(lambda: self._retry(due))
        except Exception as error:
            if connection_lost(error):
                raise
            cause = describe(error)
            logger.warning(
                "event_failed_again", consumer=self.consumer, stream=due.stream, cause=cause
            )
            with self._database.unit() as unit:
                positions = Positions(unit.connection, self.consumer)
                positions.lock(due.category)
                positions.failed_again(due, cause)
        self._unfinished = None
        return True

    def set_aside(self, delivery: Delivery, cause: str) -> None:
        """Put a message's event into the retry table unrun, everything before it applied first."""
        event = delivery.event
        self.catch_up(event.category, until=delivery.predecessor)
        with self._database.unit() as unit:
            positions = Positions(unit.connection, self.consumer)
            mine = positions.lock(event.category)
            decision = decide(mine, delivery.epoch, delivery.predecessor, event.place)
            if decision is Decision.APPLY:
                positions.set_aside(event, cause)
                positions.move(event.category, event.place)
                logger.warning(
                    "event_set_aside", consumer=self.consumer, stream=event.stream,
                    version=event.version, cause=cause,
                )  # fmt: skip

    def note_start(self, categories: Sequence[str]) -> None:
        """After a start: what comes next in a category may be what ended the process before.

        Met at the front of its category by one start after the other, it is set aside unrun, and
        tried from the retry table, where every try is counted before it runs.
        """
        for category in categories:
            with self._database.unit() as unit:
                positions = Positions(unit.connection, self.consumer)
                mine = positions.lock(category)
                for event in unit.store.read_category(category, mine.place, 1):
                    if positions.count_start(category, event.place) > RUNS_UNTIL_SET_ASIDE:
                        positions.set_aside(event, ENDED_PROCESS)
                        positions.move(category, event.place)

    def _passed(self, cause: Cause, epoch: str) -> bool:
        """Whether the cause is applied, or of a category that is not followed.

        In one epoch positions only move forward: the database is asked when memory cannot tell.
        """
        mine = self._known.get(cause.category)
        if not self._known or (mine and (mine.epoch != epoch or mine.place < cause.place)):
            with self._database.at_once() as connection:
                self._known = Positions(connection, self.consumer).all()
            mine = self._known.get(cause.category)
        return mine is None or mine.place >= cause.place

    @staticmethod
    def _follows(before: Place, epoch: str, place: Place) -> Callable[[Any], Decision]:
        return lambda mine: decide(mine, epoch, before, place)

    def _apply_some(self, events: Sequence[Recorded], before: Mapping[str, Position]) -> int:
        """Apply some of the events, at least one; how many have come to an end."""
        if self._one_by_one:
            return self._apply_singly(events[:1], before)
        try:
            done = self._quickly(lambda: self._apply_together(events, before))
        except Exception as error:
            if connection_lost(error):
                raise
            done = 0
        return done or self._apply_singly(events, before)

    def _apply_singly(self, events: Sequence[Recorded], before: Mapping[str, Position]) -> int:
        """Judge each event for itself: only one that fails is set aside, a known one left out."""
        places = {category: mine.place for category, mine in before.items()}
        for event in events:
            category = event.category
            follows = self._follows(places[category], before[category].epoch, event.place)
            self._apply_if(event, follows)
            places[category] = event.place
        return len(events)

    def _apply_together(self, events: Sequence[Recorded], before: Mapping[str, Position]) -> int:
        """Apply events in one transaction until its time is over.

        How many; 0 when a position is no longer the one before.
        """
        places: dict[str, Place] = {}
        done = 0
        with self._database.unit() as unit:
            positions = Positions(unit.connection, self.consumer)
            for category in sorted({event.category for event in events}):
                if positions.lock(category) != before[category]:
                    return 0
            still = positions.standing_still({event.stream for event in events})
            end = time.monotonic() + BATCH_SECONDS
            for event in events:
                self._act(event, unit, positions, still)
                places[event.category] = event.place
                done += 1
                if time.monotonic() >= end:
                    break
            for category, place in places.items():
                positions.move(category, place)
        return done

    def _act(self, event: Recorded, unit: Unit, positions: Positions, still: set[str]) -> None:
        """The event's effect, or its place behind an earlier one of its stream that failed."""
        if event.stream in still:
            positions.set_aside(event, "an earlier event of the stream failed")
        else:
            self._handle(event, unit)

    def _apply_if(self, event: Recorded, judge: Callable[[Any], Decision]) -> Decision:
        """Apply the event when, under the position's lock, it is the next one."""
        try:
            return self._quickly(lambda: self._apply(event, judge))
        except Exception as error:
            if connection_lost(error):
                raise
            cause = describe(error)
        logger.warning("event_failed", consumer=self.consumer, stream=event.stream, cause=cause)
        with self._database.unit() as unit:
            positions = Positions(unit.connection, self.consumer)
            decision = judge(positions.lock(event.category))
            if decision is Decision.APPLY:
                positions.set_aside(event, cause)
                positions.move(event.category, event.place)
                logger.warning(
                    "event_set_aside", consumer=self.consumer, stream=event.stream,
                    version=event.version, cause=cause,
                )  # fmt: skip
        return decision

    def _apply(self, event: Recorded, judge: Callable[[Any], Decision]) -> Decision:
        with self._database.unit() as unit:
            positions = Positions(unit.connection, self.consumer)
            decision = judge(positions.lock(event.category))
            if decision is Decision.APPLY:
                self._act(event, unit, positions, positions.standing_still([event.stream]))
                positions.move(event.category, event.place)
            return decision

    def _retry(self, due: Due) -> None:
        with self._database.unit() as unit:
            event = unit.store.read(due.stream, due.version - 1, 1)[0]
            causes = causes_of(unit.connection, [event])
            epoch = unit.store.epoch()
        # It may have been set aside unrun, before its cause had come.
        for cause in causes.values():
            if not self._passed(cause, epoch):
                self.catch_up(cause.category, until=cause.place)
        with self._database.unit() as unit:
            positions = Positions(unit.connection, self.consumer)
            positions.lock(due.category)
            if positions.take_back(due):
                self._handle(event, unit)

    def _handle(self, event: Recorded, unit: Unit) -> None:
        handler = self._handlers.get(event.type)
        if handler is not None:
            handler(message(event), event, unit)
        elif not known(event.type):
            raise UnknownEvent(event.type)

    @staticmethod
    def _quickly(work: Callable[[], T]) -> T:
        """Run again at once, a few times, what lost a race."""
        for attempt in range(1, QUICK_TRIES):
            try:
                return work()
            except Exception as error:
                if not may_run_again(error):
                    raise
                time.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311
        return work()
