"""Recalls of what has arrived, or has not yet: each request once, in whatever order."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

from services.interconnect.commands import RecordRecall
from services.interconnect.domain.packet import Event, Packet, evolve, hold, join, recall
from services.interconnect.events import PacketArrived, RecallArrived, RecallHeld

PACKET, EARLY, SENDER, RECIPIENT = (UUID(int=n) for n in range(1, 5))
AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
ARRIVED = PacketArrived(
    packet_id=PACKET,
    sender_id=SENDER,
    recipient_id=RECIPIENT,
    channel="axis",
    packet="p",
    foreign_id="f",
    code="1/X",
    type_name="t",
    text="x",
    urgency=0,
    files=(),
    sender_code="G22",
    recipient_code="H25",
)


def ask(seconds: int = 0) -> RecordRecall:
    at = AT + timedelta(seconds=seconds)
    return RecordRecall(asked_at=at, note="n", request_packet="r", channel="axis", axis_doc_id="d")


def asked(seconds: int = 0) -> RecallArrived:
    return RecallArrived(
        packet_id=PACKET,
        sender_id=SENDER,
        recipient_id=RECIPIENT,
        asked_at=AT + timedelta(seconds=seconds),
        note="n",
        request_packet="r",
        channel="axis",
        axis_doc_id="d",
    )


def held(seconds: int = 0) -> RecallHeld:
    return RecallHeld(
        packet_id=EARLY,
        sender_id=SENDER,
        recipient_id=RECIPIENT,
        foreign_id="f",
        asked_at=AT + timedelta(seconds=seconds),
        note="n",
        request_packet="r",
        axis_doc_id="d",
    )


def given(*events: object) -> Packet:
    return reduce(evolve, events, Packet())


def test_a_request_is_recorded_once_by_its_second() -> None:
    assert recall(given(ARRIVED), ask()) == [asked()]
    assert recall(given(ARRIVED, asked(), asked(5)), ask()) == []
    assert recall(given(ARRIVED, asked()), ask(1)) == [asked(1)]


def test_a_request_without_its_document_is_held_once() -> None:
    assert hold(given(), held()) == [held()]
    assert hold(given(held(), held(3)), held()) == []
    assert hold(given(held()), held(1)) == [held(1)]


def test_what_was_held_joins_the_arrival_and_its_repeat_changes_nothing() -> None:
    events: list[Event] = join(given(held(), held(7)), ARRIVED)
    assert events == [ARRIVED, asked(), asked(7)]
    assert recall(given(*events), ask(7)) == []


def test_an_arrival_that_nobody_asks_back_comes_alone() -> None:
    assert join(given(), ARRIVED) == [ARRIVED]


def test_what_is_told_about_the_packet_is_no_part_of_this() -> None:
    assert given(ARRIVED, "a status") == given(ARRIVED)
