"""Recall, update, replacement: both sides end equal, whatever the network does between them.

The model plays sender, receiver and network over the real rules of both services: short orders in
every interleaving, long ones at random.
"""

import os
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from services.documents.commands import ReceiveRecall
from services.documents.domain import incoming
from services.documents.domain.incoming import Event, Incoming
from services.interconnect.commands import RecordWithdrawal
from services.interconnect.domain import delivery as rules
from services.interconnect.domain import packet as packets
from services.interconnect.domain.delivery import Delivery
from services.interconnect.domain.packet import Packet
from services.interconnect.errors import RecalledAlready
from services.interconnect.events import RecallAsked, RecallHeld
from tests.unit.protocol_model.machine import Protocol
from tests.unit.protocol_model.network import Document
from tests.unit.protocol_model.receiver import DUTIES
from tests.unit.protocol_model.sender import CUT, Sender
from tests.unit.protocol_model.world import Step, World

# `MODEL_RUNS=20000 pytest tests/unit/protocol_model` searches long, and elsewhere each time.
RUNS = int(os.environ.get("MODEL_RUNS", "0"))

OLD: Step = ("issue", Document("old"))
UPDATE: Step = ("issue", Document("new", "update", "old"))
REPLACEMENT: Step = ("issue", Document("new", "replacement", "old"))
RECALL: Step = ("recall", "old")
LOCKED: Step = ("unreachable", True)
OPEN: Step = ("unreachable", False)
LOST: Step = ("unreachable", CUT)
# Of one name for both the wire cannot tell whom a refusal is for, nor whose step shows that a try
# had left: such a clerk accepts, and such an axis takes all.
SAME_NAME: Step = ("issue", Document("new", "update", "old", alias="old"))
ACCEPTING = ("accept",)


def every_interleaving(
    orders: list[Step],
    most_copies: int,
    duties: tuple[str, ...] = DUTIES,
    declining: bool = True,
) -> int:
    """Check the end of every world that these orders, given in this order, can lead to."""
    first = World(most_copies, duties=duties, declining=declining)
    seen: set[Any] = {(first.key(), 0)}
    left = [(first, 0)]
    while left:
        world, given = left.pop()
        world.check_end()
        next_order = [orders[given]] if given < len(orders) else []
        for step in [*next_order, *world.steps()]:
            after = world.copy()
            after.do(step)
            place = (after.key(), given + (step in next_order))
            if place not in seen:
                seen.add(place)
                left.append((after, place[1]))
    return len(seen)


@pytest.mark.parametrize(
    ("orders", "most_copies"),
    [
        ([OLD, RECALL], 2),
        ([OLD, RECALL, RECALL], 1),
        ([OLD, UPDATE], 1),
        ([OLD, REPLACEMENT], 1),
        ([OLD, RECALL, UPDATE], 1),
        ([OLD, LOCKED, RECALL, OPEN, RECALL], 1),
        ([OLD, LOST, RECALL, OPEN, RECALL], 1),
        ([OLD, LOST, RECALL, RECALL], 1),
        ([OLD, LOST, RECALL, UPDATE], 1),
    ],
    ids=[
        *("recall, each packet twice", "recall again", "update", "replacement", "both"),
        *("in vain", "given up and again", "given up twice", "given up, then update"),
    ],
)
def test_in_every_interleaving_of_a_short_order_both_sides_end_equal(
    orders: list[Step], most_copies: int
) -> None:
    assert every_interleaving(orders, most_copies) > 500


def test_an_update_of_its_originals_name_may_overtake_it() -> None:
    assert every_interleaving([OLD, SAME_NAME], 1, ACCEPTING, declining=False) > 100


def test_an_original_that_is_refused_for_its_updates_name_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        packets, "takes_a_name", lambda new, known: bool(known) and not new.business
    )
    with pytest.raises(AssertionError, match="the sender says"):
        every_interleaving([OLD, SAME_NAME], 1, ACCEPTING, declining=False)


def nothing_is_held(_packet: Packet, _held: RecallHeld) -> list[packets.Event]:
    return []


def seconds_are_shared(_document: Incoming, at: datetime) -> datetime:
    return at


def requests_are_not_told_apart(delivery: Delivery) -> None:
    if delivery.outcome:
        raise RecalledAlready


def the_replaced_stay_silent(document: Incoming, command: ReceiveRecall) -> list[Event]:
    return [] if document.state == "replaced" else receive_recall(document, command)


def kept_back_though_it_may_have_left(sender: Sender, name: str) -> None:
    if isinstance(sender.deliveries[name].request, RecallAsked):
        sender._do(name, RecordWithdrawal())
    else:
        sender.tried |= {name}
        sender.network.send(sender.documents[name])


receive_recall = incoming._receive_recall


@pytest.mark.parametrize(
    ("place", "name", "broken", "orders"),
    [
        (packets, "hold", nothing_is_held, [OLD, RECALL]),
        (incoming, "_second_of", seconds_are_shared, [OLD, RECALL, RECALL]),
        (rules, "_require_askable", requests_are_not_told_apart, [OLD, UPDATE, RECALL]),
        (incoming, "_receive_recall", the_replaced_stay_silent, [OLD, REPLACEMENT, RECALL]),
        (Sender, "hand_over", kept_back_though_it_may_have_left, [OLD, RECALL]),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_broken_rule_is_found(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, broken: object, orders: list[Step]
) -> None:
    monkeypatch.setattr(place, name, broken)
    with pytest.raises(AssertionError, match="the sender says"):
        every_interleaving(orders, most_copies=1)


@pytest.mark.timeout(7200)
def test_at_random_and_for_long_both_sides_end_equal() -> None:
    run_state_machine_as_test(
        Protocol,
        settings=settings(
            max_examples=RUNS or 100,
            stateful_step_count=40,
            derandomize=not RUNS,
            deadline=None,
            database=None,
            suppress_health_check=tuple(HealthCheck),
            print_blob=True,
        ),
    )
