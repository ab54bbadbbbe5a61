"""Incoming documents: given these facts, when this is ordered, then that happens."""

from dataclasses import replace
from datetime import date
from functools import reduce
from uuid import UUID

import pytest

from services.documents.commands import (
    AcceptDocument,
    RecordArrival,
    RefuseDocument,
    VerifyArrival,
)
from services.documents.domain.incoming import Event, Incoming, decide, evolve, main_file
from services.documents.errors import DocumentUnknown, VerdictFailed, VerdictPending, WrongState
from services.documents.events import (
    ArrivalVerified,
    ArrivedFile,
    DocumentAccepted,
    DocumentArrived,
    DocumentRefused,
    ValidationRequested,
)

ID, AGENCY, PACKET, SENDER, VALIDATION, STRANGER = (UUID(int=n) for n in range(1, 7))
TEXT, REPORT, NOTE = "1" * 64, "2" * 64, "3" * 64
SHEET = ArrivedFile("phu luc.xlsx", "application/zip", "4" * 64)
PDF = ArrivedFile("cong van", "application/pdf", "5" * 64)
REGISTER, TODAY = f"{AGENCY}.2026.incoming", date(2026, 11, 22)

RECORD = RecordArrival(
    document_id=ID,
    agency_id=AGENCY,
    packet_id=PACKET,
    sender_id=SENDER,
    foreign_id="H25,2026/11/20,7/STC",
    code="7/STC",
    issued_on=date(2026, 11, 20),
    type_name="Công văn",
    text=TEXT,
    urgency=3,
    files=(SHEET, PDF),
    validation_id=VALIDATION,
    refuse_invalid=False,
)
VERIFY = VerifyArrival(VALIDATION, "TOTAL_PASSED", REPORT, refuse_invalid=False)
ACCEPT = AcceptDocument(REGISTER, 12, TODAY)
REFUSE = RefuseDocument("wrong_address", NOTE)

ARRIVED = DocumentArrived(
    document_id=ID,
    agency_id=AGENCY,
    packet_id=PACKET,
    sender_id=SENDER,
    foreign_id="H25,2026/11/20,7/STC",
    code="7/STC",
    issued_on=date(2026, 11, 20),
    type_name="Công văn",
    text=TEXT,
    urgency=3,
    files=(SHEET, PDF),
)
VALIDATION_REQUESTED = ValidationRequested(
    validation_id=VALIDATION,
    document_id=ID,
    agency_id=AGENCY,
    file=PDF.digest,
    sender_id=SENDER,
    urgency=3,
    issued_on=date(2026, 11, 20),
)
ACCEPTED = DocumentAccepted(
    document_id=ID,
    agency_id=AGENCY,
    packet_id=PACKET,
    register_id=REGISTER,
    arrival_number=12,
    accepted_on=TODAY,
    urgency=3,
)


def verified(verdict: str, report: str = REPORT) -> ArrivalVerified:
    return ArrivalVerified(ID, VALIDATION, verdict, report)


def refused(reason_code: str, note: str) -> DocumentRefused:
    return DocumentRefused(
        document_id=ID, agency_id=AGENCY, packet_id=PACKET, note=note, reason_code=reason_code
    )


TO_ARRIVED: list[Event] = [ARRIVED, VALIDATION_REQUESTED]
TO_VERIFIED: list[Event] = [*TO_ARRIVED, verified("TOTAL_PASSED")]
TO_ACCEPTED: list[Event] = [*TO_VERIFIED, ACCEPTED]
TO_REFUSED: list[Event] = [*TO_ARRIVED, refused("other", NOTE)]


def given(events: list[Event]) -> Incoming:
    document = reduce(evolve, events, None)
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (TO_ARRIVED, "arrived"),
        (TO_VERIFIED, "verified"),
        (TO_ACCEPTED, "accepted"),
        (TO_REFUSED, "refused"),
    ],
)
def test_each_step_is_reached_by_its_facts(events: list[Event], state: str) -> None:
    assert given(events).state == state


def test_the_facts_that_decisions_need_are_kept() -> None:
    document = given(TO_ACCEPTED)
    assert (document.document_id, document.agency_id) == (ID, AGENCY)
    assert (document.verdict, document.accepted) == ("TOTAL_PASSED", ACCEPTED)


def test_an_arrival_is_recorded_and_its_main_file_sent_to_validation() -> None:
    assert decide(None, RECORD) == [ARRIVED, VALIDATION_REQUESTED]


def test_an_arrival_is_recorded_once() -> None:
    assert decide(given(TO_ARRIVED), RECORD) == []


@pytest.mark.parametrize(
    ("files", "main"),
    [
        ((SHEET, PDF), PDF),
        ((PDF, replace(PDF, digest="6" * 64)), PDF),
        ((SHEET, replace(SHEET, name="A.PDF")), replace(SHEET, name="A.PDF")),
        ((SHEET,), SHEET),
        ((), None),
    ],
)
def test_the_main_file_is_the_first_pdf_else_the_first(
    files: tuple[ArrivedFile, ...], main: ArrivedFile | None
) -> None:
    assert main_file(files) == main


def test_an_arrival_without_files_has_failed_at_once() -> None:
    facts = [replace(ARRIVED, files=()), verified("TOTAL_FAILED", report="")]
    assert decide(None, replace(RECORD, files=())) == facts


