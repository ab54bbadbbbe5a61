"""One document to a whole province: the database is asked a few times, not once for each recipient.

The short form; `make bench-interconnect` does it with 1,707 (the largest directory of a province).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from services.interconnect.axis import AxisAgency
from tests.support.fanout import axis_codes, counting, enter_agencies
from tests.support.interconnect_world import OFFICE, PROVINCE, World, open_world
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
MANY = 200
# However many recipients there are: a job's lease, the lookups, the streams, two appends.
MOST_STATEMENTS = 30


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.seal_for(PROVINCE)
        yield made


def job_done(world: World) -> int:
    """Do one job; how many statements that took."""
    worker = world.worker()
    with counting(world.database.engine) as asked:
        assert worker.work_one()
        took = asked.statements
    assert world.stuck() in ([], ["None"])
    world.project()
    return took


def issued(world: World, recipients: list[UUID], **changes: object) -> UUID:
    document = world.issue(*recipients, **changes)
    world.project()
    world.react()
    world.project()
    return document


def transports(world: World, document: UUID) -> Counter[tuple[str, str, str | None]]:
    deliveries = world.dispatch(document)["deliveries"]
    return Counter((each["channel"], each["transport"], each["reason_code"]) for each in deliveries)


def test_inside_the_whole_province_gets_it_in_few_statements(world: World) -> None:
    agencies = enter_agencies(world, MANY, "inside")
    document = issued(world, agencies)
    assert job_done(world) <= MOST_STATEMENTS
    assert transports(world, document) == {("inside", "sent", None): MANY}
    arrived = world.messages("packet", "PacketArrived")
    assert {each.recipient_id for each in arrived} == {str(each) for each in agencies}
    assert len({each.packet for each in arrived}) == 1
    assert {each.pair_number for each in arrived} == {1}


def test_an_update_for_the_whole_province_is_asked_in_few_statements(world: World) -> None:
    agencies = enter_agencies(world, MANY, "inside")
    old = issued(world, agencies)
    job_done(world)
    new = issued(world, agencies, number=6, updates=str(old))
    assert job_done(world) <= MOST_STATEMENTS
    assert transports(world, new) == {("inside", "sent", None): MANY}
    asked = world.messages("delivery", "UpdateAsked")
    assert {each.recipient_id for each in asked} == {str(each) for each in agencies}


def test_by_the_axis_very_many_get_it_in_few_statements_and_requests(world: World) -> None:
    agencies = enter_agencies(world, MANY, "axis")
    for code in axis_codes(MANY - 1):
        world.office.register_agency(AxisAgency(code, "", code, code, "m@example.vn"))
    world.poller.documents()
    document = issued(world, [*agencies, OFFICE])
    assert job_done(world) <= MOST_STATEMENTS
    requests = len(world.axis.log.read_text().splitlines())
    assert job_done(world) <= MOST_STATEMENTS
    # One is unknown to the axis: the others are found by halving, not one by one.
    assert len(world.axis.log.read_text().splitlines()) - requests <= 4 * MANY.bit_length()
    assert transports(world, document) == {
        ("axis", "sent", None): MANY,
        ("axis", "refused", "axis-18"): 1,
    }
    assert len(world.for_office("edoc")) == 1
