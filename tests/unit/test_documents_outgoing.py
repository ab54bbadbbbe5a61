"""Outgoing documents: given these facts, when this is ordered, then that happens."""

from dataclasses import replace
from datetime import date
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.documents.commands import (
    ApproveDocument,
    AttachFile,
    DraftDocument,
    FailSigning,
    IssueDocument,
    RefuseLayout,
    RequestSignature,
    ReturnDraft,
    ReviewDraft,
    ReviseDraft,
    SealDocument,
    TakeSigned,
    VoidDocument,
)
from services.documents.domain.outgoing import STATES, Command, Event, Outgoing, decide, evolve
from services.documents.errors import (
    DocumentsError,
    DocumentUnknown,
    FileNameUnfit,
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
    DocumentVoided,
    DraftReturned,
    DraftReviewed,
    DraftRevised,
    SealRequested,
    SignatureFailed,
    SignatureRequested,
)

ID, AGENCY, LEADER, POST, RECIPIENT = (UUID(int=n) for n in range(1, 6))
ANSWERED, CARRIED, SIGNING, SEALING, STRANGER = (UUID(int=n) for n in range(6, 11))
TEXT, FILE, SIGNED_FILE, SEALED_FILE, NOTE = "1" * 64, "2" * 64, "3" * 64, "4" * 64, "5" * 64
LEADER_BOX, NUMBER_BOX = Box(0, 1, 2, 3, 4), Box(0, 5, 6, 7, 8)
DATE_BOX, SEAL_BOX = Box(0, 9, 10, 11, 12), Box(1, 13, 14, 15, 16)
REGISTER, TODAY = f"{AGENCY}.2026.outgoing", date(2026, 2, 5)

DRAFT = DraftDocument(
    document_id=ID,
    agency_id=AGENCY,
    type_code="CT",
    notation="CT-UBND",
    text=TEXT,
    urgency=2,
    signer_id=LEADER,
    signer_position_id=POST,
    recipients=(RECIPIENT,),
    answers=ANSWERED,
    carries_out=CARRIED,
)
TABLE = AttachedFile("bieu.csv", "text/csv", "8" * 64, 9)
PICTURE = AttachedFile("anh.png", "image/png", "7" * 64, 9)
APPROVE = ApproveDocument(str(LEADER), str(POST))
REQUEST = RequestSignature(
    signing_id=SIGNING,
    file=FILE,
    pages=3,
    leader_box=LEADER_BOX,
    number_box=NUMBER_BOX,
    date_box=DATE_BOX,
    seal_box=SEAL_BOX,
)
ISSUE = IssueDocument(SEALING, REGISTER, 7, TODAY)
VOID = VoidDocument(NOTE)

DRAFTED = DocumentDrafted(
    document_id=ID,
    agency_id=AGENCY,
    type_code="CT",
    text=TEXT,
    urgency=2,
    signer_id=LEADER,
    signer_position_id=POST,
    recipients=(RECIPIENT,),
    answers=ANSWERED,
    carries_out=CARRIED,
    notation="CT-UBND",
)
REVIEWED, APPROVED = DraftReviewed(ID), DocumentApproved(ID)
RENDERED = DocumentRendered(
    document_id=ID,
    file=FILE,
    pages=3,
    leader_box=LEADER_BOX,
    number_box=NUMBER_BOX,
    date_box=DATE_BOX,
    seal_box=SEAL_BOX,
)
SIGNATURE_REQUESTED = SignatureRequested(
    signing_id=SIGNING,
    document_id=ID,
    agency_id=AGENCY,
    file=FILE,
    signer_id=LEADER,
    box=LEADER_BOX,
    urgency=2,
)
SIGNED = DocumentSigned(ID, SIGNED_FILE)
NUMBERED = DocumentNumbered(
    document_id=ID, register_id=REGISTER, number=7, notation="CT-UBND", issued_on=TODAY
)
SEAL_REQUESTED = SealRequested(
    signing_id=SEALING,
    document_id=ID,
    agency_id=AGENCY,
    file=SIGNED_FILE,
    number_text="07",
    date_text="ngày 05 tháng 02 năm 2026",
    number_box=NUMBER_BOX,
    date_box=DATE_BOX,
    seal_box=SEAL_BOX,
    urgency=2,
    code="07/CT-UBND",
)
ISSUED = DocumentIssued(
    document_id=ID,
    agency_id=AGENCY,
    file=SEALED_FILE,
    number=7,
    notation="CT-UBND",
    issued_on=TODAY,
    type_code="CT",
    text=TEXT,
    urgency=2,
    signer_id=LEADER,
    signer_position_id=POST,
    recipients=(RECIPIENT,),
    answers=ANSWERED,
    carries_out=CARRIED,
    pages=3,
)

