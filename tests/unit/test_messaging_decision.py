"""What a consumer does with a message: every case of the decision, and what holds for any order."""

from random import Random

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from libs.eventstore.model import START, Place
from libs.messaging.decision import Decision, Position, decide

NOW, BEFORE_RESTORE = "epoch-2", "epoch-1"
MINE = Position(NOW, Place(10, 5))


@pytest.mark.parametrize(
    ("predecessor", "place", "decision"),
    [
        (Place(10, 5), Place(10, 6), Decision.APPLY),
        (Place(10, 5), Place(11, 1), Decision.APPLY),
        (Place(10, 4), Place(10, 5), Decision.DUPLICATE),
        (Place(10, 3), Place(10, 4), Decision.DUPLICATE),
        (START, Place(9, 99), Decision.DUPLICATE),
        (Place(10, 5), Place(10, 5), Decision.DUPLICATE),
        (Place(10, 5), Place(10, 4), Decision.DUPLICATE),
        (Place(10, 6), Place(10, 7), Decision.AHEAD),
        (Place(11, 5), Place(11, 6), Decision.AHEAD),
        (Place(10, 4), Place(10, 6), Decision.AHEAD),
        (START, Place(10, 6), Decision.AHEAD),
    ],
)
def test_a_message_is_judged_by_its_place_and_by_what_stands_before_it(
    predecessor: Place, place: Place, decision: Decision
) -> None:
    assert decide(MINE, NOW, predecessor, place) is decision


@pytest.mark.parametrize("place", [Place(9, 1), Place(10, 5), Place(10, 6), Place(99, 1)])
def test_another_epochs_message_is_foreign_whatever_its_place(place: Place) -> None:
    assert decide(MINE, BEFORE_RESTORE, MINE.place, place) is Decision.FOREIGN


def test_the_first_message_of_a_category_follows_the_start() -> None:
    assert decide(Position(NOW, START), NOW, START, Place(1, 1)) is Decision.APPLY


def test_the_transaction_counts_before_the_position() -> None:
    assert decide(MINE, NOW, MINE.place, Place(11, 0)) is Decision.APPLY
    assert decide(MINE, NOW, MINE.place, Place(9, 100)) is Decision.DUPLICATE


def test_decisions_have_the_names_that_logs_and_metrics_show() -> None:
    assert {decision.name: decision.value for decision in Decision} == {
        "APPLY": "apply",
        "DUPLICATE": "duplicate",
        "AHEAD": "ahead",
        "FOREIGN": "foreign",
    }


PLACES = st.lists(
    st.builds(Place, st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12, unique=True
).map(sorted)


@for_all(PLACES, st.lists(st.integers(0, 11), max_size=40), st.randoms())
def test_in_any_order_with_repeats_and_losses_each_event_is_applied_once_in_order(
    places: list[Place], deliveries: list[int], chance: Random
) -> None:
    """A gap is closed from the store, as the consumer does it."""
    chain = list(zip([START, *places], places, strict=False))
    order = [index % len(chain) for index in deliveries] + list(range(len(chain)))
    chance.shuffle(order)
    mine, applied = Position(NOW, START), []
    for index in order:
        decision = decide(mine, NOW, *chain[index])
        assert decision in (Decision.APPLY, Decision.DUPLICATE, Decision.AHEAD)
        for predecessor, place in chain[: index + 1]:
            if decide(mine, NOW, predecessor, place) is Decision.APPLY:
                assert decision is not Decision.DUPLICATE
                applied.append(place)
                mine = Position(NOW, place)
    assert applied == places
