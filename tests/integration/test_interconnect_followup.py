"""What became of what we sent by the axis, when the recipient's own system says so."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.interconnect import balance, followup
from services.interconnect.axis import AxisAgency, AxisUnreachable, Sent
from services.interconnect.compose import VIETNAM
from services.interconnect.followup import FollowUp
from services.interconnect.journal import SYSTEM
from services.interconnect.metrics import UNANSWERED
from tests.support.interconnect_world import (
    CODES,
    DEPARTMENT,
    MINISTRY,
    NAMES,
    OFFICE,
    PROVINCE,
    World,
    office_status,
    open_world,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def issued(world: World, *recipients: UUID, **changes: Any) -> UUID:
    document = world.issue(*recipients, **changes)
    world.settle()
    return document


def settle_there(world: World, *, fail: bool) -> None:
    """The Government Office's system says what it did with the packets that wait."""
    for received in world.office.waiting("edoc"):
        taken, failed = ((), received.to) if fail else (received.to, ())
        world.office.acknowledge(received.doc_id, taken=taken, failed=failed)


def tell(world: World, document: UUID, code: str) -> None:
    """The Government Office tells a step on the document."""
    told = office_status(world.dispatch(document)["foreign_id"], code)
    world.from_office(told, "status")
    world.poll()


def delivery(world: World, document: UUID, recipient: UUID = OFFICE) -> Any:
    deliveries = world.dispatch(document)["deliveries"]
    (found,) = (each for each in deliveries if each["recipient"]["agency_id"] == recipient)
    return found


def standing(world: World, document: UUID, recipient: UUID = OFFICE) -> tuple[str, str | None]:
    shown = delivery(world, document, recipient)
    return shown["transport"], shown["reason_code"]


def sent_side(world: World) -> dict[str, int]:
    """What is not nothing of the balance's sending side."""
    wanted = balance.Wanted(today(world) - timedelta(1), today(world))
    with world.database.unit() as unit:
        totals = balance.totals(unit.connection, wanted)
        assert balance.differences(unit.connection) == 0
    counts = {name.removeprefix("sent_"): n for name, n in totals.items() if name[:5] == "sent_"}
    return {name: number for name, number in counts.items() if number}


class Lists:
    """An axis that has these rows, and notes for which days it was asked."""

    def __init__(self, *rows: Sent) -> None:
        self.rows = rows
        self.asked: list[date] = []

    def sent_on(self, day: date) -> tuple[Sent, ...]:
        self.asked.append(day)
        return self.rows


def test_the_sender_learns_that_the_recipients_system_failed_the_packet(world: World) -> None:
    document = issued(world, OFFICE, DEPARTMENT)
    settle_there(world, fail=True)
    world.poll()
    shown = delivery(world, document)
    assert (shown["transport"], shown["reason_code"]) == ("refused", "axis-fail")
    assert "Hệ thống của cơ quan nhận" in shown["reason"]["vi"]
    assert "own system failed the packet" in shown["reason"]["en"]
    assert standing(world, document, DEPARTMENT) == ("sent", None)
    assert sent_side(world) == {"accepted": 2, "delivered": 1, "refused": 1}
    (event,) = world.events("delivery", "DeliveryRefused")
    (opened,) = world.events("dispatch", "DispatchOpened")
    assert (event.agency, event.handler, event.trace) == (str(PROVINCE), SYSTEM, opened.trace)


def test_it_is_recorded_once_however_often_the_list_says_so(world: World) -> None:
    issued(world, OFFICE)
    settle_there(world, fail=True)
    follow = FollowUp(world.database, world.client())
    (failed,) = follow.failed()
    follow.record(failed)
    follow.record(failed)
    assert list(follow.failed()) == [failed]  # the read model does not know yet
    world.poll(2)
    assert len(world.messages("delivery", "DeliveryRefused")) == 1
    assert list(follow.failed()) == []


def test_what_was_taken_or_waits_there_stays_sent(world: World) -> None:
    taken = issued(world, OFFICE)
    settle_there(world, fail=False)
    waits = issued(world, OFFICE, number=6)
    world.poll()
    assert standing(world, taken) == standing(world, waits) == ("sent", None)


def test_whoever_told_a_step_has_it_whatever_his_system_says(world: World) -> None:
    document = issued(world, OFFICE)
    settle_there(world, fail=True)
    told = office_status(world.dispatch(document)["foreign_id"], "01")
    world.from_office(told, "status")
    world.poller.statuses()  # recorded, and not projected yet
    world.poller.sent()
    world.project()
    assert standing(world, document) == ("sent", None)


def test_another_recipients_failure_is_his_alone(world: World) -> None:
    ministry = AxisAgency("m", "", CODES[MINISTRY], NAMES[MINISTRY], "m@example.vn")
    world.office.register_agency(ministry)
    document = issued(world, OFFICE, MINISTRY)
    (received,) = world.office.waiting("edoc")
    world.office.acknowledge(received.doc_id, taken=[CODES[OFFICE]], failed=[CODES[MINISTRY]])
    world.poll()
    assert standing(world, document) == ("sent", None)
    assert standing(world, document, MINISTRY) == ("refused", "axis-fail")