TO_REVIEWED: list[Event] = [DRAFTED, REVIEWED]
TO_APPROVED = [*TO_REVIEWED, APPROVED]
TO_SIGNING = [*TO_APPROVED, RENDERED, SIGNATURE_REQUESTED]
TO_SIGNED = [*TO_SIGNING, SIGNED]
TO_SEALING = [*TO_SIGNED, NUMBERED, SEAL_REQUESTED]
TO_ISSUED = [*TO_SEALING, ISSUED]
AT: dict[str, list[Event]] = {
    "drafted": [DRAFTED],
    "reviewed": TO_REVIEWED,
    "approved": TO_APPROVED,
    "signing": TO_SIGNING,
    "signed": TO_SIGNED,
    "numbered": [*TO_SEALING, SignatureFailed(ID, SEALING, "key_missing")],
    "sealing": TO_SEALING,
    "issued": TO_ISSUED,
    "voided": [*TO_SEALING, DocumentVoided(ID, NOTE)],
}
ALLOWED: dict[str, tuple[Command, list[str]]] = {
    "revise": (ReviseDraft("9" * 64), ["drafted"]),
    "attach": (AttachFile(TABLE), ["drafted"]),
    "review": (ReviewDraft(), ["drafted", "reviewed"]),
    "return": (ReturnDraft(NOTE), ["drafted", "reviewed", "cosigning"]),
    "approve": (APPROVE, ["reviewed", "cosigning", "approved"]),
    "issue": (ISSUE, ["signed", "numbered", "sealing"]),
    "seal": (SealDocument(SEALING, AGENCY), ["cosealing", "sealing"]),
    "void": (
        VOID,
        [
            *("drafted", "reviewed", "approved", "signing", "cosigning"),
            *("signed", "numbered", "sealing", "cosealing"),
        ],
    ),
}


def given(events: list[Event]) -> Outgoing:
    document = reduce(evolve, events, None)
    assert document is not None
    return document


@pytest.mark.parametrize("state", AT)
def test_each_step_is_reached_by_its_facts(state: str) -> None:
    assert given(AT[state]).state == state


def test_every_state_is_walked_here() -> None:
    several = {"cosigning", "cosealing"}  # see test_documents_signers
    assert set(STATES.values()) - several == set(AT)


def test_a_draft_is_written() -> None:
    assert decide(None, DRAFT) == [DRAFTED]


def test_a_draft_is_written_once() -> None:
    assert decide(given([DRAFTED]), DRAFT) == []


def test_nothing_is_done_with_a_document_that_is_not() -> None:
    with pytest.raises(DocumentUnknown):
        decide(None, ReviewDraft())


@pytest.mark.parametrize("state", AT)
@pytest.mark.parametrize("name", ALLOWED)
def test_each_order_is_taken_at_its_steps_alone(name: str, state: str) -> None:
    command, allowed = ALLOWED[name]
    if state in allowed or (name, state) == ("void", "voided"):
        decide(given(AT[state]), command)
        return
    with pytest.raises(WrongState) as refused:
        decide(given(AT[state]), command)
    assert refused.value.data() == {"state": state, "allowed": allowed}
    assert (refused.value.code, refused.value.status) == ("document_state_wrong", 409)


