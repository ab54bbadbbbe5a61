"""Answers to the sender of an incoming document: to his recall, and about newer documents."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.documents.commands import (
    AgreeRecall,
    ReceiveRecall,
    RefuseRecall,
    RefuseUpdate,
    ReplaceDocument,
)
from services.documents.domain.incoming import Event, decide, effect_on_older
from services.documents.errors import DocumentUnknown, NoRecall, WrongState
from services.documents.events import (
    DocumentReplaced,
    DocumentWithdrawn,
    RecallReceived,
    RecallRefused,
    UpdateRefused,
)
from tests.unit.test_documents_incoming import (
    ACCEPT,
    AGENCY,
    ARRIVED,
    ID,
    NOTE,
    PACKET,
    REFUSE,
    STRANGER,
    TO_ACCEPTED,
    TO_ARRIVED,
    TO_REFUSED,
    TO_VERIFIED,
    VERIFY,
    given,
    refused,
)

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
IDS: dict[str, Any] = {"document_id": ID, "agency_id": AGENCY, "packet_id": PACKET}
ASK = ReceiveRecall(AT, NOTE, AT)
ASKED = RecallReceived(**IDS, asked_at=AT, note=NOTE)
WITHDRAWN = DocumentWithdrawn(**IDS, answered_at=AT)
REPLACE = ReplaceDocument(STRANGER, "update", AT)
REPLACED = DocumentReplaced(**IDS, by=STRANGER, business="update", answered_at=AT)
NOT_TAKEN = RefuseUpdate(STRANGER, NOTE, "wrong_form", AT)
UPDATE_REFUSED = UpdateRefused(
    **IDS, by=STRANGER, note=NOTE, reason_code="wrong_form", answered_at=AT
)
OPEN = [TO_ARRIVED, TO_VERIFIED, TO_ACCEPTED]


def kept(note: str = NOTE, reason_code: str = "", seconds: int = 0) -> RecallRefused:
    at = AT + timedelta(seconds=seconds)
    return RecallRefused(**IDS, note=note, reason_code=reason_code, answered_at=at)


@pytest.mark.parametrize("events", OPEN)
def test_a_recall_is_laid_before_the_clerk_who_agrees_or_refuses(events: list[Event]) -> None:
    assert decide(given(events), ASK) == [ASKED]
    asked = given([*events, ASKED])
    assert asked.state == given(events).state
    assert decide(asked, AgreeRecall(AT)) == [WITHDRAWN]
    assert decide(asked, RefuseRecall(NOTE, AT)) == [kept()]


def test_one_answer_serves_all_open_requests() -> None:
    assert decide(given([*TO_ACCEPTED, ASKED]), replace(ASK, asked_at=AT + timedelta(1))) == []


@pytest.mark.parametrize("events", [TO_REFUSED, [*TO_ACCEPTED, ASKED, WITHDRAWN]])
def test_what_is_not_here_any_more_needs_no_answer(events: list[Event]) -> None:
    assert decide(given(events), ASK) == []
    assert decide(given(events), REPLACE) == []
    assert decide(given(events), NOT_TAKEN) == []


def test_agreeing_twice_changes_nothing_and_refusing_needs_an_open_request() -> None:
    assert decide(given([*TO_ACCEPTED, ASKED, WITHDRAWN]), AgreeRecall(AT)) == []
    for events in (TO_ACCEPTED, [*TO_ACCEPTED, ASKED, kept()], TO_REFUSED):
        for command in (AgreeRecall(AT), RefuseRecall(NOTE, AT)):
            with pytest.raises(NoRecall):
                decide(given(events), command)
    with pytest.raises(DocumentUnknown):
        decide(None, AgreeRecall(AT))


def test_each_answer_has_a_second_of_its_own() -> None:
    again = given([*TO_ACCEPTED, ASKED, kept(), ASKED])
    assert decide(again, RefuseRecall(NOTE, AT)) == [kept(seconds=1)]
    later = AT + timedelta(minutes=1)
    assert decide(again, AgreeRecall(later)) == [replace(WITHDRAWN, answered_at=later)]


def test_work_goes_on_while_a_recall_is_open_and_a_refusal_ends_it() -> None:
    assert decide(given([*TO_VERIFIED, ASKED]), ACCEPT) != []
    assert decide(given([*TO_ARRIVED, ASKED]), REFUSE) == [refused("wrong_address", NOTE)]
    with pytest.raises(NoRecall):
        decide(given([*TO_ARRIVED, ASKED, refused("other", NOTE)]), AgreeRecall(AT))


@pytest.mark.parametrize("ending", [WITHDRAWN, REPLACED])
def test_nothing_is_done_with_what_is_out_of_force(ending: Event) -> None:
    document = given([*TO_VERIFIED, ASKED, ending])
    assert decide(document, VERIFY) == []
    for command in (ACCEPT, REFUSE):
        with pytest.raises(WrongState):
            decide(document, command)


@pytest.mark.parametrize("events", OPEN)
def test_a_newer_document_takes_its_place_or_leaves_it(events: list[Event]) -> None:
    assert decide(given(events), REPLACE) == [REPLACED]
    assert decide(given(events), NOT_TAKEN) == [UPDATE_REFUSED]
    assert given([*events, UPDATE_REFUSED]).state == given(events).state


def test_each_newer_document_is_answered_once() -> None:
    for settled in (REPLACED, UPDATE_REFUSED):
        document = given([*TO_ACCEPTED, settled])
        assert decide(document, REPLACE) == []
        assert decide(document, NOT_TAKEN) == []


def test_of_two_that_are_taken_the_first_one_stands_here() -> None:
    other = replace(REPLACED, by=ID)
    (answer,) = decide(given([*TO_ACCEPTED, other]), REPLACE)
    assert isinstance(answer, UpdateRefused)
    assert (answer.by, answer.reason_code) == (STRANGER, "replaced")
    assert decide(given([*TO_ACCEPTED, other]), replace(REPLACE, business="replacement")) == []


def test_a_replacement_answers_the_recall_that_it_makes_void() -> None:
    asked = given([*TO_ACCEPTED, ASKED])
    assert decide(asked, REPLACE) == [REPLACED]
    first, second = decide(asked, replace(REPLACE, business="replacement"))
    assert first == kept(note="", reason_code="replaced")
    assert second == replace(REPLACED, business="replacement")


def test_a_recall_of_what_was_replaced_is_refused_at_once() -> None:
    answers = decide(given([*TO_ACCEPTED, REPLACED]), ASK)
    assert answers == [ASKED, kept(note="", reason_code="replaced", seconds=1)]


def newer(*events: Event, business: str = "update") -> Any:
    arrived = replace(ARRIVED, business=business, supersedes=("old",))
    document = given([arrived, *TO_VERIFIED[1:], *events])
    return effect_on_older(document, AT)


def test_what_a_newer_document_means_for_the_old_one() -> None:
    accepted, refusal = TO_ACCEPTED[-1], refused("wrong_form", NOTE)
    taken = ReplaceDocument(ID, "update", AT)
    assert newer() is None
    assert newer(accepted) == taken
    assert newer(accepted, ASKED, WITHDRAWN) == taken
    assert newer(REPLACED) == taken
    by_replacement = replace(REPLACED, business="replacement")
    assert newer(by_replacement) == RefuseUpdate(ID, "", "replaced", AT)
    assert newer(by_replacement, business="replacement") is None
    assert newer(refusal) == RefuseUpdate(ID, NOTE, "wrong_form", AT)
    assert newer(ASKED, WITHDRAWN) == RefuseUpdate(ID, "", "recalled", AT)
    assert newer(accepted, business="replacement") == replace(taken, business="replacement")
    assert newer(refusal, business="replacement") is None
