"""A province full of agencies, and how many statements its database is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import rfc8785
from psycopg2.extensions import cursor
from sqlalchemy import Engine, event

from libs.eventstore import ANY, Context, NewEvent
from tests.support.interconnect_world import PROVINCE, World


def enter_agencies(world: World, count: int, channel: str) -> list[UUID]:
    """The directory enters so many agencies in one act; the axis knows those that are its own."""
    ids = [uuid4() for _ in range(count)]
    context = Context("test", "system:test", datetime.now(UTC), uuid4())
    writes = []
    for number, agency_id in enumerate(ids):
        fields = {
            "agency_id": str(agency_id),
            "parent_id": str(PROVINCE) if channel == "inside" else "",
            "tier": 4,
            "name": f"Ủy ban nhân dân xã số {number}",
            "place": "Hà Nam",
            "channel": channel,
            "codes": [
                {"code": _code(channel, number), "scheme": "qd20", "valid_from": "2020-01-01"}
            ],
            "short_sign": "UBND",
            "refuse_invalid": False,
        }
        new = NewEvent(uuid4(), "AgencyRegistered", 1, rfc8785.dumps(fields))
        writes.append((f"agency-{agency_id}", ANY, [new]))
    with world.others["directory"].unit() as unit:
        unit.store.append_all(writes, context)
    world.project()
    return ids


def axis_codes(count: int) -> list[str]:
    """The codes of agencies beyond the axis, as `enter_agencies` gives them."""
    return [_code("axis", number) for number in range(count)]


def _code(channel: str, number: int) -> str:
    return f"{'H25' if channel == 'inside' else 'H26'}.{number // 100}.{number % 100:02}"


@dataclass
class Asked:
    """How many statements were sent since it was made."""

    statements: int = 0


@contextmanager
def counting(engine: Engine) -> Iterator[Asked]:
    """Count the statements of all new connections of an engine."""
    asked = Asked()

    class Counting(cursor):
        def execute(self, *arguments: Any) -> Any:
            asked.statements += 1
            return super().execute(*arguments)

    def count(connection: Any, _record: object) -> None:
        connection.cursor_factory = Counting

    engine.dispose()
    event.listen(engine, "connect", count)
    try:
        yield asked
    finally:
        event.remove(engine, "connect", count)
        engine.dispose()