def test_a_draft_is_revised() -> None:
    new = "9" * 64
    assert decide(given([DRAFTED]), ReviseDraft(new)) == [DraftRevised(ID, new)]
    assert given([DRAFTED, DraftRevised(ID, new)]).text == new


def test_the_same_text_is_no_revision() -> None:
    assert decide(given([DRAFTED]), ReviseDraft(TEXT)) == []


def test_a_file_is_attached_once() -> None:
    added = AttachmentAdded(ID, TABLE)
    assert decide(given([DRAFTED]), AttachFile(TABLE)) == [added]
    assert decide(given([DRAFTED, added]), AttachFile(TABLE)) == []
    assert decide(given([DRAFTED, added]), AttachFile(PICTURE)) == [AttachmentAdded(ID, PICTURE)]


def test_an_unfit_file_is_not_attached() -> None:
    with pytest.raises(FileNameUnfit):
        decide(given([DRAFTED]), AttachFile(replace(TABLE, name="biểu.csv")))


def test_a_returned_draft_takes_attachments_and_stays_a_draft() -> None:
    returned: list[Event] = [*TO_REVIEWED, DraftReturned(ID, NOTE)]
    assert decide(given(returned), AttachFile(TABLE)) == [AttachmentAdded(ID, TABLE)]
    assert given([*returned, AttachmentAdded(ID, TABLE)]).state == "drafted"


def test_what_was_attached_is_issued_with_the_document_in_its_order() -> None:
    added: list[Event] = [AttachmentAdded(ID, TABLE), AttachmentAdded(ID, PICTURE)]
    issued = decide(given([DRAFTED, *added, *TO_SEALING[1:]]), TakeSigned(SEALING, SEALED_FILE))
    assert issued == [replace(ISSUED, attachments=(TABLE, PICTURE))]


def test_a_revised_draft_is_reviewed_again() -> None:
    returned: list[Event] = [*TO_REVIEWED, DraftReturned(ID, NOTE), DraftRevised(ID, FILE)]
    assert given(returned).state == "drafted"
    assert decide(given(returned), ReviewDraft()) == [REVIEWED]


def test_a_draft_is_reviewed_once() -> None:
    assert decide(given([DRAFTED]), ReviewDraft()) == [REVIEWED]
    assert decide(given(TO_REVIEWED), ReviewDraft()) == []


@pytest.mark.parametrize("state", ["drafted", "reviewed"])
def test_a_draft_is_returned(state: str) -> None:
    assert decide(given(AT[state]), ReturnDraft(NOTE)) == [DraftReturned(ID, NOTE)]


def test_the_named_signer_approves_once() -> None:
    assert decide(given(TO_REVIEWED), APPROVE) == [APPROVED]
    assert decide(given(TO_APPROVED), APPROVE) == []


@pytest.mark.parametrize(
    ("person", "position"),
    [(str(STRANGER), str(POST)), (str(LEADER), str(STRANGER)), (str(LEADER), None)],
)
def test_nobody_else_approves(person: str, position: str | None) -> None:
    with pytest.raises(NotTheSigner):
        decide(given(TO_REVIEWED), ApproveDocument(person, position))


def test_the_page_and_the_request_for_the_signature_are_one_decision() -> None:
    assert decide(given(TO_APPROVED), REQUEST) == [RENDERED, SIGNATURE_REQUESTED]


@pytest.mark.parametrize("command", [REQUEST, RefuseLayout(SIGNING, "text_too_wide")])
@pytest.mark.parametrize("state", [state for state in AT if state != "approved"])
def test_a_page_that_nobody_waits_for_is_ignored(
    state: str, command: RequestSignature | RefuseLayout
) -> None:
    assert decide(given(AT[state]), command) == []


def test_a_text_without_a_page_goes_back_to_the_review() -> None:
    failed = SignatureFailed(ID, SIGNING, "text_too_wide")
    assert decide(given(TO_APPROVED), RefuseLayout(SIGNING, "text_too_wide")) == [failed]
    assert given([*TO_APPROVED, failed]).state == "reviewed"


