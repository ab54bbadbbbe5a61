"""How fast the axis is asked, and what its refusals mean."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.interconnect.axis import AxisRefused, AxisUnreachable, Received, Throttle
from services.interconnect.axis.link import refusal, seconds_until
from services.interconnect.axis.outcomes import MEANINGS, is_final, meaning, of_a_recipient
from services.interconnect.axis.rate import LONGEST_PAUSE, Bucket, pause
from services.interconnect.backlog import Backlog

# What a code leads to: tried again for ever, final at the first try, final at the third.
AGAIN, DAMAGED, FINAL, OURS = (
    (True, False, False),
    (False, False, True),
    (False, True, True),
    (False, False, False),
)


def waiting(doc_id: str) -> Received:
    return Received(doc_id, "edoc", "G22", ("H42",), "initial", "")


@pytest.mark.parametrize(
    ("code", "outcome", "recipient"),
    [
        ("10", DAMAGED, False),
        ("15", OURS, False),
        ("18", FINAL, True),
        ("19", OURS, False),
        ("20", AGAIN, False),
        ("21", FINAL, False),
        ("22", FINAL, False),
        ("23", FINAL, True),
        ("too-large", FINAL, False),
        ("http-413", FINAL, False),
        ("http-401", OURS, False),
        ("http-404", OURS, False),
        ("99", OURS, False),
        ("", OURS, False),
    ],
)
def test_a_refusal_is_tried_again_final_or_ours_to_mend_by_its_code(
    code: str, outcome: tuple[bool, bool, bool], recipient: bool
) -> None:
    error = refusal(code, "words")
    passing = isinstance(error, AxisUnreachable)
    assert (passing, is_final(code, 1), is_final(code, 3)) == outcome
    assert of_a_recipient(code) == recipient
    assert passing or (isinstance(error, AxisRefused) and error.code == code)


def test_every_code_of_the_field_has_a_row() -> None:
    field = {"10", "15", "18", "19", "20", "21", "22", "23"}
    assert MEANINGS.keys() == field | {"too-large", "http-413"}
    assert all(meaning(code).text for code in MEANINGS)


def test_a_strangers_words_are_kept_short_and_printable() -> None:
    error = refusal("2\n2" * 20, "a\x00b" * 900)
    assert isinstance(error, AxisRefused)
    assert (len(error.code) <= 20, error.code.isprintable()) == (True, True)
    assert (len(error.description) <= 300, error.description.isprintable()) == (True, True)


@given(
    rate=st.floats(0.1, 100),
    steps=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_no_more_goes_through_a_bucket_than_flows_in(rate: float, steps: list[float]) -> None:
    now, bucket, allowed = 0.0, Bucket(rate, max(rate, 1.0), 0.0), []
    for step in steps:
        now += step
        bucket, wait = bucket.take(now)
        allowed.append(now + wait)
    assert allowed == sorted(allowed)
    for first, start in enumerate(allowed):
        for last in range(first, len(allowed)):
            most = max(rate, 1.0) + rate * (allowed[last] - start) + 1e-6
            assert last - first + 1 <= most + 1


def test_a_bucket_lets_a_second_of_requests_go_at_once_and_then_one_by_one() -> None:
    bucket, waits = Bucket(4, 4, 0.0), []
    for _ in range(6):
        bucket, wait = bucket.take(0.0)
        waits.append(wait)
    assert waits == [0, 0, 0, 0, 0.25, 0.5]
    assert bucket.take(10.0)[1] == 0


def test_a_throttle_waits_and_stays_away_when_told() -> None:
    now: list[float] = [100.0]
    slept: list[float] = []
    throttle = Throttle(2, clock=lambda: now[0], sleep=slept.append)
    for _ in range(3):
        throttle.wait()
    assert slept == [0.5]
    throttle.close(7)
    throttle.close(3)
    now[0] += 6
    with pytest.raises(AxisUnreachable) as kept_away:
        throttle.wait()
    assert kept_away.value.seconds == 1
    now[0] += 1
    throttle.wait()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("Mon, 23 Nov 2026 08:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 08:00:30 -0000", 30),
        ("Mon, 23 Nov 2026 07:00:00 GMT", 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("9" * 30, 0),
        ("Mon, 23 Nov 99999999999 08:00:30 GMT", 0),
        ("Mon, 23 Nov 2026 08:00:30 +99999999999", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float) -> None:
    assert seconds_until(text, datetime(2026, 11, 23, 8, tzinfo=UTC)) == seconds


def test_pauses_grow_to_their_longest_and_differ_by_chance() -> None:
    assert [pause(n, 2, 0) for n in range(4)] == [2, 4, 8, 16]
    assert pause(50, 2, 0) == LONGEST_PAUSE
    assert pause(50, 2, 0, longest=3600) == 3600
    assert pause(3, 2, 1) == 8


def test_a_packet_that_fails_is_left_alone_for_longer_each_time() -> None:
    backlog = Backlog(shortest=2)
    one, other = waiting("one"), waiting("other")
    backlog.fail("one", now=0, chance=0)
    assert backlog.small([one, other], now=0) == [other, one]
    backlog.fail("one", now=0, chance=0)
    backlog.fail("one", now=0, chance=0)
    assert backlog.small([one, other], now=7.9) == [other]
    assert backlog.small([one, other], now=8) == [other, one]
    backlog.fail("one", now=8, chance=0)
    assert backlog.small([one, other], now=23.9) == [other]


def test_failures_are_counted_by_what_may_be_to_blame_for_them() -> None:
    backlog = Backlog(shortest=2)
    backlog.fail("one", now=0, chance=0)
    backlog.fail("one", now=0, chance=0, damaged=True)
    backlog.fail("one", now=0, chance=0, refused=True)
    backlog.fail("one", now=0, chance=0, refused=True)
    failures = backlog.failures("one")
    assert (failures.times, failures.damaged, failures.refused) == (4, 1, 2)
    backlog.settle("one")
    assert backlog.failures("one").times == 0


def test_what_has_failed_least_is_tried_first_and_then_what_is_oldest() -> None:
    backlog = Backlog(shortest=2)
    oldest, older, new = waiting("oldest"), waiting("older"), waiting("new")
    backlog.fail("oldest", now=0, chance=0)
    assert backlog.small([oldest, older, new], now=0) == [older, new, oldest]
    backlog.fail("older", now=0, chance=0)
    assert backlog.small([oldest, older, new], now=0) == [new, oldest, older]


def test_a_large_packet_is_left_to_its_own_lane_until_it_waits_no_more() -> None:
    backlog = Backlog(shortest=2)
    one, other = waiting("one"), waiting("other")
    backlog.put_aside(one)
    assert (backlog.small([one, other], now=0), backlog.large()) == ([other], [one])
    backlog.fail("one", now=0, chance=0)
    assert (backlog.small([one, other], now=0), backlog.large()) == ([other, one], [])
    backlog.put_aside(one)
    assert (backlog.small([other], now=0), backlog.large()) == ([other], [])
