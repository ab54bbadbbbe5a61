"""An order for a signer's own device: given these facts, when this is ordered, that happens."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.signatures.commands import (
    ExpireDeviceSigning,
    FinishSigning,
    OpenDeviceSigning,
    PrepareDeviceSigning,
    RefuseSigning,
    TakeReturned,
)
from services.signatures.domain.orders import EXPIRED, Command, Event, Order, decide, evolve
from services.signatures.errors import NotTheSigner, SignaturesError, SigningClosed
from services.signatures.events import (
    Box,
    DeviceSignatureReturned,
    DeviceSigningOpened,
    DeviceSigningPrepared,
    SignatureMade,
    SigningFinished,
    SigningRefused,
)

SIGNING, DOCUMENT, AGENCY, LEADER = (UUID(int=n) for n in range(1, 5))
AT = datetime(2026, 11, 22, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FILE, BACK = "1" * 64, "2" * 64

OPENED = DeviceSigningOpened(
    signing_id=SIGNING,
    document_id=DOCUMENT,
    agency_id=AGENCY,
    signer_id=LEADER,
    file=FILE,
    box=Box(0, 1, 2, 3, 4),
    expires_at=AT + 60 * MINUTE,
)
PREPARED = DeviceSigningPrepared(
    signing_id=SIGNING,
    document_id=DOCUMENT,
    agency_id=AGENCY,
    means="file",
    expires_at=AT + 10 * MINUTE,
)
RETURNED = DeviceSignatureReturned(
    signing_id=SIGNING, document_id=DOCUMENT, agency_id=AGENCY, returned=BACK
)
MADE = SignatureMade(SIGNING, DOCUMENT, AGENCY, "leader", LEADER, "3" * 64, "B-T", AT, BACK)
FINISHED = SigningFinished(SIGNING, DOCUMENT, AGENCY, BACK)
REFUSED = SigningRefused(SIGNING, DOCUMENT, AGENCY, "signer_unexpected")

OPEN = OpenDeviceSigning(OPENED)
PREPARE = PrepareDeviceSigning(str(LEADER), "file", AT, AT + 10 * MINUTE)
TAKE = TakeReturned(BACK, AT)
FINISH = FinishSigning((MADE,))
REFUSE = RefuseSigning(SIGNING, DOCUMENT, AGENCY, "signer_unexpected")


def given(*facts: Event) -> Order:
    return reduce(evolve, facts, Order())


@pytest.mark.parametrize(
    ("facts", "command", "happens"),
    [
        ([], OPEN, [OPENED]),
        ([OPENED], PREPARE, [PREPARED]),
        ([OPENED, PREPARED], PREPARE, [PREPARED]),  # he may ask again
        ([OPENED, PREPARED], TAKE, [RETURNED]),
        ([OPENED, PREPARED, RETURNED], FINISH, [MADE, FINISHED]),
        ([OPENED, PREPARED, RETURNED], REFUSE, [REFUSED]),
    ],
)
def test_it_happens(facts: list[Event], command: Command, happens: list[Event]) -> None:
    assert decide(given(*facts), command) == happens


@pytest.mark.parametrize(
    "facts",
    [[], [OPENED, PREPARED, RETURNED], [OPENED, REFUSED], [OPENED, PREPARED, RETURNED, FINISHED]],
)
@pytest.mark.parametrize("command", [PREPARE, TAKE])
def test_what_is_not_open_is_neither_given_out_nor_taken_back(
    facts: list[Event], command: Command
) -> None:
    with pytest.raises(SigningClosed):
        decide(given(*facts), command)


def test_nothing_comes_back_that_was_not_given_out() -> None:
    with pytest.raises(SigningClosed):
        decide(given(OPENED), TAKE)


def test_only_the_signer_gets_it() -> None:
    with pytest.raises(NotTheSigner):
        decide(given(OPENED), PrepareDeviceSigning(str(AGENCY), "file", AT, AT + MINUTE))


def test_an_address_never_outlives_its_order() -> None:
    late = PrepareDeviceSigning(str(LEADER), "file", AT + 55 * MINUTE, AT + 65 * MINUTE)
    (event,) = decide(given(OPENED), late)
    assert isinstance(event, DeviceSigningPrepared)
    assert event.expires_at == OPENED.expires_at


@pytest.mark.parametrize(
    ("command", "facts"),
    [
        (TakeReturned(BACK, PREPARED.expires_at), [OPENED, PREPARED]),
        (PrepareDeviceSigning(str(LEADER), "file", OPENED.expires_at, AT), [OPENED]),
    ],
)
def test_time_ends_it(command: Command, facts: list[Event]) -> None:
    with pytest.raises(SigningClosed):
        decide(given(*facts), command)


def test_an_order_for_which_nothing_came_is_refused_when_its_time_is_over() -> None:
    expire = ExpireDeviceSigning(OPENED.expires_at)
    refused = SigningRefused(SIGNING, DOCUMENT, AGENCY, EXPIRED)
    assert decide(given(OPENED), expire) == [refused]
    assert decide(given(OPENED, PREPARED), expire) == [refused]
    assert decide(given(OPENED), ExpireDeviceSigning(AT)) == []


def test_what_came_back_in_time_is_checked_however_long_that_takes() -> None:
    expire = ExpireDeviceSigning(OPENED.expires_at + 60 * MINUTE)
    assert decide(given(OPENED, PREPARED, RETURNED), expire) == []
    assert decide(given(OPENED, PREPARED, RETURNED, FINISHED), expire) == []


COMMANDS = [OPEN, PREPARE, TAKE, FINISH, REFUSE, ExpireDeviceSigning(OPENED.expires_at)]


@for_all(some.lists(some.sampled_from(COMMANDS), max_size=12))
def test_in_whatever_order_things_are_tried_it_ends_once_and_returns_once(
    commands: list[Command],
) -> None:
    order, facts = given(), list[Event]()
    for command in commands:
        try:
            new = decide(order, command)
        except SignaturesError:
            continue
        facts += new
        order = reduce(evolve, new, order)
    ends = [one for one in facts if isinstance(one, SigningFinished | SigningRefused)]
    returns = [one for one in facts if isinstance(one, DeviceSignatureReturned)]
    assert len(ends) <= 1
    assert len(returns) <= 1
    if ends:
        assert facts[-1] is ends[0]  # nothing happens after the end
