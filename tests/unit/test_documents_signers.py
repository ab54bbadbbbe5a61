"""Several signers and several seals, one after the other: given these facts, that happens."""

from dataclasses import replace
from datetime import date
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.documents.commands import (
    ApproveDocument,
    FailSigning,
    IssueDocument,
    RequestSignature,
    ReturnDraft,
    ReviewDraft,
    SealDocument,
    SignedFile,
    TakeSigned,
    VoidDocument,
)
from services.documents.domain.outgoing import Command, Event, Outgoing, decide, evolve
from services.documents.errors import (
    DocumentsError,
    NotTheSealsTurn,
    NotTheSigner,
    WrongState,
)
from services.documents.events import (
    AttachedFile,
    AttachmentAdded,
    Box,
    DocumentApproved,
    DocumentDrafted,
    DocumentIssued,
    DocumentNumbered,
    DocumentRendered,
    DocumentSigned,
    DraftReturned,
    DraftReviewed,
    SealAdded,
    SealRequested,
    SignatureAdded,
    SignatureFailed,
    SignatureRequested,
    Signer,
    SignerBoxes,
)

ID, FINANCE, HEALTH, RECIPIENT = (UUID(int=n) for n in range(1, 5))
DIRECTOR = Signer(FINANCE, UUID(int=11), UUID(int=12))
DEPUTY = Signer(FINANCE, UUID(int=13), UUID(int=14))
DOCTOR = Signer(HEALTH, UUID(int=15), UUID(int=16))
ORDERS = [UUID(int=n) for n in range(101, 120)]
PAGE, NOTE = "0" * 64, "9" * 64
TODAY = date(2026, 11, 22)


def box(number: int) -> Box:
    return Box(0, number, number, number + 1, number + 1)


DRAFTED = DocumentDrafted(
    document_id=ID,
    agency_id=FINANCE,
    type_code="KH",
    text="1" * 64,
    urgency=1,
    signer_id=DIRECTOR.person_id,
    signer_position_id=DIRECTOR.position_id,
    recipients=(RECIPIENT,),
    notation="KH-STC-SYT",
    cosigners=(DEPUTY, DOCTOR),
)
ATTACHED = AttachedFile("phu luc.pdf", "application/pdf", "7" * 64, 10)
TABLE = AttachedFile("bieu.csv", "text/csv", "8" * 64, 9)
REQUEST = RequestSignature(
    signing_id=ORDERS[0],
    file=PAGE,
    pages=2,
    leader_box=box(1),
    number_box=box(2),
    date_box=box(3),
    seal_box=box(4),
    cosigners=(SignerBoxes(box(5), box(6)), SignerBoxes(box(7), box(8))),
)
ISSUE = IssueDocument(ORDERS[3], "register", 7, TODAY)


def approve(signer: Signer, order: int = 0) -> ApproveDocument:
    person, position = str(signer.person_id), str(signer.position_id)
    return ApproveDocument(person, position, signing_id=ORDERS[order])


def given(*facts: Event) -> Outgoing:
    document = reduce(evolve, facts, None)
    assert document is not None
    return document


def walked(*commands: Command, draft: DocumentDrafted = DRAFTED) -> list[Event]:
    """What happens when all of this is ordered, one after the other."""
    history: list[Event] = [draft]
    for command in commands:
        history += decide(given(*history), command)
    return history


FIRST = (ReviewDraft(), approve(DIRECTOR), REQUEST)
SECOND = (TakeSigned(ORDERS[0], "a" * 64), approve(DEPUTY, 1))
THIRD = (TakeSigned(ORDERS[1], "b" * 64), approve(DOCTOR, 2))
SEALED = (TakeSigned(ORDERS[2], "c" * 64), ISSUE)
COSEALED = (TakeSigned(ORDERS[3], "d" * 64), SealDocument(ORDERS[4], HEALTH))
ALL = (*FIRST, *SECOND, *THIRD, *SEALED, *COSEALED, TakeSigned(ORDERS[4], "e" * 64))


