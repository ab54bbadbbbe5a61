"""One recipient's delivery: given what happened, when told something, then these facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID, uuid5

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.interconnect.commands import (
    OpenDelivery,
    RecordFailure,
    RecordRefusal,
    RecordSent,
    RecordStatus,
)
from services.interconnect.domain import (
    LABELS,
    Delivery,
    Event,
    axis_packet_id,
    decide,
    delivery_id,
    evolve,
    inside_packet_id,
)
from services.interconnect.errors import DeliveryNotOpened, StatusCodeUnknown
from services.interconnect.events import (
    DeliveryOpened,
    DeliveryRefused,
    PacketSent,
    StatusReceived,
)

DISPATCH, SENDER, RECIPIENT = UUID(int=1), UUID(int=2), UUID(int=3)
NAME = f"{DISPATCH}-{RECIPIENT}"
AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
IDS = {
    "delivery_id": NAME,
    "dispatch_id": DISPATCH,
    "document_id": DISPATCH,
    "sender_id": SENDER,
    "recipient_id": RECIPIENT,
}
OPEN = OpenDelivery(
    dispatch_id=DISPATCH,
    document_id=DISPATCH,
    sender_id=SENDER,
    recipient_id=RECIPIENT,
    channel="axis",
)
OPENED = DeliveryOpened(**IDS, channel="axis")  # type: ignore[arg-type]
SENT = PacketSent(**IDS, channel="axis", packet="p", axis_doc_id="d")  # type: ignore[arg-type]
REFUSED = DeliveryRefused(**IDS, reason_code="axis-18")  # type: ignore[arg-type]
TELL = RecordStatus(
    status_code="03",
    told_at=AT,
    unit="Văn thư",
    staff="s",
    note="n",
    status_packet="sp",
    channel="inside",
)
TOLD = StatusReceived(
    **IDS,  # type: ignore[arg-type]
    status_code="03",
    told_at=AT,
    unit="Văn thư",
    staff="s",
    note="n",
    status_packet="sp",
    channel="inside",
)


def given(*events: Event) -> Delivery:
    return reduce(evolve, events, Delivery())


def test_opening_names_everybody_in_it() -> None:
    assert decide(given(), OPEN) == [OPENED]


def test_opening_twice_changes_nothing() -> None:
    assert decide(given(OPENED), OPEN) == []
    assert decide(given(OPENED, SENT), OPEN) == []


def test_what_is_open_can_be_sent_once() -> None:
    command = RecordSent(packet="p", axis_doc_id="d")
    assert decide(given(OPENED), command) == [SENT]
    assert decide(given(OPENED, SENT), command) == []


def test_what_is_open_can_be_refused_for_good() -> None:
    command = RecordRefusal(reason_code="axis-18")
    assert decide(given(OPENED), command) == [REFUSED]
    assert decide(given(OPENED, REFUSED), command) == []
    assert decide(given(OPENED, REFUSED), RecordSent(packet="p")) == []


def test_what_was_sent_is_not_refused_afterwards() -> None:
    assert decide(given(OPENED, SENT), RecordRefusal(reason_code="axis-18")) == []


def test_what_the_recipients_system_failed_is_refused_once() -> None:
    failed = replace(REFUSED, reason_code="axis-fail")
    assert decide(given(OPENED, SENT), RecordFailure()) == [failed]
    assert decide(given(OPENED, SENT, failed), RecordFailure()) == []


@pytest.mark.parametrize("history", [(OPENED,), (OPENED, REFUSED)])
def test_what_never_left_is_not_failed_there(history: tuple[Event, ...]) -> None:
    assert decide(given(*history), RecordFailure()) == []


def test_whoever_told_a_step_has_the_document_whatever_his_system_said_of_the_packet() -> None:
    assert decide(given(OPENED, SENT, TOLD), RecordFailure()) == []


@pytest.mark.parametrize("command", [RecordSent(packet="p"), RecordRefusal(reason_code="r"), TELL])
def test_nothing_is_recorded_on_what_was_never_opened(command: RecordSent) -> None:
    with pytest.raises(DeliveryNotOpened):
        decide(given(), command)


@pytest.mark.parametrize("history", [(OPENED,), (OPENED, SENT)])
def test_a_told_status_is_recorded_whatever_the_transport_says(history: tuple[Event, ...]) -> None:
    # The recipient may have the packet before we know that the axis took it.
    assert decide(given(*history), TELL) == [TOLD]


def test_a_step_shows_that_an_earlier_try_had_left() -> None:
    shown = PacketSent(**IDS, channel="axis", packet="")  # type: ignore[arg-type]
    assert decide(given(OPENED, REFUSED), TELL) == [shown, TOLD]
    assert decide(given(OPENED, TOLD), RecordRefusal(reason_code="axis-23")) == [shown]
    assert given(OPENED, REFUSED, shown, TOLD).transport == "sent"


@pytest.mark.parametrize("code", sorted(LABELS))
def test_each_of_the_nine_codes_can_be_told_in_any_order(code: str) -> None:
    finished = replace(TOLD, status_code="06", told_at=AT - timedelta(1))
    assert decide(given(OPENED, SENT, finished), replace(TELL, status_code=code)) == [
        replace(TOLD, status_code=code)
    ]


@pytest.mark.parametrize("code", ["", "0", "00", "3", "44", "103", "07"])
def test_another_code_is_refused(code: str) -> None:
    with pytest.raises(StatusCodeUnknown):
        decide(given(OPENED), replace(TELL, status_code=code))


def test_the_same_status_by_other_bytes_or_another_way_is_a_repeat() -> None:
    again = replace(TELL, status_packet="other", channel="axis")
    assert decide(given(OPENED, TOLD), again) == []
    assert decide(given(OPENED, TOLD, replace(TOLD, status_code="05")), TELL) == []


@pytest.mark.parametrize(
    "change",
    [{"unit": "Phòng khác"}, {"staff": None}, {"note": None}, {"envelope": "envelope_expired"}],
)
def test_a_step_told_again_with_less_or_more_beside_it_is_a_repeat(
    change: dict[str, object],
) -> None:
    assert decide(given(OPENED, TOLD), replace(TELL, **change)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"status_code": "05"},
        {"told_at": AT + timedelta(seconds=1)},
        {"teller_id": UUID(int=9)},
    ],
)
def test_another_code_second_or_teller_is_another_step(change: dict[str, object]) -> None:
    differs = replace(TELL, **change)  # type: ignore[arg-type]
    assert decide(given(OPENED, TOLD), differs) == [replace(TOLD, **change)]  # type: ignore[arg-type]


def test_two_units_may_be_assigned_in_one_second() -> None:
    here, there = replace(TELL, status_code="04"), replace(TELL, status_code="04", unit="Phòng")
    (first,) = decide(given(OPENED), here)
    assert len(decide(given(OPENED, first), there)) == 1


def test_by_its_number_a_step_is_the_same_whatever_it_says() -> None:
    first = replace(TOLD, pair_number=7)
    again = replace(TELL, pair_number=7, told_at=AT + timedelta(seconds=1))
    assert decide(given(OPENED, first), again) == []
    assert len(decide(given(OPENED, first), replace(TELL, pair_number=8))) == 1


def test_the_state_follows_the_facts() -> None:
    assert given() == Delivery(None, "", ())
    assert given(OPENED) == Delivery(OPENED, "opened", ())
    assert given(OPENED, SENT) == Delivery(OPENED, "sent", ())
    refused = Delivery(OPENED, "refused", (), may_have_left=True)
    assert given(OPENED, REFUSED) == refused
    never_left = replace(REFUSED, never_left=True)
    assert given(OPENED, never_left) == replace(refused, may_have_left=False)


def test_names_are_the_same_every_time_and_apart_from_each_other() -> None:
    assert delivery_id(DISPATCH, RECIPIENT) == NAME
    assert inside_packet_id(DISPATCH, RECIPIENT) == uuid5(DISPATCH, str(RECIPIENT))
    whole = axis_packet_id("d-1")
    assert whole == UUID("ccfba009-0e82-532c-ad06-beb368d2079e")
    assert axis_packet_id("d-1", RECIPIENT) == uuid5(whole, str(RECIPIENT))
    assert len({whole, axis_packet_id("d-2"), axis_packet_id("d-1", RECIPIENT)}) == 3


@for_all(st.lists(st.sampled_from([OPEN, RecordSent(packet="p"), RecordRefusal(reason_code="r")])))
def test_a_delivery_ends_at_most_once(commands: list[OpenDelivery]) -> None:
    delivery, facts = given(OPENED), list[Event]()
    for command in commands:
        new = decide(delivery, command)
        facts += new
        delivery = reduce(evolve, new, delivery)
    assert len(facts) <= 1
