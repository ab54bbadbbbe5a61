"""A tray: given these facts, when this is ordered, then that happens."""

from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.documents.commands import ApproveDocument, ConfirmTray, RefuseTrayLine
from services.documents.domain import outgoing
from services.documents.domain.tray import MOST, Event, Tray, decide, evolve
from services.documents.errors import TrayTooLarge
from services.documents.events import (
    DocumentApproved,
    DocumentDrafted,
    DraftReviewed,
    TrayConfirmed,
    TrayLineRefused,
)
from services.documents.reasons import sentences

TRAY, AGENCY, LEADER, POST, ONE, OTHER, STRANGER = (UUID(int=n) for n in range(1, 8))
CONFIRM = ConfirmTray(
    tray_id=TRAY, agency_id=AGENCY, person_id=LEADER, position_id=POST, documents=(ONE, OTHER)
)
CONFIRMED = TrayConfirmed(
    tray_id=TRAY,
    agency_id=AGENCY,
    signer_id=LEADER,
    signer_position_id=POST,
    documents=(ONE, OTHER),
)
REFUSED = TrayLineRefused(
    tray_id=TRAY, agency_id=AGENCY, document_id=ONE, reason_code="not_the_signer"
)


def given(*facts: Event) -> Tray | None:
    return reduce(evolve, facts, None)


def test_a_leader_confirms_a_tray() -> None:
    assert decide(given(), CONFIRM) == [CONFIRMED]


def test_a_document_that_is_named_twice_stands_in_the_tray_once() -> None:
    twice = ConfirmTray(**{**vars(CONFIRM), "documents": (ONE, OTHER, ONE)})
    assert decide(given(), twice) == [CONFIRMED]


def test_a_confirmed_tray_is_not_confirmed_again() -> None:
    assert decide(given(CONFIRMED), CONFIRM) == []


def test_a_tray_has_an_end() -> None:
    many = tuple(UUID(int=n) for n in range(MOST + 1))
    with pytest.raises(TrayTooLarge):
        decide(given(), ConfirmTray(**{**vars(CONFIRM), "documents": many}))
    assert decide(given(), ConfirmTray(**{**vars(CONFIRM), "documents": many[:MOST]}))


def test_what_cannot_be_approved_is_refused_with_its_reason() -> None:
    assert decide(given(CONFIRMED), RefuseTrayLine(ONE, "not_the_signer")) == [REFUSED]


@pytest.mark.parametrize("document", [ONE, STRANGER])
def test_a_document_is_refused_once_and_only_in_its_own_tray(document: UUID) -> None:
    assert decide(given(CONFIRMED, REFUSED), RefuseTrayLine(document, "not_found")) == []


@for_all(some.lists(some.sampled_from([ONE, OTHER, STRANGER]), max_size=8))
def test_however_often_lines_are_refused_each_has_one_reason(documents: list[UUID]) -> None:
    tray, told = given(CONFIRMED), list[UUID]()
    for each in documents:
        events = decide(tray, RefuseTrayLine(each, "not_found"))
        told += [event.document_id for event in events if isinstance(event, TrayLineRefused)]
        tray = reduce(evolve, events, tray)
    assert sorted(told) == sorted({ONE, OTHER} & set(documents))


def test_an_approval_in_a_tray_names_the_tray_and_how_the_leader_signs() -> None:
    draft = DocumentDrafted(
        document_id=ONE,
        agency_id=AGENCY,
        type_code="CT",
        text="1" * 64,
        urgency=0,
        signer_id=LEADER,
        signer_position_id=POST,
        recipients=(),
        notation="CT-UBND",
    )
    facts: list[outgoing.Event] = [draft, DraftReviewed(ONE)]
    reviewed = reduce(outgoing.evolve, facts, None)
    command = ApproveDocument(str(LEADER), str(POST), own_device=True, tray_id=TRAY)
    assert outgoing.decide(reviewed, command) == [DocumentApproved(ONE, TRAY, True)]


@pytest.mark.parametrize("code", ["token_pin_refused", "a code of tomorrow"])
def test_every_reason_has_a_sentence_in_both_languages(code: str) -> None:
    assert all(sentences(code).values())
    assert set(sentences(None).values()) == {None}