def test_each_signs_in_turn_then_each_agency_seals_what_the_one_before_left() -> None:
    asked = [
        (event.agency_id, event.file[0], event.field)
        for event in walked(*ALL)
        if isinstance(event, SignatureRequested | SealRequested)
    ]
    assert asked == [
        (FINANCE, "0", "leader"),
        (FINANCE, "a", "leader-2"),
        (HEALTH, "b", "leader-3"),
        (FINANCE, "c", "seal"),
        (HEALTH, "d", "seal-2"),
    ]
    issued = walked(*ALL)[-1]
    assert isinstance(issued, DocumentIssued)
    assert (issued.file, issued.cosigners) == ("e" * 64, (DEPUTY, DOCTOR))


def test_the_facts_are_told_in_this_order() -> None:
    assert [type(event) for event in walked(*ALL)] == [
        DocumentDrafted,
        DraftReviewed,
        DocumentApproved,
        DocumentRendered,
        SignatureRequested,
        SignatureAdded,
        DocumentApproved,
        SignatureRequested,
        SignatureAdded,
        DocumentApproved,
        SignatureRequested,
        DocumentSigned,
        DocumentNumbered,
        SealRequested,
        SealAdded,
        SealRequested,
        DocumentIssued,
    ]


def test_each_has_places_of_his_own_and_a_seal_stands_by_its_agencys_first_signer() -> None:
    asked = walked(*ALL)
    leaders = [event.box for event in asked if isinstance(event, SignatureRequested)]
    assert leaders == [box(1), box(5), box(7)]
    seals = [event for event in asked if isinstance(event, SealRequested)]
    assert [event.seal_box for event in seals] == [box(4), box(8)]


def test_the_number_is_written_by_the_first_agency_alone() -> None:
    texts = [event.number_text for event in walked(*ALL) if isinstance(event, SealRequested)]
    assert texts == ["07", ""]


@pytest.mark.parametrize(
    ("before", "signer"),
    [
        (FIRST[:1], DEPUTY),
        (FIRST[:1], DOCTOR),
        ((*FIRST, SECOND[0]), DIRECTOR),
        ((*FIRST, SECOND[0]), DOCTOR),
        ((*FIRST, *SECOND, THIRD[0]), DEPUTY),
    ],
)
def test_nobody_signs_out_of_turn(before: tuple[Command, ...], signer: Signer) -> None:
    with pytest.raises(NotTheSigner):
        decide(given(*walked(*before)), approve(signer))


def test_a_cosigner_does_not_wait_for_a_new_page() -> None:
    history = walked(*FIRST, SECOND[0])
    assert [type(event) for event in decide(given(*history), approve(DEPUTY, 1))] == [
        DocumentApproved,
        SignatureRequested,
    ]


def test_a_cosigners_own_device_is_asked_for_him_alone() -> None:
    command = replace(approve(DEPUTY, 1), own_device=True)
    approved, asked = decide(given(*walked(*FIRST, SECOND[0])), command)
    assert isinstance(asked, SignatureRequested)
    assert (asked.own_device, isinstance(approved, DocumentApproved)) == (True, True)
    later = walked(*FIRST, SECOND[0], command, *THIRD)[-1]
    assert isinstance(later, SignatureRequested)
    assert later.own_device is False


def test_a_refused_cosignature_waits_for_the_cosigner_again() -> None:
    history = walked(*FIRST, *SECOND, FailSigning(ORDERS[1], "key_not_found"))
    assert history[-1] == SignatureFailed(ID, ORDERS[1], "key_not_found")
    assert given(*history).state == "cosigning"
    (_, asked) = decide(given(*history), approve(DEPUTY, 5))
    assert isinstance(asked, SignatureRequested)
    assert asked.file == "a" * 64


def test_a_refused_second_seal_waits_for_its_clerk_again() -> None:
    history = walked(*FIRST, *SECOND, *THIRD, *SEALED, *COSEALED)
    failed = decide(given(*history), FailSigning(ORDERS[4], "token_absent"))
    assert given(*history, *failed).state == "cosealing"


def test_no_agency_seals_out_of_turn() -> None:
    history = walked(*FIRST, *SECOND, *THIRD, *SEALED, COSEALED[0])
    with pytest.raises(NotTheSealsTurn):
        decide(given(*history), SealDocument(ORDERS[4], FINANCE))
    with pytest.raises(WrongState):
        decide(given(*walked(*FIRST)), SealDocument(ORDERS[4], HEALTH))


