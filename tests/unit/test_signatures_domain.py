"""An order, a validation: given what happened, when told how it ends, then these facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.signatures.commands import FinishSigning, RecordVerdict, RefuseSigning
from services.signatures.domain import validations
from services.signatures.domain.orders import Command, Event, Order, decide, evolve
from services.signatures.events import (
    FileValidated,
    SignatureMade,
    SigningFinished,
    SigningRefused,
)

SIGNING, DOCUMENT, AGENCY, PERSON = (UUID(int=number) for number in range(1, 5))
AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
LEADER = SignatureMade(
    signing_id=SIGNING,
    document_id=DOCUMENT,
    agency_id=AGENCY,
    role="leader",
    owner_id=PERSON,
    certificate="certificate-of-person",
    level="B-LT",
    signed_at=AT,
    file="signed once",
)
NUMBER = replace(
    LEADER, role="number", owner_id=AGENCY, signed_at=AT + timedelta(seconds=1), file="signed twice"
)
SEAL = replace(NUMBER, role="seal", signed_at=AT + timedelta(seconds=2), file="signed thrice")
FINISHED = SigningFinished(
    signing_id=SIGNING, document_id=DOCUMENT, agency_id=AGENCY, file="signed thrice"
)
REFUSED = SigningRefused(
    signing_id=SIGNING, document_id=DOCUMENT, agency_id=AGENCY, reason_code="token_locked"
)
VALIDATED = FileValidated(
    validation_id=SIGNING,
    document_id=DOCUMENT,
    agency_id=AGENCY,
    file="signed thrice",
    verdict="INDETERMINATE",
    sub_indication="NO_POE",
    report="report",
)

FINISH = FinishSigning((LEADER, NUMBER, SEAL))
REFUSE = RefuseSigning(SIGNING, DOCUMENT, AGENCY, "token_locked")
VERDICT = RecordVerdict(VALIDATED)
ENDINGS = [(FINISHED,), (REFUSED,), (LEADER, NUMBER, SEAL, FINISHED)]


def given(*events: Event) -> Order:
    return reduce(evolve, events, Order())


def test_an_order_ends_with_its_signatures_in_their_order_and_the_last_ones_file() -> None:
    assert decide(given(), FINISH) == [LEADER, NUMBER, SEAL, FINISHED]


def test_one_signature_is_enough_for_an_order() -> None:
    finished = replace(FINISHED, file="signed once")
    assert decide(given(), FinishSigning((LEADER,))) == [LEADER, finished]


def test_an_order_that_cannot_be_carried_out_ends_with_its_reason() -> None:
    assert decide(given(), REFUSE) == [REFUSED]


@pytest.mark.parametrize("command", [FINISH, REFUSE])
@pytest.mark.parametrize("history", ENDINGS)
def test_after_the_end_nothing_happens(history: tuple[Event, ...], command: Command) -> None:
    assert decide(given(*history), command) == []


@pytest.mark.parametrize("command", [FINISH, REFUSE])
def test_signatures_alone_end_nothing(command: Command) -> None:
    assert given(LEADER, NUMBER, SEAL) == Order(ended=False)
    assert decide(given(LEADER), command) == decide(given(), command)


@pytest.mark.parametrize("history", ENDINGS)
def test_the_end_is_for_good(history: tuple[Event, ...]) -> None:
    assert given(*history) == Order(ended=True)
    assert given(*history, LEADER) == Order(ended=True)


@for_all(some.lists(some.sampled_from([FINISH, REFUSE]), min_size=1, max_size=6))
def test_a_job_that_runs_many_times_ends_as_it_first_did(commands: list[Command]) -> None:
    order, facts = given(), list[Event]()
    for command in commands:
        new = decide(order, command)
        facts += new
        order = reduce(evolve, new, order)
    assert facts == decide(given(), commands[0])


PENDING = replace(VALIDATED, pending=True)
LATER = replace(VALIDATED, verdict="TOTAL_PASSED", report="another report", supersedes="report")


def judged(*verdicts: FileValidated) -> validations.Validation:
    return reduce(validations.evolve, verdicts, validations.NEW)


def told(verdict: FileValidated, *before: FileValidated) -> list[FileValidated]:
    return validations.decide(judged(*before), RecordVerdict(verdict))


def test_a_validation_ends_with_its_verdict() -> None:
    assert told(VALIDATED) == [VALIDATED]
    assert told(PENDING) == [PENDING]


def test_a_verdict_is_recorded_once() -> None:
    assert told(VALIDATED, VALIDATED) == []
    assert told(PENDING, PENDING) == []


def test_a_pending_verdict_is_superseded_by_one_that_names_it() -> None:
    assert told(LATER, PENDING) == [LATER]
    assert told(replace(LATER, supersedes="a third report"), PENDING) == []


def test_what_is_not_pending_is_not_superseded() -> None:
    assert told(LATER, VALIDATED) == []
    assert told(LATER, PENDING, LATER) == []


def test_nothing_is_superseded_before_it_was_told() -> None:
    assert told(LATER) == []
