"""What may be decided about the event in front of a stream: a pure decision; and plain causes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from libs.messaging.causes import describe, plain
from libs.messaging.desk_events import ParkedEventRefused, ParkedEventReleased
from libs.messaging.parked import (
    EventUnreadable,
    Held,
    NothingParked,
    NotTheHead,
    Order,
    Refuse,
    Release,
    decide,
)

CONSUMER, STREAM, REASON = "workflow.policies", "document-1", "0" * 64
AT = datetime(2026, 11, 22, tzinfo=UTC)
HELD = Held(
    consumer=CONSUMER, stream=STREAM, version=3, attempts=5, parked=True, due_at=AT, cause="x",
    behind=2, event_id=UUID(int=1), event_type="DocumentAccepted", recorded_at=AT,
)  # fmt: skip
ORDERS = [Release(CONSUMER, STREAM), Refuse(CONSUMER, STREAM, REASON)]


@pytest.mark.parametrize("seen", [None, 3])
def test_the_parked_head_is_released_or_refused(seen: int | None) -> None:
    facts = (CONSUMER, UUID(int=1), STREAM, 3, "DocumentAccepted", 5)
    assert decide(HELD, Release(CONSUMER, STREAM, seen)) == ParkedEventReleased(*facts)
    assert decide(HELD, Refuse(CONSUMER, STREAM, REASON, seen)) == ParkedEventRefused(
        *facts, REASON
    )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("held", [None, replace(HELD, parked=False)])
def test_what_is_not_parked_is_not_decided_about(held: Held | None, order: Order) -> None:
    with pytest.raises(NothingParked, match="nothing parked in document-1"):
        decide(held, order)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seen", [0, 2, 4])
def test_another_event_than_the_one_seen_is_not_decided_about(order: Order, seen: int) -> None:
    with pytest.raises(NotTheHead, match=f"version 3 stands in front, not {seen}"):
        decide(HELD, replace(order, version=seen))


@pytest.mark.parametrize("order", ORDERS)
def test_an_event_that_the_service_cannot_read_is_not_decided_about(order: Order) -> None:
    with pytest.raises(EventUnreadable):
        decide(replace(HELD, event_id=None, event_type=None, recorded_at=None), order)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("agency"), "was not found"),
        (LookupError("DocumentX stands in neither table"), "was not found"),
        (ValueError("anything"), "mend the fault"),
    ],
)
def test_a_cause_as_the_applier_keeps_it_has_plain_words(error: Any, words: str) -> None:
    assert words in plain(describe(error)).en


def test_a_handler_that_ended_its_process_is_told_so() -> None:
    assert "memory" in plain("the handler ended its process").en
    assert "bộ nhớ" in plain("the handler ended its process").vi
