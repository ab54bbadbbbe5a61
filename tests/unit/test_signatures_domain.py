"""An order or a validation: given what happened, when told how it ends, then these facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.signatures.commands import FinishSigning, RecordVerdict, RefuseSigning
from services.signatures.domain import Command, Event, Order, decide, evolve
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
ENDINGS = [(FINISHED,), (REFUSED,), (VALIDATED,), (LEADER, NUMBER, SEAL, FINISHED)]


def given(*events: Event) -> Order:
    return reduce(evolve, events, Order())


def test_an_order_ends_with_its_signatures_in_their_order_and_the_last_ones_file() -> None:
    assert decide(given(), FINISH) == [LEADER, NUMBER, SEAL, FINISHED]


def test_one_signature_is_enough_for_an_order() -> None:
    finished = replace(FINISHED, file="signed once")
    assert decide(given(), FinishSigning((LEADER,))) == [LEADER, finished]


def test_an_order_that_cannot_be_carried_out_ends_with_its_reason() -> None:
    assert decide(given(), REFUSE) == [REFUSED]


def test_a_validation_ends_with_its_verdict() -> None:
    assert decide(given(), VERDICT) == [VALIDATED]


@pytest.mark.parametrize("command", [FINISH, REFUSE, VERDICT])
@pytest.mark.parametrize("history", ENDINGS)
def test_after_the_end_nothing_happens(history: tuple[Event, ...], command: Command) -> None:
    assert decide(given(*history), command) == []


@pytest.mark.parametrize("command", [FINISH, REFUSE, VERDICT])
def test_signatures_alone_end_nothing(command: Command) -> None:
    assert given(LEADER, NUMBER, SEAL) == Order(ended=False)
    assert decide(given(LEADER), command) == decide(given(), command)


@pytest.mark.parametrize("history", ENDINGS)
def test_the_end_is_for_good(history: tuple[Event, ...]) -> None:
    assert given(*history) == Order(ended=True)
    assert given(*history, LEADER) == Order(ended=True)


@for_all(some.lists(some.sampled_from([FINISH, REFUSE, VERDICT]), min_size=1, max_size=6))
def test_a_job_that_runs_many_times_ends_as_it_first_did(commands: list[Command]) -> None:
    order, facts = given(), list[Event]()
    for command in commands:
        new = decide(order, command)
        facts += new
        order = reduce(evolve, new, order)
    assert facts == decide(given(), commands[0])
