"""Evidence: made in order, ends with its first certificate or algorithm, renewed before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.signatures.commands import AddEvidence, RefuseEvidence
from services.signatures.domain.evidence import (
    MARGIN,
    NEW,
    Event,
    Evidence,
    algorithm_ends,
    decide,
    evolve,
    holds_until,
    renewal_due,
)
from services.signatures.events import EvidenceAdded, EvidenceRefused

MADE = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
CERTIFICATE_ENDS = datetime(2029, 3, 1, tzinfo=UTC)
FIRST = AddEvidence(
    file="the file",
    evidence="its evidence",
    over="the file",
    stamped_at=MADE,
    authority="Dấu thời gian Chính phủ",
    certificate_ends=CERTIFICATE_ENDS,
    algorithms=("rsa-2048", "sha256"),
)
RENEWAL = replace(FIRST, evidence="renewed", over="its evidence")
ADDED = EvidenceAdded(**vars(FIRST), holds_until=CERTIFICATE_ENDS)
RENEWED = EvidenceAdded(**vars(RENEWAL), holds_until=CERTIFICATE_ENDS)


def given(*events: Event) -> Evidence:
    return reduce(evolve, events, NEW)


def test_evidence_of_a_file_is_recorded_with_the_day_on_which_it_ends() -> None:
    assert decide(given(), FIRST) == [ADDED]


def test_it_is_renewed_over_what_was_made_last() -> None:
    assert decide(given(ADDED), RENEWAL) == [RENEWED]
    third = replace(RENEWAL, evidence="renewed again", over="renewed")
    assert [one.over for one in decide(given(ADDED, RENEWED), third)] == ["renewed"]


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((ADDED,), FIRST),
        ((ADDED, RENEWED), RENEWAL),
        ((ADDED, RENEWED), FIRST),
        ((), RENEWAL),
    ],
)
def test_what_was_made_over_something_older_changes_nothing(
    history: tuple[EvidenceAdded, ...], command: AddEvidence
) -> None:
    assert decide(given(*history), command) == []


def test_two_operators_may_give_it_up_and_what_was_made_stays() -> None:
    refused = EvidenceRefused("the file", "the file", "refused_at_desk")
    assert decide(given(), RefuseEvidence(refused)) == [refused]
    assert decide(given(ADDED), RefuseEvidence(refused)) == []
    later = EvidenceRefused("the file", "its evidence", "refused_at_desk")
    assert decide(given(ADDED), RefuseEvidence(later)) == [later]
    assert given(ADDED, later) == given(ADDED)


@pytest.mark.parametrize(
    ("algorithms", "ends"),
    [
        (("sha256", "rsa-4096"), CERTIFICATE_ENDS),
        (("sha512", "ec-256"), CERTIFICATE_ENDS),
        (("sha1", "rsa-2048"), datetime(1970, 1, 1, tzinfo=UTC)),
        (("sha256", "rsa-1024"), datetime(1970, 1, 1, tzinfo=UTC)),
        (("sha256", "dsa-3072"), datetime(1970, 1, 1, tzinfo=UTC)),
        (("sha256", "rsa-"), datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_first_end_counts(algorithms: tuple[str, ...], ends: datetime) -> None:
    assert holds_until(CERTIFICATE_ENDS, algorithms) == ends


def test_a_short_key_ends_before_a_certificate_of_many_years() -> None:
    late = datetime(2040, 1, 1, tzinfo=UTC)
    assert holds_until(late, ["sha256", "rsa-2048"]) == datetime(2031, 1, 1, tzinfo=UTC)
    assert holds_until(late, ["sha256", "rsa-3072"]) == datetime(2036, 1, 1, tzinfo=UTC)
    assert algorithm_ends("sha256") > late


def test_it_is_renewed_ninety_days_before_its_end() -> None:
    assert renewal_due(MADE, CERTIFICATE_ENDS) == CERTIFICATE_ENDS - timedelta(days=90)


def test_what_is_short_is_renewed_halfway() -> None:
    assert renewal_due(MADE, MADE + timedelta(days=100)) == MADE + timedelta(days=50)


@pytest.mark.parametrize("life", [timedelta(hours=1), timedelta(), timedelta(days=-500)])
def test_what_has_ended_is_renewed_once_a_day_at_most(life: timedelta) -> None:
    assert renewal_due(MADE, MADE + life) == MADE + timedelta(days=1)


@for_all(some.timedeltas(timedelta(days=2), timedelta(days=20_000)))
def test_the_renewal_is_due_before_the_end_and_never_at_once(life: timedelta) -> None:
    due = renewal_due(MADE, MADE + life)
    assert MADE + timedelta(days=1) <= due < MADE + life
    assert due >= MADE + life - MARGIN or due >= MADE + life / 2