def test_a_strict_agency_refuses_an_arrival_without_files() -> None:
    events = decide(None, replace(RECORD, files=(), refuse_invalid=True))
    assert events[2:] == [refused("missing_file", "")]


@pytest.mark.parametrize("verdict", ["TOTAL_PASSED", "INDETERMINATE", "TOTAL_FAILED"])
def test_the_verdict_is_recorded(verdict: str) -> None:
    command = replace(VERIFY, verdict=verdict)
    assert decide(given(TO_ARRIVED), command) == [verified(verdict)]


def test_a_strict_agency_refuses_what_failed_and_nothing_else() -> None:
    strict = replace(VERIFY, refuse_invalid=True)
    failed = decide(given(TO_ARRIVED), replace(strict, verdict="TOTAL_FAILED"))
    assert failed == [verified("TOTAL_FAILED"), refused("bad_signature", "")]
    unsure = decide(given(TO_ARRIVED), replace(strict, verdict="INDETERMINATE"))
    assert unsure == [verified("INDETERMINATE")]


@pytest.mark.parametrize("events", [TO_VERIFIED, TO_ACCEPTED, TO_REFUSED])
def test_a_verdict_that_comes_twice_or_too_late_changes_nothing(events: list[Event]) -> None:
    assert decide(given(events), replace(VERIFY, verdict="TOTAL_FAILED")) == []


PENDING = replace(verified("INDETERMINATE"), pending=True)
TO_PENDING: list[Event] = [*TO_ARRIVED, PENDING]


def test_a_verdict_that_is_pending_says_so() -> None:
    command = replace(VERIFY, verdict="INDETERMINATE", pending=True)
    assert decide(given(TO_ARRIVED), command) == [PENDING]


@pytest.mark.parametrize("verdict", ["TOTAL_PASSED", "INDETERMINATE", "TOTAL_FAILED"])
@pytest.mark.parametrize(
    ("events", "state"), [(TO_PENDING, "verified"), ([*TO_PENDING, ACCEPTED], "accepted")]
)
def test_a_pending_verdict_is_replaced_once_and_the_clerk_s_step_stays(
    events: list[Event], state: str, verdict: str
) -> None:
    command = replace(VERIFY, verdict=verdict, report=NOTE)
    again = decide(given(events), command)
    assert again == [verified(verdict, NOTE)]
    after = given([*events, *again])
    assert (after.state, after.verdict, after.pending) == (state, verdict, False)
    assert decide(after, replace(VERIFY, verdict="TOTAL_FAILED")) == []


def test_a_strict_agency_refuses_what_failed_at_last_unless_it_was_accepted() -> None:
    failed = replace(VERIFY, verdict="TOTAL_FAILED", refuse_invalid=True)
    told = verified("TOTAL_FAILED")
    assert decide(given(TO_PENDING), failed) == [told, refused("bad_signature", "")]
    assert decide(given([*TO_PENDING, ACCEPTED]), failed) == [told]


def test_after_a_refusal_no_verdict_is_awaited() -> None:
    document = given([*TO_PENDING, refused("other", NOTE)])
    assert decide(document, VERIFY) == []


def test_the_verdict_on_another_order_changes_nothing() -> None:
    assert decide(given(TO_ARRIVED), replace(VERIFY, validation_id=STRANGER)) == []


@pytest.mark.parametrize("verdict", ["TOTAL_PASSED", "INDETERMINATE"])
def test_a_document_whose_signatures_did_not_fail_is_accepted(verdict: str) -> None:
    assert decide(given([*TO_ARRIVED, verified(verdict)]), ACCEPT) == [ACCEPTED]


def test_a_document_is_accepted_once() -> None:
    assert decide(given(TO_ACCEPTED), replace(ACCEPT, number=13)) == []


def test_nothing_is_accepted_before_the_verdict() -> None:
    with pytest.raises(VerdictPending):
        decide(given(TO_ARRIVED), ACCEPT)


def test_what_failed_is_not_accepted() -> None:
    with pytest.raises(VerdictFailed):
        decide(given([*TO_ARRIVED, verified("TOTAL_FAILED")]), ACCEPT)


def test_what_was_refused_is_not_accepted() -> None:
    with pytest.raises(WrongState) as error:
        decide(given(TO_REFUSED), ACCEPT)
    assert error.value.data() == {"state": "refused", "allowed": ["verified"]}


@pytest.mark.parametrize("events", [TO_ARRIVED, TO_VERIFIED])
def test_a_document_is_refused_with_its_reason(events: list[Event]) -> None:
    assert decide(given(events), REFUSE) == [refused("wrong_address", NOTE)]


def test_a_document_is_refused_once() -> None:
    assert decide(given(TO_REFUSED), REFUSE) == []


def test_what_was_accepted_is_not_refused() -> None:
    with pytest.raises(WrongState) as error:
        decide(given(TO_ACCEPTED), REFUSE)
    assert error.value.data() == {"state": "accepted", "allowed": ["arrived", "verified"]}


def test_nothing_is_done_with_a_document_that_is_not() -> None:
    with pytest.raises(DocumentUnknown):
        decide(None, ACCEPT)
