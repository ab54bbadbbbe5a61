"""Numbers of packets, drawn from the real store: each once, none left out, whatever is repeated."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts import message
from libs.db import Database, engine_for
from libs.eventstore import Context
from libs.jobs.queue import Job
from services.interconnect.journal import pair_stream
from services.interconnect.pairs import Drawn, Numbers, draw
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
PROVINCE_OF_RECIPIENTS = 1707
AT = datetime(2026, 11, 22, 7, tzinfo=UTC)


class Killed(Exception):
    """The worker died here."""


@pytest.fixture(scope="module")
def database(postgres: PostgresForTests) -> Iterator[Database]:
    engine = engine_for(postgres.fresh_database()("interconnect"))
    yield Database(engine, "interconnect")
    engine.dispose()


def a_job() -> Job:
    return Job(uuid4(), "prepare", {}, Context("a", "system:test", AT, uuid4()), 1)


def keep(numbers: Numbers) -> str:
    """The digest of what stands for an envelope: its numbers."""
    return hashlib.sha256(repr(sorted(numbers.items())).encode()).hexdigest()


def once(
    database: Database,
    job: Job,
    sender: UUID,
    recipients: list[UUID],
    die: bool = False,
    seal: Callable[[Numbers], str] = keep,
) -> Drawn:
    with database.unit() as unit:
        drawn = draw(unit, job, sender, recipients, ("document", job.job_id), seal)
        if die:
            raise Killed
        return drawn


def numbers_of(database: Database, sender: UUID, recipient: UUID) -> list[int]:
    with database.unit() as unit:
        history = unit.store.read(pair_stream(sender, recipient))
    return [message(each).number for each in history]


def test_a_repeat_finds_what_it_drew_though_others_drew_meanwhile(database: Database) -> None:
    sender, one, other, job = uuid4(), uuid4(), uuid4(), a_job()
    first = once(database, job, sender, [one, other])
    assert first.numbers == {one: 1, other: 1}
    assert once(database, a_job(), sender, [one]).numbers == {one: 2}
    assert once(database, job, sender, [one, other]) == first
    assert numbers_of(database, sender, one) == [1, 2]


def test_a_recipient_who_came_to_the_packet_later_gets_the_next_number(database: Database) -> None:
    sender, one, late, job = uuid4(), uuid4(), uuid4(), a_job()
    once(database, job, sender, [one])
    again = once(database, job, sender, [one, late])
    assert again.numbers == {one: 1, late: 1}
    assert again.sealed == keep({one: 1, late: 1})
    assert once(database, job, sender, [one, late]) == again


def test_what_cannot_be_sealed_draws_no_number(database: Database) -> None:
    sender, one = uuid4(), uuid4()

    def refuse(_numbers: Numbers) -> str:
        raise Killed

    with pytest.raises(Killed):
        once(database, a_job(), sender, [one], seal=refuse)
    assert once(database, a_job(), sender, [one]).numbers == {one: 1}


@dataclass(frozen=True)
class Try:
    """One try of one of four jobs, each with recipients of its own; it may die before its end."""

    job: int
    die: bool


@settings(max_examples=40, deadline=None)
@given(
    recipients=st.lists(st.sets(st.integers(0, 2), min_size=1), min_size=4, max_size=4),
    tries=st.lists(st.builds(Try, st.integers(0, 3), st.booleans()), max_size=14),
)
def test_whatever_is_tried_repeated_and_killed_the_numbers_run_from_one(
    database: Database, recipients: list[set[int]], tries: list[Try]
) -> None:
    sender, agencies, jobs = uuid4(), [uuid4() for _ in range(3)], [a_job() for _ in range(4)]
    drawn: dict[int, Drawn] = {}
    for each in tries:
        to = [agencies[place] for place in sorted(recipients[each.job])]
        with suppress(Killed):
            got = once(database, jobs[each.job], sender, to, each.die)
            assert drawn.setdefault(each.job, got) == got
    for agency in agencies:
        given_out = [found.numbers[agency] for found in drawn.values() if agency in found.numbers]
        assert numbers_of(database, sender, agency) == list(range(1, len(given_out) + 1))
        assert sorted(given_out) == list(range(1, len(given_out) + 1))


def test_all_who_draw_for_one_pair_at_the_same_time_get_through(database: Database) -> None:
    sender, one, several = uuid4(), uuid4(), [uuid4() for _ in range(3)]
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(10):
                once(database, a_job(), sender, [one, several[number % 3]])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert numbers_of(database, sender, one) == list(range(1, 61))
    for each in several:
        assert numbers_of(database, sender, each) == list(range(1, 21))


def test_a_whole_province_is_numbered_at_once(database: Database) -> None:
    sender, recipients = uuid4(), [uuid4() for _ in range(PROVINCE_OF_RECIPIENTS)]
    once(database, a_job(), sender, recipients[:100])
    job, began = a_job(), monotonic()
    first = once(database, job, sender, recipients)
    assert [first.numbers[each] for each in recipients] == [2] * 100 + [1] * 1607
    assert once(database, job, sender, recipients) == first
    # Far below a statement for each recipient, on the slowest machine.
    assert monotonic() - began < 20
