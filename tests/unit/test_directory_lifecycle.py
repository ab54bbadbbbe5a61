"""A subscriber's certificates and devices: what may follow what."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from services.directory.commands import (
    FileRequest,
    ForwardRequest,
    HandOverDevice,
    RecoverDevice,
    RefuseRequest,
    RegisterCertificate,
    ReportLost,
    ReturnDevice,
    RevokeCertificate,
)
from services.directory.domain import lifecycle
from services.directory.domain.deadlines import working_days_after
from services.directory.domain.lifecycle import Command, decide
from services.directory.domain.subscriber import Event, Subscriber, evolve
from services.directory.errors import (
    AlreadyRegistered,
    CertificateEnded,
    CertificateExpired,
    CertificateInUse,
    CertificateUnknown,
    DeviceInHand,
    DeviceIsLost,
    DeviceNotInHand,
    DeviceWithoutCertificate,
    DirectoryError,
    ReceiverUnfit,
    RequestNotOpen,
    RequestOpen,
    RequestUnknown,
)
from services.directory.events import (
    CertificateRegistered,
    CertificateRequestFiled,
    CertificateRequestForwarded,
    CertificateRequestRefused,
    CertificateRevoked,
    DeviceHandedOver,
    DeviceLost,
    DeviceRecovered,
    DeviceReturned,
)

OWNER, AGENCY, REQUEST, OTHER_REQUEST, OLD, NEW, CLERK = (UUID(int=n) for n in range(1, 8))
DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
LAST_DAY, TOO_LATE = date(2029, 3, 1), date(2029, 3, 2)
TOKEN, SECOND_TOKEN = "VGCA-0001", "VGCA-0002"

FILE = FileRequest(REQUEST, OWNER, AGENCY, "issue", "leader", "a" * 64, DAY)
FILED = CertificateRequestFiled(**vars(FILE))
FORWARD = ForwardRequest(REQUEST, OWNER, "15/TTr-UBND", DAY)
FORWARDED = CertificateRequestForwarded(**vars(FORWARD))
REFUSE = RefuseRequest(REQUEST, OWNER, "b" * 64)
REFUSED = CertificateRequestRefused(**vars(REFUSE))
REGISTER = RegisterCertificate(
    OLD, OWNER, "leader", "c" * 64, "d" * 64, DAY, LAST_DAY, REQUEST, TOKEN
)
REGISTERED = CertificateRegistered(**vars(REGISTER))
REVOKE = RevokeCertificate(OLD, OWNER, "key_compromised", NOW)
REVOKED = CertificateRevoked(**vars(REVOKE))
HAND_OVER = HandOverDevice(TOKEN, OWNER, "leader", OWNER, "16/QĐ-UBND", DAY)
HANDED = DeviceHandedOver(**vars(HAND_OVER))
RETURN = ReturnDevice(TOKEN, OWNER, "left", DAY)
RETURNED = DeviceReturned(kind="leader", certificates=(OLD,), **vars(RETURN))
LOSE = ReportLost(TOKEN, OWNER, DAY)
LOST = DeviceLost(kind="leader", certificates=(OLD,), **vars(LOSE))
HELD = (FILED, FORWARDED, REGISTERED, HANDED)
RENEW = replace(FILE, request_id=OTHER_REQUEST, act="renew", certificate_id=OLD)
RENEWAL = CertificateRequestFiled(**vars(RENEW))


def given(*events: Event) -> Subscriber:
    return reduce(evolve, events, Subscriber())


AGAIN = replace(FILE, request_id=OTHER_REQUEST)
HAPPENS: list[tuple[tuple[Event, ...], Command, Event]] = [
    ((), FILE, FILED),
    ((FILED,), FORWARD, FORWARDED),
    ((FILED,), REFUSE, REFUSED),
    ((FILED, FORWARDED), REFUSE, REFUSED),
    ((FILED, FORWARDED), REGISTER, REGISTERED),
    ((), replace(REGISTER, request_id=None), replace(REGISTERED, request_id=None)),
    ((FILED, FORWARDED, REGISTERED), HAND_OVER, HANDED),
    (HELD, RENEW, RENEWAL),
    (HELD, RETURN, RETURNED),
    (HELD, LOSE, LOST),
    (HELD, REVOKE, REVOKED),
    ((*HELD, RETURNED), REVOKE, REVOKED),
    (HELD, RecoverDevice(TOKEN, OWNER), DeviceRecovered(TOKEN, OWNER)),
    ((*HELD, REVOKED), RETURN, replace(RETURNED, certificates=())),
    ((FILED, REFUSED), AGAIN, CertificateRequestFiled(**vars(AGAIN))),
]  # fmt: skip


@pytest.mark.parametrize(("before", "command", "event"), HAPPENS)
def test_it_happens(before: tuple[Event, ...], command: Command, event: Event) -> None:
    assert decide(given(*before), command) == [event]


@pytest.mark.parametrize(
    ("before", "command"),
    [
        ((FILED,), FILE),
        ((FILED, FORWARDED), FORWARD),
        (HELD, REGISTER),
        (HELD, HAND_OVER),
        ((*HELD, REVOKED), REVOKE),
    ],
)
def test_the_same_again_changes_nothing(before: tuple[Event, ...], command: Command) -> None:
    assert decide(given(*before), command) == []


SEAL_REGISTERED = replace(REGISTERED, kind="seal", request_id=None)
SECOND = replace(REGISTERED, certificate_id=NEW, request_id=None, device=SECOND_TOKEN)
REFUSALS: list[tuple[tuple[Event, ...], Command, type[DirectoryError]]] = [
    ((FILED,), replace(FILE, form="e" * 64), AlreadyRegistered),
    ((FILED,), AGAIN, RequestOpen),
    (HELD, AGAIN, CertificateInUse),
    (HELD, replace(RENEW, filed_on=TOO_LATE), CertificateExpired),
    ((*HELD, REVOKED), RENEW, CertificateEnded),
    ((*HELD, RETURNED), RENEW, CertificateEnded),
    ((*HELD, REVOKED), replace(RENEW, act="revoke"), CertificateEnded),
    ((), RENEW, CertificateUnknown),
    (HELD, replace(RENEW, kind="seal"), CertificateUnknown),
    ((*HELD, RENEWAL), replace(RENEW, act="change", request_id=NEW), RequestOpen),
    ((), replace(FILE, act="recover", device=TOKEN), DeviceNotInHand),
    ((), FORWARD, RequestUnknown),
    ((FILED, REFUSED), FORWARD, RequestNotOpen),
    ((FILED, FORWARDED), replace(FORWARD, reference="other"), RequestNotOpen),
    (HELD, REFUSE, RequestNotOpen),
    ((FILED,), REGISTER, RequestNotOpen),
    ((), REGISTER, RequestUnknown),
    ((FILED, FORWARDED), replace(REGISTER, kind="seal"), RequestUnknown),
    ((*HELD,), replace(REGISTER, certificate_id=NEW), RequestNotOpen),
    (HELD, replace(REGISTER, file="f" * 64), AlreadyRegistered),
    ((), REVOKE, CertificateUnknown),
    ((), HAND_OVER, DeviceWithoutCertificate),
    ((REGISTERED, REVOKED), HAND_OVER, DeviceWithoutCertificate),
    ((REGISTERED,), replace(HAND_OVER, handed_on=TOO_LATE), DeviceWithoutCertificate),
    ((REGISTERED,), replace(HAND_OVER, receiver_id=CLERK), ReceiverUnfit),
    ((*HELD, SECOND), replace(HAND_OVER, device=SECOND_TOKEN), DeviceInHand),
    ((*HELD, RETURNED), HAND_OVER, DeviceWithoutCertificate),
    ((*HELD, LOST), HAND_OVER, DeviceIsLost),
    ((*HELD, LOST), replace(REGISTER, certificate_id=NEW, request_id=None), DeviceIsLost),
    ((*HELD, RETURNED), RETURN, DeviceNotInHand),
    ((*HELD, RETURNED), LOSE, DeviceNotInHand),
    ((*HELD, RETURNED), RecoverDevice(TOKEN, OWNER), DeviceNotInHand),
]  # fmt: skip


@pytest.mark.parametrize(("before", "command", "refusal"), REFUSALS)
def test_it_is_refused(
    before: tuple[Event, ...], command: Command, refusal: type[DirectoryError]
) -> None:
    with pytest.raises(refusal) as refused:
        decide(given(*before), command)
    assert type(refused.value) is refusal


def test_a_renewal_of_what_was_revoked_meanwhile_brings_no_certificate() -> None:
    forwarded = replace(FORWARDED, request_id=OTHER_REQUEST)
    renewed = replace(REGISTER, certificate_id=NEW, request_id=OTHER_REQUEST)
    with pytest.raises(CertificateEnded):
        decide(given(*HELD, RENEWAL, forwarded, REVOKED), renewed)


def test_a_revocation_answers_the_request_for_it() -> None:
    asked = replace(RENEWAL, act="revoke", reason_code="key_compromised")
    (event,) = decide(given(*HELD, asked), REVOKE)
    assert event == replace(REVOKED, request_id=OTHER_REQUEST)
    assert given(*HELD, asked, event).requests[OTHER_REQUEST].state == "done"


def test_a_recovery_answers_the_request_for_it() -> None:
    asked = replace(RENEWAL, act="recover", certificate_id=None, device=TOKEN)
    assert decide(given(*HELD, asked), RecoverDevice(TOKEN, OWNER)) == [
        DeviceRecovered(TOKEN, OWNER, OTHER_REQUEST)
    ]


def test_an_agencys_device_goes_from_one_clerk_to_the_next() -> None:
    to_clerk = replace(HAND_OVER, kind="seal", receiver_id=CLERK)
    before = given(SEAL_REGISTERED, DeviceHandedOver(**vars(to_clerk)))
    to_next = replace(to_clerk, receiver_id=NEW)
    (event,) = decide(before, to_next)
    assert evolve(before, event).devices == {TOKEN: DeviceHandedOver(**vars(to_next))}


@pytest.mark.parametrize(
    ("day", "number", "last"),
    [
        (date(2026, 3, 2), 3, date(2026, 3, 5)),
        (date(2026, 3, 5), 3, date(2026, 3, 10)),  # over a weekend
        (date(2026, 3, 7), 5, date(2026, 3, 13)),  # from a Saturday
    ],
)
def test_a_deadline_counts_working_days(day: date, number: int, last: date) -> None:
    assert working_days_after(day, number) == last


# Any order of acts: a few names, so that they meet.
NAMES, TOKENS = (OLD, NEW, UUID(int=8)), ("", TOKEN, SECOND_TOKEN)
KINDS = st.sampled_from(["leader", "seal"])
DAYS = st.sampled_from([DAY, LAST_DAY, LAST_DAY + timedelta(days=30)])
SERIALS = st.sampled_from(TOKENS[1:])
NUMBERS = st.sampled_from([REQUEST, OTHER_REQUEST, UUID(int=9)])
ACTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        FileRequest, NUMBERS, st.just(OWNER), st.just(AGENCY), st.sampled_from(lifecycle.ACTS),
        KINDS, st.just("a" * 64), DAYS, st.sampled_from([None, *NAMES]), st.sampled_from(TOKENS),
    ),
    st.builds(ForwardRequest, NUMBERS, st.just(OWNER), st.just("1/A"), DAYS),
    st.builds(RefuseRequest, NUMBERS, st.just(OWNER), st.just("b" * 64)),
    st.builds(
        RegisterCertificate, st.sampled_from(NAMES), st.just(OWNER), KINDS, st.just("c" * 64),
        st.just("d" * 64), st.just(DAY), st.just(LAST_DAY), st.one_of(st.none(), NUMBERS),
        st.sampled_from(TOKENS),
    ),
    st.builds(
        RevokeCertificate, st.sampled_from(NAMES), st.just(OWNER), st.just("other"), st.just(NOW)
    ),
    st.builds(
        HandOverDevice, SERIALS, st.just(OWNER), KINDS, st.sampled_from([OWNER, CLERK]),
        st.just("1/A"), DAYS,
    ),
    st.builds(ReturnDevice, SERIALS, st.just(OWNER), st.just("left"), DAYS),
    st.builds(ReportLost, SERIALS, st.just(OWNER), DAYS),
    st.builds(RecoverDevice, SERIALS, st.just(OWNER)),
)  # fmt: skip


def history_of(commands: list[Command]) -> list[Event]:
    """What happened of these orders; refused ones left nothing."""
    subscriber, history = Subscriber(), []
    for command in commands:
        try:
            events = decide(subscriber, command)
        except DirectoryError:
            continue
        subscriber = reduce(evolve, events, subscriber)
        history += events
    return history


ORDERS = st.lists(ACTS, max_size=40)


@settings(max_examples=400, deadline=None)
@drawn(ORDERS)
def test_no_order_of_acts_leaves_two_devices_in_hand_for_one_purpose(orders: list[Any]) -> None:
    in_hand: dict[str, str] = {}
    for event in history_of(orders):
        if isinstance(event, DeviceHandedOver):
            in_hand[event.device] = event.kind
        elif isinstance(event, DeviceReturned | DeviceLost):
            del in_hand[event.device]
        assert len(set(in_hand.values())) == len(in_hand)


@settings(max_examples=400, deadline=None)
@drawn(ORDERS)
def test_no_order_of_acts_leaves_in_use_what_was_revoked_returned_or_lost(
    orders: list[Any],
) -> None:
    ended: set[UUID] = set()
    on: dict[UUID, str] = {}
    subscriber = Subscriber()
    for event in history_of(orders):
        subscriber = evolve(subscriber, event)
        if isinstance(event, CertificateRegistered):
            assert event.certificate_id not in on, "a certificate is entered once"
            on[event.certificate_id] = event.device
        elif isinstance(event, CertificateRevoked):
            ended.add(event.certificate_id)
        elif isinstance(event, DeviceReturned | DeviceLost):
            gone = {name for name, device in on.items() if device == event.device}
            assert gone - ended == set(event.certificates)
            ended |= gone
        elif isinstance(event, DeviceHandedOver):
            assert {n for n, device in on.items() if device == event.device} - ended
        in_use = {name for name, one in subscriber.certificates.items() if one.in_use(DAY)}
        assert in_use == set(on) - ended


@settings(max_examples=400, deadline=None)
@drawn(ORDERS)
def test_a_request_is_answered_once_and_a_certificate_asked_for_only_when_forwarded(
    orders: list[Any],
) -> None:
    filed: dict[UUID, CertificateRequestFiled] = {}
    forwarded: set[UUID] = set()
    answered: set[UUID] = set()
    for event in history_of(orders):
        if isinstance(event, CertificateRequestFiled):
            assert event.request_id not in filed
            filed[event.request_id] = event
        elif isinstance(event, CertificateRequestForwarded):
            forwarded.add(event.request_id)
        elif request_id := getattr(event, "request_id", None):
            assert request_id not in answered
            answered.add(request_id)
            if isinstance(event, CertificateRegistered):
                assert request_id in forwarded
                assert filed[request_id].act in lifecycle.ISSUING
