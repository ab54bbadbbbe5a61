"""No event is skipped, doubled or out of order, whatever happens; and the search would find it."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from libs.eventstore.model import Place
from libs.messaging.decision import Decision, Position, decide
from tests.unit.messaging_model import consumer
from tests.unit.messaging_model.consumer import Consumer
from tests.unit.messaging_model.machine import Messaging
from tests.unit.messaging_model.relay import Relay
from tests.unit.messaging_model.store import Store

# `MODEL_RUNS=20000 pytest tests/unit/messaging_model` searches long, and elsewhere each time.
RUNS = int(os.environ.get("MODEL_RUNS", "0"))


def search(machine: type[Messaging], **changes: Any) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=tuple(HealthCheck),
            **changes,
        ),
    )


@pytest.mark.timeout(7200)
def test_no_event_is_skipped_doubled_or_out_of_order() -> None:
    search(Messaging, max_examples=RUNS or 60, derandomize=not RUNS, print_blob=True)


def ahead_is_applied(mine: Position, epoch: str, predecessor: Place, place: Place) -> Decision:
    decision = decide(mine, epoch, predecessor, place)
    return Decision.APPLY if decision is Decision.AHEAD else decision


def duplicates_are_applied(
    mine: Position, epoch: str, predecessor: Place, place: Place
) -> Decision:
    decision = decide(mine, epoch, predecessor, place)
    return Decision.APPLY if decision is Decision.DUPLICATE else decision


def epochs_are_ignored(mine: Position, epoch: str, predecessor: Place, place: Place) -> Decision:
    return decide(mine, mine.epoch, predecessor, place)


def order_is_by_position(mine: Position, epoch: str, predecessor: Place, place: Place) -> Decision:
    if epoch == mine.epoch and place.position <= mine.place.position:
        return Decision.DUPLICATE
    return decide(mine, epoch, predecessor, place)


# Each with a seed by which the search finds it soon; with any other it finds it, too, but later.
BROKEN: list[tuple[Any, str, Callable[..., Any], int]] = [
    (consumer, "decide", ahead_is_applied, 0),
    (consumer, "decide", duplicates_are_applied, 0),
    (consumer, "decide", epochs_are_ignored, 2),
    (consumer, "decide", order_is_by_position, 0),
    (Store, "horizon", lambda self: self.next_xid + self.offset, 4),
    (Relay, "unmoved", lambda self, store, category: True, 7),
    (Consumer, "causes_first", lambda self, event: None, 0),
    (Consumer, "stands_still", lambda self, stream: False, 2),
    (Messaging, "may_swap", lambda self, new, old: True, 2),
]


@pytest.mark.parametrize(
    ("owner", "rule", "broken", "chosen"),
    BROKEN,
    ids=[f"{r}-{b.__name__}" for _, r, b, _ in BROKEN],
)
def test_a_broken_rule_is_found(
    owner: Any,
    rule: str,
    broken: Callable[..., Any],
    chosen: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, rule, broken)
    machine = seed(chosen)(type("Seeded", (Messaging,), {}))
    with pytest.raises(AssertionError):
        search(machine, max_examples=5000, phases=[Phase.generate], verbosity=Verbosity.quiet)
