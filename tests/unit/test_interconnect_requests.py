"""What a sender asks about a delivery: recall, update, replacement; one at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest

from services.interconnect.commands import (
    AskRecall,
    AskUpdate,
    LapseRecall,
    LapseUpdate,
    RecordFailure,
    RecordRecallSent,
    RecordReplaced,
    RecordWithdrawal,
)
from services.interconnect.domain.delivery import Delivery, Event, decide, evolve
from services.interconnect.errors import (
    DeliveryNotMade,
    DeliveryNotOpened,
    InterconnectError,
    RecalledAlready,
    RefusedByRecipient,
    ReplacedAlready,
    RequestOpen,
)
from services.interconnect.events import (
    DeliveryOpened,
    DeliveryRefused,
    DeliveryReplaced,
    DeliveryWithdrawn,
    PacketSent,
    RecallAsked,
    RecallLapsed,
    RecallSent,
    StatusReceived,
    UpdateAsked,
    UpdateLapsed,
)

DISPATCH, SENDER, RECIPIENT, NEWER, OTHER = (UUID(int=n) for n in range(1, 6))
AT = datetime(2026, 11, 22, 1, 2, 3, 400_000, tzinfo=UTC)
SECOND = AT.replace(microsecond=0)
IDS = {
    "delivery_id": f"{DISPATCH}-{RECIPIENT}",
    "dispatch_id": DISPATCH,
    "document_id": DISPATCH,
    "sender_id": SENDER,
    "recipient_id": RECIPIENT,
}
OPENED = DeliveryOpened(**IDS, channel="axis")  # type: ignore[arg-type]
SENT = PacketSent(**IDS, channel="axis", packet="p")  # type: ignore[arg-type]
REFUSED = DeliveryRefused(**IDS, reason_code="axis-18", never_left=True)  # type: ignore[arg-type]
PERHAPS = DeliveryRefused(**IDS, reason_code="axis-18")  # type: ignore[arg-type]
WITHDRAWN = DeliveryWithdrawn(**IDS)  # type: ignore[arg-type]
UPDATE_ASKED = UpdateAsked(**IDS, by=NEWER)  # type: ignore[arg-type]
LAPSED = UpdateLapsed(**IDS, by=NEWER, never_left=True)  # type: ignore[arg-type]
LEFT = UpdateLapsed(**IDS, by=NEWER)  # type: ignore[arg-type]
REPLACED = DeliveryReplaced(**IDS, by=NEWER)  # type: ignore[arg-type]
RECALL_SENT = RecallSent(**IDS, status_packet="s", channel="axis")  # type: ignore[arg-type]
RECALL = AskRecall(at=AT, note="n")
LAPSE_RECALL = LapseRecall(status_packet="s", reason_code="axis-23")
UPDATE = AskUpdate(by=NEWER)


def asked(seconds: int = 0) -> RecallAsked:
    at = SECOND + timedelta(seconds=seconds)
    return RecallAsked(**IDS, asked_at=at, note="n")  # type: ignore[arg-type]


def told(code: str, seconds: int = 0) -> StatusReceived:
    return StatusReceived(
        **IDS,  # type: ignore[arg-type]
        status_code=code,
        told_at=AT + timedelta(seconds=seconds),
        unit="",
        status_packet="s",
        channel="axis",
    )


def given(*events: Event) -> Delivery:
    return reduce(evolve, events, Delivery())


@pytest.mark.parametrize("history", [(OPENED,), (OPENED, SENT), (OPENED, SENT, told("06"))])
def test_what_was_not_answered_for_good_can_be_asked_back_by_its_second(
    history: tuple[Event, ...],
) -> None:
    assert decide(given(*history), RECALL) == [asked()]
    assert decide(given(*history), UPDATE) == [UPDATE_ASKED]


@pytest.mark.parametrize(
    ("history", "refusal"),
    [
        ((), DeliveryNotOpened),
        ((OPENED, REFUSED), DeliveryNotMade),
        ((OPENED, SENT, told("02")), RefusedByRecipient),
        ((OPENED, asked(), WITHDRAWN), RecalledAlready),
        ((OPENED, SENT, asked(), told("15")), RecalledAlready),
        ((OPENED, SENT, UPDATE_ASKED, told("15")), ReplacedAlready),
        ((OPENED, SENT, REPLACED), ReplacedAlready),
        ((OPENED, SENT, asked()), RequestOpen),
        ((OPENED, SENT, UpdateAsked(**IDS, by=OTHER)), RequestOpen),  # type: ignore[arg-type]
    ],
)
def test_nothing_is_asked_that_can_have_no_answer(
    history: tuple[Event, ...], refusal: type[InterconnectError]
) -> None:
    for command in (RECALL, UPDATE):
        with pytest.raises(refusal):
            decide(given(*history), command)


def test_asking_for_the_same_update_twice_asks_once() -> None:
    assert decide(given(OPENED, SENT, UPDATE_ASKED), UPDATE) == []


def test_a_refused_recall_may_be_asked_again_and_has_a_second_of_its_own() -> None:
    again = given(OPENED, SENT, asked(), RECALL_SENT, told("16"))
    assert decide(again, RECALL) == [asked(seconds=1)]
    assert decide(again, AskRecall(at=AT + timedelta(minutes=1), note="n")) == [asked(seconds=60)]


@pytest.mark.parametrize(
    ("code", "outcome"), [("15", "recalled"), ("16", ""), ("02", "")], ids=["15", "16", "02"]
)
def test_an_answer_closes_the_recall(code: str, outcome: str) -> None:
    delivery = given(OPENED, SENT, asked(), told(code))
    assert (delivery.request, delivery.outcome) == (None, outcome)


@pytest.mark.parametrize("code", ["01", "03", "04", "05", "06", "13"])
def test_a_step_of_the_work_is_no_answer(code: str) -> None:
    assert given(OPENED, SENT, asked(), told(code)).request == asked()


def test_an_answer_that_nobody_asked_for_changes_nothing() -> None:
    delivery = given(OPENED, SENT, told("15"), told("16"))
    assert (delivery.outcome, delivery.request) == ("", None)
    assert given(OPENED, SENT, UPDATE_ASKED, told("15")).outcome == "updated"


def test_a_recall_is_to_be_told_once_it_has_left_and_until_it_was_told() -> None:
    assert given(OPENED, asked()).recall_to_send is None
    assert given(OPENED, asked(), SENT).recall_to_send == asked()
    assert given(OPENED, SENT, asked()).recall_to_send == asked()
    assert given(OPENED, SENT, asked(), RECALL_SENT).recall_to_send is None
    answered = (OPENED, SENT, asked(), RECALL_SENT, told("16"))
    assert given(*answered, asked(9)).recall_to_send == asked(9)
    assert given(OPENED, SENT, asked(), told("02")).recall_to_send is None


def test_the_recipient_is_told_once_of_each_recall() -> None:
    command = RecordRecallSent(status_packet="s", channel="axis")
    assert decide(given(OPENED, SENT, asked()), command) == [RECALL_SENT]
    assert decide(given(OPENED, SENT, asked(), RECALL_SENT), command) == []


def test_only_what_was_recalled_before_it_left_is_kept_back() -> None:
    assert decide(given(OPENED, asked()), RecordWithdrawal()) == [WITHDRAWN]
    for history in ((OPENED,), (OPENED, SENT, asked()), (OPENED, UPDATE_ASKED)):
        assert decide(given(*history), RecordWithdrawal()) == []


def test_an_update_lapses_when_the_newer_document_does_not_leave() -> None:
    lapse = LapseUpdate(by=NEWER, never_left=True)
    assert decide(given(OPENED, SENT, UPDATE_ASKED), lapse) == [LAPSED]
    assert given(OPENED, SENT, UPDATE_ASKED, LAPSED).request is None
    for history in ((OPENED, SENT), (OPENED, SENT, asked())):
        assert decide(given(*history), lapse) == []
    assert decide(given(OPENED, SENT, UPDATE_ASKED), LapseUpdate(by=OTHER)) == []


def test_a_replacement_counts_where_the_document_is_in_force() -> None:
    command = RecordReplaced(by=NEWER)
    assert decide(given(OPENED, SENT), command) == [REPLACED]
    for history in (
        (OPENED, REFUSED),
        (OPENED, asked(), WITHDRAWN),
        (OPENED, SENT, told("02")),
        (OPENED, SENT, REPLACED),
        (OPENED, SENT, asked(), told("15")),
    ):
        assert decide(given(*history), command) == []
    assert given(OPENED, REPLACED, REFUSED).outcome == ""


@pytest.mark.parametrize("code", ["03", "04", "05", "06"])
def test_a_document_is_taken_once_it_was_accepted_there(code: str) -> None:
    assert given(OPENED, SENT, told(code)).taken
    assert not given(OPENED, told(code)).taken


def test_a_document_is_taken_when_an_update_was_agreed_in_its_place() -> None:
    assert given(OPENED, SENT, UPDATE_ASKED, told("15")).taken
    # Its recipient may have refused it before he accepted what replaces it; a 02 may be on its way.
    assert not given(OPENED, SENT, REPLACED).taken
    assert not given(OPENED, SENT, told("01"), told("02")).taken
    assert not given(OPENED, SENT, asked(), told("15")).taken


def test_a_recall_that_the_axis_refuses_lapses_once_and_may_be_asked_again() -> None:
    delivery = given(OPENED, SENT, asked())
    (lapsed,) = decide(delivery, LAPSE_RECALL)
    assert isinstance(lapsed, RecallLapsed)
    assert (lapsed.reason_code, lapsed.asked_at) == ("axis-23", asked().asked_at)
    delivery = evolve(delivery, lapsed)
    assert (delivery.request, delivery.recall_to_send) == (None, None)
    assert decide(delivery, LAPSE_RECALL) == []
    (again,) = decide(delivery, RECALL)
    delivery = evolve(delivery, again)
    assert delivery.recall_to_send == again
    (sent,) = decide(delivery, RecordRecallSent(status_packet="s", channel="axis"))
    assert evolve(delivery, sent).recall_to_send is None


@pytest.mark.parametrize("history", [(OPENED, SENT), (OPENED, SENT, UPDATE_ASKED)])
def test_without_an_open_recall_none_lapses(history: tuple[Event, ...]) -> None:
    assert decide(given(*history), LAPSE_RECALL) == []


@pytest.mark.parametrize(("codes", "outcome"), [("15", "recalled"), ("16 15", ""), ("16", "")])
def test_a_recall_that_was_given_up_and_left_all_the_same_is_answered(
    codes: str, outcome: str
) -> None:
    (lapsed,) = decide(given(OPENED, SENT, asked()), LapseRecall(reason_code="refused_at_desk"))
    answers = [told(code) for code in codes.split()]
    delivery = given(OPENED, SENT, asked(), lapsed, *answers)
    assert (delivery.outcome, delivery.request) == (outcome, None)


def test_a_recall_of_what_failed_there_is_answered_when_people_there_read_it_again() -> None:
    history = (OPENED, SENT, asked(), RECALL_SENT)
    (failed,) = decide(given(*history), RecordFailure())
    refused = given(*history, failed)
    assert (refused.transport, refused.request) == ("refused", None)
    came: list[Event] = [told("01"), SENT, told("15", 60)]
    later = reduce(evolve, came, refused)
    assert (later.transport, later.outcome) == ("sent", "recalled")


def test_an_answer_to_what_was_never_asked_means_nothing() -> None:
    assert given(OPENED, SENT, told("15")).outcome == ""
    never = replace(LAPSE_RECALL, never_left=True)
    (lapsed,) = decide(given(OPENED, SENT, asked()), never)
    assert given(OPENED, SENT, asked(), lapsed, told("15")).outcome == ""
    assert decide(given(OPENED, SENT, asked(), lapsed), UPDATE) == [UPDATE_ASKED]


def test_while_what_was_given_up_may_be_answered_nothing_is_asked_that_could_be_mistaken() -> None:
    (lapsed,) = decide(given(OPENED, SENT, asked()), LAPSE_RECALL)
    recalled = given(OPENED, SENT, asked(), lapsed)
    updated = given(OPENED, SENT, UPDATE_ASKED, LEFT)
    for delivery, command in ((recalled, UPDATE), (updated, RECALL), (updated, UPDATE)):
        with pytest.raises(RequestOpen):
            decide(delivery, command)
    assert decide(recalled, RECALL) == [asked(1)]
    assert decide(evolve(recalled, told("16")), UPDATE) == [UPDATE_ASKED]
    assert evolve(updated, told("15")).outcome == "updated"


def test_each_recall_that_was_given_up_has_an_answer_of_its_own() -> None:
    lapsed = RecallLapsed(**IDS, asked_at=AT, reason_code="r")  # type: ignore[arg-type]
    twice = given(OPENED, SENT, asked(), lapsed, asked(1), lapsed)
    assert reduce(evolve, [told("16"), told("15", 1)], twice).outcome == "recalled"
    assert reduce(evolve, [told("16"), told("16", 1), told("15", 2)], twice).outcome == ""


def test_what_was_refused_and_may_have_left_is_in_force_once_a_step_shows_that_it_came() -> None:
    refused = given(OPENED, PERHAPS)
    assert decide(refused, UPDATE) == [LEFT]
    assert decide(evolve(refused, LEFT), UPDATE) == []
    assert decide(refused, RecordReplaced(by=NEWER)) == [REPLACED]
    assert given(OPENED, REPLACED, PERHAPS).outcome == "replaced"
    answered = given(OPENED, PERHAPS, LEFT, SENT, told("01"), told("15"))
    assert answered.outcome == "updated"
    asked_before = given(OPENED, UPDATE_ASKED, PERHAPS, SENT, told("15"))
    assert asked_before.outcome == "updated"


def test_a_recall_of_what_was_refused_is_told_to_nobody_later() -> None:
    later = given(OPENED, asked(), PERHAPS, SENT, told("01"), asked(1), RECALL_SENT)
    assert later.recall_to_send is None


def test_what_was_never_accepted_has_nobody_in_its_place() -> None:
    assert given(OPENED, SENT, REPLACED, told("02")).outcome == ""
