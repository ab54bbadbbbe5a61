"""Receipts that never lie: a process killed at every point between a packet and its statuses."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from libs.contracts import message
from libs.eventstore import START
from tests.support.fault_report import Fault
from tests.support.interconnect_world import (
    CLERK_HANDLER,
    PDF,
    PROVINCE,
    World,
    office_document,
    open_world,
)
from tests.support.receipts import POINTS_ACCEPT, POINTS_IN
from tests.support.servers import PostgresForTests

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
TELLING = POINTS_IN[-4:]


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        made.poll()
        yield made


def carry(world: World, folder: Path, point: str = "", accept: UUID | None = None) -> int:
    """Run the process until nothing is left, or it dies; how it ended."""
    plan = {
        "urls": {
            name: each.engine.url.render_as_string(hide_password=False)
            for name, each in world.others.items()
            if name in ("interconnect", "documents")
        },
        "blobs": f"file://{folder / 'blobs'}",
        "axis": world.axis.url,
        "keys": str(world.keys),
        "point": point,
    }
    if accept:
        plan |= {"accept": str(accept), "agency": str(PROVINCE), "clerk": CLERK_HANDLER}
        plan |= {"command": str(uuid5(accept, "accept"))}
    command = [sys.executable, "-m", "tests.support.receipts"]
    environment = os.environ | {"PLAN": json.dumps(plan)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr[-3000:]
    return ended.returncode


def messages(world: World, owner: str, category: str, kind: str) -> list[Any]:
    with world.others[owner].unit() as unit:
        found = unit.store.read_category(category, START)
    return [message(each) for each in found if each.type == kind]


def check(world: World) -> None:
    """Whoever was told something may rely on it, at this very instant."""
    arrived = messages(world, "interconnect", "packet", "PacketArrived")
    if any(each.status == "done" for each in world.office.sent("edoc")):
        (packet,) = arrived
        assert world.blobs.exists(packet.packet)
        assert [world.blobs.read(file.digest) for file in packet.files] == [PDF]
    told = [each.header.status_code for each in world.for_office("status")]
    if "01" in told:
        (document,) = messages(world, "documents", "document", "DocumentArrived")
        assert document.packet_id == arrived[0].packet_id
    if "03" in told:
        (accepted,) = messages(world, "documents", "document", "DocumentAccepted")
        entries = messages(world, "documents", "register", "NumberTaken")
        assert [each.number for each in entries] == [accepted.arrival_number]
    assert told == sorted(set(told))


def check_end(world: World, statuses: list[str]) -> None:
    """All was done, and once."""
    check(world)
    assert [each.status for each in world.office.sent("edoc")] == ["done"]
    assert [each.header.status_code for each in world.for_office("status")] == statuses
    sent = messages(world, "interconnect", "packet", "StatusSent")
    assert [each.status_code for each in sent] == statuses
    assert len(messages(world, "interconnect", "packet", "PacketArrived")) == 1
    assert len(messages(world, "documents", "document", "DocumentArrived")) == 1
    assert world.stuck() == []


@pytest.mark.parametrize("point", POINTS_IN)
def test_killed_on_the_way_in(world: World, tmp_path: Path, fault: Fault, point: str) -> None:
    """`done` is told of what is durable and recorded, 01 of what has arrived; each comes once."""
    world.from_office(office_document(world, PROVINCE), "edoc")
    assert carry(world, tmp_path, point) == -signal.SIGKILL
    check(world)
    assert carry(world, tmp_path) == 0
    check_end(world, ["01"])


@pytest.mark.parametrize("point", [*POINTS_ACCEPT, *TELLING])
def test_killed_while_it_is_accepted(
    world: World, tmp_path: Path, fault: Fault, point: str
) -> None:
    """03 is told of what stands in the register, once, whatever the clerk had to repeat."""
    world.from_office(office_document(world, PROVINCE), "edoc")
    assert carry(world, tmp_path) == 0
    document = judged(world)
    assert carry(world, tmp_path) == 0
    assert carry(world, tmp_path, point, document) == -signal.SIGKILL
    check(world)
    assert carry(world, tmp_path, accept=document) == 0
    check_end(world, ["01", "03"])


def judged(world: World) -> UUID:
    """The signatures of what has arrived are found good; the document's id."""
    (asked,) = messages(world, "documents", "document", "ValidationRequested")
    world.tell(
        "signatures",
        f"validation-{asked.validation_id}",
        "FileValidated",
        validation_id=asked.validation_id,
        document_id=asked.document_id,
        agency_id=asked.agency_id,
        file=asked.file,
        verdict="TOTAL_PASSED",
        sub_indication="",
        report="0" * 64,
    )
    return UUID(asked.document_id)
