"""The sender's view says of a delivery what the rules say of it, whatever has happened."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from libs.contracts import message
from libs.db import Database, Unit
from libs.db.engine import engine_for
from libs.eventstore import Context
from services.interconnect import tables
from services.interconnect.commands import (
    AskRecall,
    AskUpdate,
    Command,
    LapseRecall,
    LapseUpdate,
    OpenDelivery,
    RecordFailure,
    RecordRecallSent,
    RecordRefusal,
    RecordReplaced,
    RecordSent,
    RecordStatus,
    RecordWithdrawal,
)
from services.interconnect.domain.delivery import Delivery, Event, decide, evolve
from services.interconnect.errors import InterconnectError
from services.interconnect.events import RecallAsked, UpdateAsked
from services.interconnect.journal import JOURNAL, delivery_stream
from services.interconnect.projections import PROJECTIONS
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres

DOCUMENT, SENDER, RECIPIENT, NEWER, OTHER = (UUID(int=n) for n in range(1, 6))
AT = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
OPEN = OpenDelivery(
    dispatch_id=DOCUMENT,
    document_id=DOCUMENT,
    sender_id=SENDER,
    recipient_id=RECIPIENT,
    channel="axis",
    pair_number=1,
)
SENT = RecordSent(packet="p")
RECALL = AskRecall(at=AT, note="n")
RECALL_SENT = RecordRecallSent(status_packet="s", channel="axis")
LAPSE = LapseRecall(reason_code="axis-23", pair_number=2)
REFUSE = RecordRefusal(reason_code="axis-18")
FAILED = RecordFailure()
UPDATE = AskUpdate(by=NEWER)


def told(code: str, minutes: int = 0) -> RecordStatus:
    at = AT + timedelta(minutes=minutes)
    return RecordStatus(
        status_code=code,
        told_at=at,
        unit="",
        staff=None,
        note=None,
        status_packet="s",
        channel="axis",
    )


COMMANDS = st.one_of(
    st.sampled_from([SENT, RECALL, RECALL_SENT, LAPSE, replace(LAPSE, never_left=True)]),
    st.sampled_from([REFUSE, replace(REFUSE, never_left=True), FAILED, RecordWithdrawal()]),
    st.builds(told, st.sampled_from(["01", "02", "03", "15", "15", "16"]), st.integers(0, 3)),
    st.builds(AskUpdate, by=st.sampled_from([NEWER, OTHER])),
    st.builds(LapseUpdate, by=st.sampled_from([NEWER, OTHER]), never_left=st.booleans()),
    st.builds(RecordReplaced, by=st.sampled_from([NEWER, OTHER])),
)


class Undone(Exception):
    """Raised to leave the table empty for the next history."""


@pytest.fixture(scope="module")
def database(postgres: PostgresForTests) -> Iterator[Database]:
    database = Database(engine_for(postgres.fresh_database()("interconnect")), "interconnect")
    yield database
    database.engine.dispose()


def history_of(commands: list[Command]) -> tuple[list[Event], Delivery]:
    """What the rules record of these, and what they know after it; refused commands add nothing."""
    events: list[Event] = []
    delivery = Delivery()
    for command in [OPEN, *commands]:
        try:
            new = decide(delivery, command)
        except InterconnectError:
            continue
        events, delivery = events + new, reduce(evolve, new, delivery)
    return events, delivery


def read_model(unit: Unit, events: list[Event]) -> Any:
    """The delivery's row after its events were appended and projected one by one."""
    assert events
    stream = delivery_stream(f"{DOCUMENT}-{RECIPIENT}")
    context = Context("test", "system:test", AT, uuid4())
    JOURNAL.append(unit.store, stream, 0, events, context, uuid4())
    for event in unit.store.read(stream):
        if event.type in PROJECTIONS:
            PROJECTIONS[event.type](message(event), event, unit)
    return unit.connection.execute(select(tables.delivery)).one()


@given(st.lists(COMMANDS, max_size=14))
@example([SENT, RECALL, LAPSE, told("15")])
@example([SENT, RECALL, LAPSE, told("16"), told("15", 1)])
@example([SENT, RECALL, LAPSE, UPDATE, told("16"), told("15", 1)])
@example([SENT, RECALL, LAPSE, UPDATE, told("15"), told("15", 1)])
@example([REFUSE, UPDATE, told("01"), told("15")])
@example([UPDATE, REFUSE, told("01"), told("16"), RECALL, told("15", 1)])
@example([RECALL, RecordReplaced(by=NEWER), RecordWithdrawal()])
@example([SENT, RECALL, RECALL_SENT, FAILED, told("15")])
@example([SENT, UPDATE, FAILED, told("15")])
@settings(max_examples=100, deadline=None)
def test_the_read_model_says_what_the_rules_say(
    database: Database, commands: list[Command]
) -> None:
    events, delivery = history_of(commands)
    with suppress(Undone), database.unit() as unit:
        row = read_model(unit, events)
        raise Undone
    asked = delivery.request
    kinds = {RecallAsked: "recall", UpdateAsked: "update", type(None): None}
    assert (row.transport, row.outcome or "") == (delivery.transport, delivery.outcome)
    assert row.request == kinds[type(asked)]
    assert row.requested_by == (asked.by if isinstance(asked, UpdateAsked) else None)
    # Another document is the outcome's cause where the outcome is another document.
    assert (row.outcome_by is not None) == (delivery.outcome in ("updated", "replaced"))