def test_an_update_that_failed_there_asks_nothing_any_more(world: World) -> None:
    old = issued(world, OFFICE)
    settle_there(world, fail=False)
    new = issued(world, OFFICE, number=6, updates=str(old))
    assert delivery(world, old)["request"]["kind"] == "update"
    settle_there(world, fail=True)
    world.poll()
    assert standing(world, new) == ("refused", "axis-fail")
    assert delivery(world, old)["request"] is None
    again = issued(world, OFFICE, number=7, updates=str(old))
    assert standing(world, again) == ("sent", None)


def test_what_people_there_read_again_is_sent_and_counted_so(world: World) -> None:
    document = issued(world, OFFICE)
    before = delivery(world, document)
    settle_there(world, fail=True)
    world.poll()
    assert sent_side(world) == {"accepted": 1, "refused": 1}
    tell(world, document, "01")
    after = delivery(world, document)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"processing", "steps"}
    assert sent_side(world) == {"accepted": 1, "delivered": 1}


def test_an_update_that_people_there_read_again_is_answered(world: World) -> None:
    old = issued(world, OFFICE)
    settle_there(world, fail=False)
    new = issued(world, OFFICE, number=6, updates=str(old))
    settle_there(world, fail=True)
    world.poll()
    tell(world, new, "01")
    assert delivery(world, old)["request"]["by"] == new
    tell(world, new, "03")
    tell(world, old, "15")
    assert delivery(world, old)["outcome"] == {"kind": "updated", "by": new}


def test_an_update_that_is_read_again_after_another_was_asked_asks_nothing(world: World) -> None:
    old = issued(world, OFFICE)
    settle_there(world, fail=False)
    late = issued(world, OFFICE, number=6, updates=str(old))
    settle_there(world, fail=True)
    world.poll()
    other = issued(world, OFFICE, number=7, updates=str(old))
    tell(world, late, "01")
    assert standing(world, late) == ("sent", None)
    assert delivery(world, old)["request"]["by"] == other


def test_the_axis_is_asked_while_something_is_unanswered_and_no_longer(world: World) -> None:
    axis = Lists()
    follow = FollowUp(world.database, axis)  # type: ignore[arg-type]
    issued(world, DEPARTMENT)
    assert list(follow.failed()) == axis.asked == []
    document = issued(world, OFFICE)
    assert list(follow.failed()) == []
    assert axis.asked == [today(world), today(world) - timedelta(1)]
    tell(world, document, "01")
    axis.asked.clear()
    assert list(follow.failed()) == axis.asked == []


def test_what_nobody_answered_for_30_days_is_asked_no_more(world: World) -> None:
    axis = Lists()
    issued(world, OFFICE)
    age(world, 31)
    assert list(FollowUp(world.database, axis).failed()) == axis.asked == []  # type: ignore[arg-type]


def test_what_nobody_has_told_a_step_of_for_a_day_is_counted(world: World) -> None:
    for number, days in ((5, 2), (6, 2), (7, 0)):
        document = issued(world, OFFICE, number=number)
        age(world, days)
    world.poll()
    assert UNANSWERED._value.get() == 2
    first = world.dispatch(document)["foreign_id"].replace("07/", "05/")
    world.from_office(office_status(first, "01"), "status")
    world.poll(2)  # told in the first
    assert UNANSWERED._value.get() == 1


def test_the_newest_days_are_asked_every_time_and_the_older_ones_in_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followup, "_MOST_ROWS", 1)
    for number, days in ((5, 20), (6, 10), (7, 0)):
        issued(world, OFFICE, number=number)
        age(world, days)
    axis = Lists(Sent("another", "edoc", "H25", CODES[OFFICE], "fail"))
    follow = FollowUp(world.database, axis)  # type: ignore[arg-type]
    rounds = []
    for _ in range(5):
        assert list(follow.failed()) == []
        rounds.append([(today(world) - day).days for day in axis.asked])
        axis.asked.clear()
    assert rounds == [[0, 1, 10], [0, 1, 11], [0, 1, 20], [0, 1, 21], [0, 1, 10]]


def test_an_axis_that_is_away_ends_the_round_and_changes_nothing(world: World) -> None:
    document = issued(world, OFFICE)
    settle_there(world, fail=True)
    world.axis.plan(server_error={"rate": 1, "times": 1, "methods": ["getSentEdocList"]})
    with pytest.raises(AxisUnreachable):
        world.poller.sent()
    world.project()
    assert standing(world, document) == ("sent", None)
    world.poll()
    assert standing(world, document) == ("refused", "axis-fail")


def today(world: World) -> date:
    with world.database.unit() as unit:
        return unit.now.astimezone(VIETNAM).date()


def age(world: World, days: int) -> None:
    """As if what was sent last had been sent so many days before."""
    older = """
        UPDATE interconnect.delivery SET sent_at = sent_at - :days * interval '1 day'
        WHERE sent_at = (SELECT max(sent_at) FROM interconnect.delivery)"""
    with world.database.unit() as unit:
        unit.connection.execute(text(older), {"days": days})
