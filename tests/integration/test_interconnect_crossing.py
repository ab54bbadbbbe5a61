"""Who writes to a dispatch's many deliveries, and who tells one of them a step, at the same time.

Neither has to begin again, however many recipients there are and however often they tell.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from libs.db import Unit
from libs.eventstore import Context
from libs.jobs.queue import Job, Share
from services.interconnect import handlers
from services.interconnect.commands import RecordStatus
from services.interconnect.domain import delivery_id
from services.interconnect.earlier import opened_dispatch, settled_writes
from services.interconnect.errors import NothingToRecall
from services.interconnect.journal import JOURNAL
from tests.support.fanout import counting, enter_agencies
from tests.support.interconnect_world import (
    CLERK_HANDLER,
    COMMUNE,
    DEPARTMENT,
    OFFICE,
    PROVINCE,
    World,
    open_world,
)
from tests.support.overlap import overlap
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
AT = datetime(2026, 11, 22, tzinfo=UTC)
Step = Callable[[Unit], None]


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def issued(world: World, *recipients: UUID, **changes: object) -> UUID:
    document = world.issue(*recipients, **changes)
    world.settle()
    return document


def status(document: UUID, recipient: UUID = DEPARTMENT, code: str = "01") -> Step:
    """The recipient tells a step."""
    told = RecordStatus(
        status_code=code, told_at=AT, unit="", staff=None, note=None,
        status_packet="0" * 64, channel="inside",
    )  # fmt: skip

    def step(unit: Unit) -> None:
        writes = settled_writes(unit, delivery_id(document, recipient), [told])
        context = Context(str(PROVINCE), "system:test", unit.now, uuid4())
        JOURNAL.append_all(unit.store, writes, context, uuid4())

    return step


def recall(document: UUID) -> Step:
    """The province's clerk asks all recipients for the document back."""

    def step(unit: Unit) -> None:
        found = opened_dispatch(unit, document)
        assert found is not None
        context = Context(str(PROVINCE), CLERK_HANDLER, unit.now, found[1])
        handlers.recall(unit, found[0], None, "0" * 64, context, uuid4())

    return step


def end_of(world: World, kind: str) -> Step:
    """The end of the next job of this kind, whose slow part is done."""
    with world.database.unit() as unit:
        job = unit.jobs.take("test", Share([kind]), urgent_only=False, lease_seconds=60)
    assert isinstance(job, Job)
    return world.worker().acts[kind](job)


def updating(world: World, old: UUID) -> Step:
    """The end of the job that prepares a document which updates an older one."""
    world.issue(DEPARTMENT, COMMUNE, number=6, updates=str(old))
    world.project()
    world.react()
    world.project()
    return end_of(world, "prepare")


def crossed(world: World, one: Step, other: Step, first: str) -> None:
    """Neither is refused, whichever of the two began `first`."""
    steps = (one, other) if first == "many" else (other, one)
    assert overlap(world.database, *steps) is None


FIRST = pytest.mark.parametrize("first", ["many", "one"])


@FIRST
def test_a_recall_from_many_and_a_status_wait_for_each_other(world: World, first: str) -> None:
    document = issued(world, DEPARTMENT, COMMUNE)
    crossed(world, recall(document), status(document), first)
    asked = world.messages("delivery", "RecallAsked")
    assert {each.recipient_id for each in asked} == {str(DEPARTMENT), str(COMMUNE)}
    assert len(world.messages("delivery", "StatusReceived")) == 1


@FIRST
def test_an_update_and_a_status_of_the_older_document_wait_for_each_other(
    world: World, first: str
) -> None:
    old = issued(world, DEPARTMENT, COMMUNE)
    crossed(world, updating(world, old), status(old), first)
    assert len(world.messages("delivery", "UpdateAsked")) == 2


@FIRST
def test_an_update_and_a_recall_of_the_older_document_wait_for_each_other(
    world: World, first: str
) -> None:
    old = issued(world, DEPARTMENT, COMMUNE)
    steps = [updating(world, old), recall(old)]
    if first == "many":
        # Asked for the newer one, nobody can be asked back meanwhile.
        refused = overlap(world.database, *steps)
        assert isinstance(refused, NothingToRecall)
    else:
        assert overlap(world.database, *reversed(steps)) is None
        refusals = world.messages("delivery", "DeliveryRefused")
        assert {each.reason_code for each in refusals} == {"earlier_request_open"}


@FIRST
def test_what_the_axis_took_and_its_first_status_wait_for_each_other(
    world: World, first: str
) -> None:
    document = world.issue(OFFICE)
    world.project()
    world.react()
    world.worker().work_one()
    crossed(world, end_of(world, "send"), status(document, OFFICE), first)
    assert len(world.messages("delivery", "PacketSent")) == 1


@FIRST
def test_a_recall_and_the_acceptance_of_what_replaces_it_wait_for_each_other(
    world: World, first: str
) -> None:
    old = issued(world, DEPARTMENT, COMMUNE)
    new = issued(world, DEPARTMENT, COMMUNE, number=6, replaces=str(old))
    crossed(world, recall(old), status(new, code="03"), first)
    assert len(world.messages("delivery", "DeliveryReplaced")) == 1


def test_recipients_who_tell_their_steps_do_not_wait_for_each_other(world: World) -> None:
    document = issued(world, DEPARTMENT, COMMUNE)
    with world.database.unit() as one:
        status(document, DEPARTMENT)(one)
        with world.database.unit() as other:
            status(document, COMMUNE)(other)
    assert len(world.messages("delivery", "StatusReceived")) == 2


def test_a_status_asks_no_more_of_the_database_than_the_lock_and_the_delivery(
    world: World,
) -> None:
    document = issued(world, DEPARTMENT)
    with counting(world.database.engine) as asked, world.database.unit() as unit:
        before = asked.statements
        status(document)(unit)
        # The lock, the delivery, and the append, prepared on a connection's first use.
        assert asked.statements - before <= 4


def test_a_recall_from_a_whole_province_reads_all_deliveries_at_once(world: World) -> None:
    document = issued(world, *enter_agencies(world, 50, "inside"))
    with counting(world.database.engine) as asked, world.database.unit() as unit:
        before = asked.statements
        recall(document)(unit)
        # One for each job that tells a recipient, and a few.
        assert asked.statements - before <= 50 + 6