def test_the_leaders_signature_makes_the_document_signed() -> None:
    assert decide(given(TO_SIGNING), TakeSigned(SIGNING, SIGNED_FILE)) == [SIGNED]


def test_the_number_is_taken_and_the_seal_asked_for_on_the_signed_file() -> None:
    assert decide(given(TO_SIGNED), ISSUE) == [NUMBERED, SEAL_REQUESTED]


def test_a_document_that_is_being_sealed_is_not_sealed_again() -> None:
    assert decide(given(TO_SEALING), replace(ISSUE, signing_id=STRANGER)) == []


def test_a_second_try_for_the_seal_keeps_number_and_day() -> None:
    failed = AT["numbered"]
    again = decide(given(failed), IssueDocument(STRANGER, "other", 8, date(2026, 2, 6)))
    assert again == [replace(SEAL_REQUESTED, signing_id=STRANGER)]


def test_the_seal_issues_the_document() -> None:
    assert decide(given(TO_SEALING), TakeSigned(SEALING, SEALED_FILE)) == [ISSUED]


def test_the_newest_text_is_the_one_that_is_issued() -> None:
    new = DraftRevised(ID, "9" * 64)
    issued = decide(given([DRAFTED, new, *TO_SEALING[1:]]), TakeSigned(SEALING, SEALED_FILE))
    assert issued == [replace(ISSUED, text="9" * 64)]


@pytest.mark.parametrize("state", AT)
@pytest.mark.parametrize(
    "answer", [TakeSigned(STRANGER, FILE), FailSigning(STRANGER, "key_missing")]
)
def test_an_answer_to_another_order_changes_nothing(
    state: str, answer: TakeSigned | FailSigning
) -> None:
    assert decide(given(AT[state]), answer) == []


@pytest.mark.parametrize("state", ["reviewed", "signed", "numbered", "issued", "voided"])
@pytest.mark.parametrize("order", [SIGNING, SEALING])
def test_an_answer_that_comes_twice_or_too_late_changes_nothing(state: str, order: UUID) -> None:
    assert decide(given(AT[state]), TakeSigned(order, FILE)) == []
    assert decide(given(AT[state]), FailSigning(order, "key_missing")) == []


def test_a_refused_signature_lets_the_leader_approve_again() -> None:
    failed = SignatureFailed(ID, SIGNING, "key_missing")
    assert decide(given(TO_SIGNING), FailSigning(SIGNING, "key_missing")) == [failed]
    assert decide(given([*TO_SIGNING, failed]), APPROVE) == [APPROVED]


def test_a_refused_seal_is_recorded() -> None:
    failed = SignatureFailed(ID, SEALING, "key_missing")
    assert decide(given(TO_SEALING), FailSigning(SEALING, "key_missing")) == [failed]


def test_a_document_is_voided_once() -> None:
    assert decide(given(TO_SEALING), VOID) == [DocumentVoided(ID, NOTE)]
    assert decide(given(AT["voided"]), VOID) == []


COMMANDS: list[Command] = [
    *(command for command, _ in ALLOWED.values()),
    REQUEST,
    RefuseLayout(SIGNING, "text_too_wide"),
    TakeSigned(SIGNING, SIGNED_FILE),
    TakeSigned(SEALING, SEALED_FILE),
    FailSigning(SIGNING, "key_missing"),
    FailSigning(SEALING, "key_missing"),
]


@for_all(some.lists(some.sampled_from(COMMANDS), max_size=40))
def test_whatever_is_ordered_one_number_and_one_issue_at_most(orders: list[Command]) -> None:
    history: list[Event] = [DRAFTED]
    for command in orders:
        try:
            history += decide(given(history), command)
        except DocumentsError:
            continue
    names = [type(event) for event in history]
    assert names.count(DocumentNumbered) <= 1
    assert names.count(DocumentIssued) <= 1
    if DocumentIssued in names:
        assert names.index(DocumentIssued) == len(names) - 1
        assert names.index(DraftReviewed) < names.index(DocumentSigned)
