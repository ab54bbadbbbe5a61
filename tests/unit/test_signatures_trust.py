"""The trust store: given what was proposed and decided, when told so, then these facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.signatures.commands import (
    ApproveTrust,
    ProposeTrust,
    RefuseTrustList,
    RejectTrust,
)
from services.signatures.domain.trust import NEW, Command, Event, Trust, decide, evolve, version_of
from services.signatures.errors import (
    ListExpired,
    ListNotNewer,
    ProposerMayNotDecide,
    SignaturesError,
    TrustVersionDecided,
    TrustVersionUnknown,
    TrustWithoutRoot,
)
from services.signatures.events import (
    TrustListRefused,
    TrustVersionApproved,
    TrustVersionProposed,
    TrustVersionRejected,
)

AT = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
FIRST, SECOND, LIST_7, LIST_8 = (UUID(int=number) for number in range(1, 5))
PROPOSER, APPROVER = UUID(int=11), UUID(int=12)
ROOT, OTHER_ROOT, SUB = "1a" * 32, "2b" * 32, "3c" * 32

CERTIFICATES = TrustVersionProposed(
    version_id=FIRST,
    source="certificates",
    bundle="bundle",
    certificates=(ROOT,),
    roots=1,
    proposed_by=PROPOSER,
)
OTHERS = replace(CERTIFICATES, version_id=SECOND, certificates=(OTHER_ROOT, SUB))
SEVENTH = replace(
    CERTIFICATES,
    version_id=LIST_7,
    source="NEAC",
    certificates=(SUB,),
    roots=0,
    sequence=7,
    valid_until=AT + timedelta(days=30),
)
EIGHTH = replace(SEVENTH, version_id=LIST_8, sequence=8, certificates=(OTHER_ROOT,), roots=1)


def approved(version: TrustVersionProposed, number: int, *store: str) -> TrustVersionApproved:
    part = replace(CERTIFICATES, certificates=store)
    return TrustVersionApproved(version.version_id, APPROVER, number, version_of([part]))


def approve(version: TrustVersionProposed, by: UUID = APPROVER) -> ApproveTrust:
    return ApproveTrust(version.version_id, by, AT)


def reject(version: TrustVersionProposed, by: UUID = APPROVER) -> RejectTrust:
    return RejectTrust(version.version_id, by, "a note")


REJECTED = TrustVersionRejected(FIRST, APPROVER, "a note")
IN_USE: list[Event] = [CERTIFICATES, approved(CERTIFICATES, 1, ROOT)]


def given(*events: Event) -> Trust:
    return reduce(evolve, events, NEW)


def test_a_version_is_proposed_once() -> None:
    propose = ProposeTrust(CERTIFICATES, AT)
    assert decide(given(), propose) == [CERTIFICATES]
    assert decide(given(CERTIFICATES), propose) == []


def test_another_person_approves_it_once() -> None:
    done = approved(CERTIFICATES, 1, ROOT)
    assert decide(given(CERTIFICATES), approve(CERTIFICATES)) == [done]
    assert decide(given(CERTIFICATES, done), approve(CERTIFICATES)) == []


def test_another_person_rejects_it_once() -> None:
    assert decide(given(CERTIFICATES), reject(CERTIFICATES)) == [REJECTED]
    assert decide(given(CERTIFICATES, REJECTED), reject(CERTIFICATES)) == []


@pytest.mark.parametrize(
    "command", [approve(CERTIFICATES, PROPOSER), reject(CERTIFICATES, PROPOSER)]
)
def test_whoever_proposed_it_may_not_decide(command: Command) -> None:
    with pytest.raises(ProposerMayNotDecide):
        decide(given(CERTIFICATES), command)


@pytest.mark.parametrize("command", [approve(CERTIFICATES), reject(CERTIFICATES)])
def test_what_nobody_proposed_is_not_decided(command: Command) -> None:
    with pytest.raises(TrustVersionUnknown):
        decide(given(OTHERS), command)


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ([CERTIFICATES, REJECTED], approve(CERTIFICATES)),
        (IN_USE, reject(CERTIFICATES)),
    ],
)
def test_what_was_decided_is_not_decided_again(history: list[Event], command: Command) -> None:
    with pytest.raises(TrustVersionDecided):
        decide(given(*history), command)


def test_a_newer_version_takes_the_place_of_its_source_s_part_alone() -> None:
    trust = given(*IN_USE, SEVENTH)
    assert decide(trust, approve(SEVENTH)) == [approved(SEVENTH, 2, ROOT, SUB)]
    trust = given(*IN_USE, SEVENTH, approved(SEVENTH, 2, ROOT, SUB), OTHERS)
    assert decide(trust, approve(OTHERS)) == [approved(OTHERS, 3, OTHER_ROOT, SUB)]


def test_a_store_needs_a_root() -> None:
    with pytest.raises(TrustWithoutRoot):
        decide(given(SEVENTH), approve(SEVENTH))


@pytest.mark.parametrize("sequence", [1, 6, 7])
def test_a_published_list_is_never_followed_by_an_older_one(sequence: int) -> None:
    trust = given(*IN_USE, SEVENTH, approved(SEVENTH, 2, ROOT, SUB))
    older = replace(EIGHTH, sequence=sequence)
    with pytest.raises(ListNotNewer):
        decide(trust, ProposeTrust(older, AT))
    assert decide(trust, ProposeTrust(EIGHTH, AT)) == [EIGHTH]


def test_an_older_list_that_waits_is_not_approved_after_a_newer_one() -> None:
    trust = given(*IN_USE, SEVENTH, EIGHTH, approved(EIGHTH, 2, ROOT, OTHER_ROOT))
    with pytest.raises(ListNotNewer):
        decide(trust, approve(SEVENTH))


def test_the_number_of_one_scheme_says_nothing_of_another() -> None:
    trust = given(*IN_USE, EIGHTH, approved(EIGHTH, 2, ROOT, OTHER_ROOT))
    other = replace(SEVENTH, source="another scheme", sequence=1)
    assert decide(trust, ProposeTrust(other, AT)) == [other]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=400)])
def test_a_list_that_has_ended_is_neither_proposed_nor_approved(late: timedelta) -> None:
    assert SEVENTH.valid_until is not None
    after = SEVENTH.valid_until + late
    with pytest.raises(ListExpired):
        decide(given(*IN_USE), ProposeTrust(SEVENTH, after))
    with pytest.raises(ListExpired):
        decide(given(*IN_USE, SEVENTH), replace(approve(SEVENTH), at=after))


def test_an_ended_list_counts_neither_for_the_store_nor_for_its_root() -> None:
    ended = (EIGHTH, approved(EIGHTH, 1, OTHER_ROOT))
    assert EIGHTH.valid_until is not None
    after = EIGHTH.valid_until
    before = after - timedelta(microseconds=1)
    rootless = replace(CERTIFICATES, certificates=(SUB,), roots=0)
    told = {at: replace(approve(rootless), at=at) for at in (before, after)}
    assert decide(given(*ended, rootless), told[before]) == [approved(rootless, 2, OTHER_ROOT, SUB)]
    with pytest.raises(TrustWithoutRoot):
        decide(given(*ended, rootless), told[after])
    assert decide(given(*ended, CERTIFICATES), replace(approve(CERTIFICATES), at=after)) == [
        approved(CERTIFICATES, 2, ROOT)
    ]


def test_a_list_that_cannot_be_believed_is_recorded_and_changes_nothing() -> None:
    refusal = TrustListRefused(LIST_7, "file", PROPOSER, "trust_list_signature_wrong")
    assert decide(given(*IN_USE), RefuseTrustList(refusal)) == [refusal]
    assert given(*IN_USE, refusal) == given(*IN_USE)


def test_reports_name_a_store_by_its_certificates_whatever_their_order() -> None:
    one = replace(CERTIFICATES, certificates=(ROOT, SUB))
    other = [replace(CERTIFICATES, certificates=(SUB,)), CERTIFICATES, CERTIFICATES]
    assert version_of([one]) == version_of(other)
    assert version_of([one]) != version_of([CERTIFICATES])


ORDERS: list[Command] = [
    order
    for version in (CERTIFICATES, OTHERS, SEVENTH, EIGHTH)
    for order in (
        ProposeTrust(version, AT),
        *(act(version, by) for act in (approve, reject) for by in (PROPOSER, APPROVER)),
    )
]


@for_all(some.lists(some.sampled_from(ORDERS), max_size=14))
def test_nothing_is_trusted_that_two_people_did_not_stand_for(orders: list[Command]) -> None:
    trust, facts = given(), list[Event]()
    for order in orders:
        try:
            new = decide(trust, order)
        except SignaturesError:
            continue
        facts += new
        trust = reduce(evolve, new, trust)
    for part in trust.parts.values():
        (fact,) = [
            one
            for one in facts
            if isinstance(one, TrustVersionApproved) and one.version_id == part.version_id
        ]
        assert fact.approved_by != part.proposed_by
    assert not trust.approved & trust.rejected
    assert not trust.parts or any(part.roots for part in trust.parts.values())
