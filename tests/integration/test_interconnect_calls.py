"""One document to so many on the axis that it takes several calls, some of which fail."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from libs.eventstore import Context
from services.interconnect import handlers
from services.interconnect.axis import (
    AxisAgency,
    AxisClient,
    AxisRefused,
    AxisUnreachable,
    national,
)
from services.interconnect.earlier import opened_dispatch
from services.interconnect.texts import put_text
from tests.support.fanout import axis_codes, enter_agencies
from tests.support.interconnect_world import CLERK_HANDLER, DEPARTMENT, PROVINCE, World, open_world
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
MANY = 12


@dataclass
class Failing:
    """Our client of the axis; calls of `send` to these recipients fail, once for each error."""

    real: AxisClient
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    taken: list[list[str]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def send(self, packet: BinaryIO, *, recipients: Sequence[str] = (), **named: Any) -> str:
        for code in recipients:
            if self.errors.get(code):
                raise self.errors[code].pop(0)
        self.taken.append(list(recipients))
        return self.real.send(packet, recipients=recipients, **named)


@pytest.fixture
def world(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    monkeypatch.setattr(national, "_LONGEST_TO", 60)  # five codes
    with open_world(postgres, tmp_path) as made:
        for code in axis_codes(MANY):
            made.office.register_agency(AxisAgency(code, "", code, code, "m@example.vn"))
        made.poll()
        yield made


@pytest.fixture
def axis(world: World) -> Failing:
    failing = Failing(world.client())
    world.client = lambda: failing
    return failing


@pytest.fixture
def agencies(world: World) -> list[UUID]:
    return enter_agencies(world, MANY, "axis")


def issued(world: World, agencies: list[UUID]) -> UUID:
    """A document to one inside and these beyond; its packet is written and not sent yet."""
    document = world.issue(DEPARTMENT, *agencies)
    world.project()
    world.react()
    assert world.worker().work_one()
    world.project()
    return document


def retry(world: World) -> None:
    with world.database.unit() as unit:
        unit.connection.execute(text("UPDATE interconnect.job SET due_at = now()"))
    world.work()
    world.project()


def transports(world: World, document: UUID) -> Counter[tuple[str, str | None]]:
    deliveries = world.dispatch(document)["deliveries"]
    beyond = [each for each in deliveries if each["channel"] == "axis"]
    return Counter((each["transport"], each["reason_code"]) for each in beyond)


def codes_of(world: World, document: UUID, transport: str) -> set[str]:
    deliveries = world.dispatch(document)["deliveries"]
    return {
        each["recipient"]["code"]
        for each in deliveries
        if (each["channel"], each["transport"]) == ("axis", transport)
    }


def test_a_call_that_is_refused_for_good_is_its_own_recipients_matter(
    world: World, axis: Failing, agencies: list[UUID]
) -> None:
    codes = axis_codes(MANY)
    axis.errors = {codes[5]: [AxisRefused("10", "hash")] * 9}
    document = issued(world, agencies)
    for _ in range(4):
        retry(world)
    assert codes_of(world, document, "refused") == set(codes[5:10])
    assert codes_of(world, document, "sent") == set(codes[:5] + codes[10:])
    assert world.stuck() == []
    has = {row.to for row in world.client().sent("edoc", page_size=1000)}  # type: ignore[attr-defined]
    assert has == codes_of(world, document, "sent")


@pytest.mark.parametrize(
    "error", [AxisUnreachable("HTTP 503"), AxisRefused("10", "x"), AxisRefused("15", "clock")]
)
def test_what_was_sent_before_a_call_failed_is_recorded_and_not_sent_again(
    world: World, axis: Failing, agencies: list[UUID], error: Exception
) -> None:
    codes = axis_codes(MANY)
    axis.errors = {codes[7]: [error, error]}
    document = issued(world, agencies)
    assert world.worker().work_one()
    world.project()
    assert codes_of(world, document, "sent") == set(codes[:5])
    for _ in range(2):
        retry(world)
    assert transports(world, document) == {("sent", None): MANY}
    assert sorted(axis.taken) == [codes[:5], codes[5:10], codes[10:]]


def recall(world: World, document: UUID, *recipients: UUID) -> None:
    """The sender asks for the document back."""
    with world.database.unit() as unit:
        found = opened_dispatch(unit, document)
        assert found is not None
        context = Context(str(PROVINCE), CLERK_HANDLER, unit.now, found[1])
        note = put_text(world.blobs, {"note": "Sai số liệu"})
        handlers.recall(unit, found[0], recipients, note, context, uuid4())


def test_what_was_recalled_before_its_first_try_is_kept_back_though_that_try_fails(
    world: World, axis: Failing, agencies: list[UUID]
) -> None:
    codes = axis_codes(MANY)
    axis.errors = {codes[0]: [AxisUnreachable("HTTP 503")]}
    document = issued(world, agencies)
    recall(world, document, agencies[3])
    for _ in range(2):
        retry(world)
    assert codes_of(world, document, "withdrawn") == {codes[3]}
    assert codes_of(world, document, "sent") == {*codes} - {codes[3]}
    assert all(codes[3] not in taken for taken in axis.taken)


def test_who_was_recalled_before_his_own_call_was_tried_is_kept_back(
    world: World, axis: Failing, agencies: list[UUID]
) -> None:
    """The call that failed may have been carried out, so those of that one are asked back."""
    codes = axis_codes(MANY)
    axis.errors = {codes[7]: [AxisUnreachable("HTTP 503")]}
    document = issued(world, agencies)
    assert world.worker().work_one()
    recall(world, document, agencies[6], agencies[11])
    for _ in range(2):
        retry(world)
    assert codes_of(world, document, "withdrawn") == {codes[11]}
    assert codes_of(world, document, "sent") == {*codes} - {codes[11]}
