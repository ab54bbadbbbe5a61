"""Each fault of the axis, by either driver: once it has passed, both sides have all, and once.

What is exchanged: documents to several recipients, both ways, with all their statuses.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.interconnect import queries
from services.interconnect.axis import AxisRefused, AxisUnreachable, MessageType
from services.interconnect.axis import reply as axis_reply
from tests.integration.test_interconnect_envelopes import by_office
from tests.support.interconnect_world import (
    COMMUNE,
    DEPARTMENT,
    OFFICE,
    PDF,
    PROVINCE,
    World,
    office_document,
    office_status,
    open_world,
)
from tests.support.servers import PostgresForTests
from tests.support.service_keys import service_key
from tests.support.wait import eventually
from tools.axis.faults import FAULTS

pytestmark = pytest.mark.postgres
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
OUR_STEPS, THEIR_STEPS = ["01", "03", "04", "05", "06"], ["01", "03", "06"]
TIMES = {"damaged": 2, "late": 3, "duplicate": 3, "reordered": 3, "truncated": 2, "slow": 1}
KINDS: tuple[MessageType, ...] = ("edoc", "status")


@pytest.fixture(scope="module", params=["national", "province"])
def world(
    request: pytest.FixtureRequest,
    postgres: PostgresForTests,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp(request.param)
    with open_world(postgres, folder, request.param) as made:
        made.register(OFFICE, service_key(OFFICE))
        made.project()
        made.poll()
        yield made


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_of_the_axis_only_delays(
    world: World, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "slow":
        monkeypatch.setattr(axis_reply, "SLOWEST", 10**9)
    names = [f"G22,{fault},{number}" for number in range(2)]
    number = sorted(FAULTS).index(fault) + 1
    for count, name in enumerate(names):
        packet = office_document(world, PROVINCE, DEPARTMENT, document_id=name)
        world.from_office(by_office(world, packet, 2 * number + count), "edoc")
    ours = world.issue(COMMUNE, OFFICE, number=number)

    strike(world, fault, number)
    struck = until_rest(world, names)
    check_arrivals(world, names)
    check_statuses_at_the_office(world, names)
    check_what_was_sent(world, ours, number)

    tell_steps(world, ours)
    strike(world, fault, number)
    struck += until_rest(world, names)
    (told,) = (each for each in world.dispatch(ours)["deliveries"] if each["channel"] == "axis")
    assert [each["code"] for each in told["steps"]] == THEIR_STEPS
    assert struck > 0 or fault == "old"


def strike(world: World, fault: str, seed: int) -> None:
    """Let the fault strike us, and not the office, at its first chances, or about every second."""
    plan: dict[str, Any] = {"times": TIMES.get(fault, 6), "systems": ["province"]}
    plan["rate"] = 1.0 if fault in TIMES else 0.5
    world.axis.plan(seed, **{fault: plan})


def until_rest(world: World, names: list[str]) -> int:
    """Rounds of the lanes, the consumers and the workers until nothing is left to do.

    How often the fault has struck meanwhile.
    """

    def rounds_end() -> bool:
        for lane in world.poller.lanes.values():
            with suppress(AxisRefused, AxisUnreachable):
                lane()
        world.project()
        handle(world, names)
        world.react()
        # As if time had passed, and no try had been the third.
        with world.database.unit() as unit:
            unit.connection.execute(
                text(
                    "UPDATE interconnect.job SET due_at = now(),"
                    " arguments = arguments - 'failures' - 'doubts'"
                )
            )
        world.work()
        sent = [row for kind in KINDS for row in world.office.sent(kind, page_size=1000)]
        return {row.status for row in sent} == {"done"} and world.stuck() == []

    eventually(rounds_end, within=120)
    struck = sum(world.axis.happened().values())
    world.axis.plan()
    with world.database.unit() as unit:
        assert queries.desk(unit.connection, None, 9) == []
    return struck


def handle(world: World, names: list[str]) -> None:
    """Our agencies take what has arrived through all steps."""
    arrived = {each.packet_id for each in world.messages("document", "DocumentArrived")}
    for packet in world.messages("packet", "PacketArrived"):
        if packet.foreign_id in names and packet.packet_id not in arrived:
            world.arrive(packet, START)
            world.handle(packet, START + timedelta(minutes=1))


def check_arrivals(world: World, names: list[str]) -> None:
    """Each document once at each recipient, and whole."""
    packets = world.messages("packet", "PacketArrived")
    packets = [each for each in packets if each.foreign_id in names]
    arrived = [(each.foreign_id, each.recipient_code) for each in packets]
    assert sorted(arrived) == [(name, code) for name in names for code in ("H25", "H25.13")]
    whole = [(each.envelope, file.name, file.digest) for each in packets for file in each.files]
    assert set(whole) == {("good", "7816.pdf", world.blobs.put_bytes(PDF).digest)}


def check_statuses_at_the_office(world: World, names: list[str]) -> None:
    """Each step once, in its order."""
    told: dict[tuple[str, str], list[str]] = {}
    for packet in world.for_office("status"):
        header = packet.header
        place = (header.response_for.document_id, header.sender.organ_id)
        told.setdefault(place, []).append(header.status_code)
    of_these = {place: codes for place, codes in told.items() if place[0] in names}
    assert of_these == {(name, code): OUR_STEPS for name in names for code in ("H25", "H25.13")}


def check_what_was_sent(world: World, ours: UUID, number: int) -> None:
    """Our document once at the office, and never back to us by the axis."""
    codes = [each.header.code.number for each in world.for_office("edoc")]
    assert codes.count(f"{number:02}") == 1
    sent = {each["channel"]: each["transport"] for each in world.dispatch(ours)["deliveries"]}
    assert sent == {"inside": "sent", "axis": "sent"}


def tell_steps(world: World, ours: UUID) -> None:
    """The office tells its steps on our document."""
    foreign = world.dispatch(ours)["foreign_id"]
    at = datetime(2026, 11, 24, 8, 0, 0)  # noqa: DTZ001 - the format has no zone
    for minutes, code in enumerate(THEIR_STEPS):
        status = office_status(foreign, code, timestamp=at + timedelta(minutes=minutes))
        world.from_office(status, "status")