def test_what_a_cosigner_returns_is_signed_again_by_all() -> None:
    history = walked(*FIRST, *SECOND, THIRD[0], ReturnDraft(NOTE, HEALTH))
    assert history[-1] == DraftReturned(ID, NOTE)
    document = given(*history)
    assert (document.state, document.signatures, document.file) == ("drafted", 0, "")
    again = walked(*FIRST, *SECOND, THIRD[0], ReturnDraft(NOTE, HEALTH), *ALL)
    assert isinstance(again[-1], DocumentIssued)


@pytest.mark.parametrize("before", [(), FIRST[:1], (*FIRST, SECOND[0])])
def test_another_agency_returns_nothing_but_what_its_leader_is_to_sign(
    before: tuple[Command, ...],
) -> None:
    with pytest.raises(NotTheSigner):
        decide(given(*walked(*before)), ReturnDraft(NOTE, HEALTH))
    assert decide(given(*walked(*before)), ReturnDraft(NOTE, FINANCE))


def test_what_goes_along_in_files_of_its_own_is_signed_with_the_first_seal() -> None:
    draft: tuple[Event, ...] = (
        DRAFTED,
        AttachmentAdded(ID, ATTACHED),
        AttachmentAdded(ID, TABLE),
    )
    history: list[Event] = [*draft]
    signed = SignedFile(ATTACHED.digest, "f" * 64, 20)
    commands = [
        replace(each, attachments=(signed,)) if each == COSEALED[0] else each for each in ALL
    ]
    for command in commands:
        history += decide(given(*history), command)
    seals = [event for event in history if isinstance(event, SealRequested)]
    assert [event.attachments for event in seals] == [(ATTACHED,), ()]  # a table cannot show it
    asked = [event for event in history if isinstance(event, SignatureRequested)]
    assert [event.attachments for event in asked] == [(ATTACHED,), (), ()]
    issued = history[-1]
    assert isinstance(issued, DocumentIssued)
    assert issued.attachments == (replace(ATTACHED, digest="f" * 64, size=20), TABLE)


def test_a_copy_is_signed_as_the_file_that_is_copied() -> None:
    draft = replace(
        DRAFTED, type_code="SY", cosigners=(), copy_of=UUID(int=99), copy_file=PAGE, copy_pages=4
    )
    history = walked(
        ReviewDraft(),
        approve(DIRECTOR),
        TakeSigned(ORDERS[0], "a" * 64),
        ISSUE,
        TakeSigned(ORDERS[3], "b" * 64),
        draft=draft,
    )
    (asked,) = [event for event in history if isinstance(event, SignatureRequested)]
    assert (asked.file, asked.field) == (PAGE, "copier")
    (sealed,) = [event for event in history if isinstance(event, SealRequested)]
    assert (sealed.field, sealed.copy_form, sealed.number_text) == ("copy", "SY", "")
    assert sealed.code == "07/KH-STC-SYT"
    issued = history[-1]
    assert isinstance(issued, DocumentIssued)
    assert (issued.pages, issued.copy_of) == (4, UUID(int=99))
    assert not any(isinstance(event, DocumentRendered) for event in history)


SOME: list[Command] = [
    *ALL,
    *(FailSigning(order, "key_not_found") for order in ORDERS[:5]),
    ReturnDraft(NOTE),
    ReturnDraft(NOTE, HEALTH),
    SealDocument(ORDERS[4], FINANCE),
    VoidDocument(NOTE),
]


@for_all(some.lists(some.sampled_from(SOME), max_size=60))
def test_in_whatever_order_it_is_tried_everyone_has_signed_before_the_first_seal(
    commands: list[Command],
) -> None:
    history: list[Event] = [DRAFTED]
    for command in commands:
        try:
            history += decide(given(*history), command)
        except DocumentsError:
            continue
    kinds = [type(event) for event in history]
    assert kinds.count(DocumentNumbered) <= 1
    if DocumentNumbered in kinds:
        behind = history[: kinds.index(DocumentNumbered)]
        returned = [place for place, event in enumerate(behind) if isinstance(event, DraftReturned)]
        since = behind[returned[-1] if returned else 0 :]
        signers = [event.signer_id for event in since if isinstance(event, SignatureAdded)]
        assert signers == [DIRECTOR.person_id, DEPUTY.person_id]
        assert isinstance(
            [event for event in since if isinstance(event, DocumentSigned)][-1], Event
        )
    if DocumentIssued in kinds:
        assert kinds[-1] is DocumentIssued
        assert kinds.count(SealAdded) == 1
