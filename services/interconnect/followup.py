"""What became of what we sent by the axis (theo dõi văn bản đã gửi), by the axis' own list.

The axis takes a packet, and the recipient's own system may fail it all the same: nobody there sees
it, so no status is ever told. The list of what was sent alone says so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid5

from sqlalchemy import text

from libs.db import Database
from libs.eventstore import Context
from services.interconnect.axis import AxisClient, Sent
from services.interconnect.commands import RecordFailure
from services.interconnect.domain import axis_packet_id, dispatch_of
from services.interconnect.earlier import lapse_update, opened_dispatch
from services.interconnect.journal import (
    JOURNAL,
    SYSTEM,
    delivery_writes,
    hold_dispatch,
    load_delivery,
)

FOLLOW_UP_SECONDS = 300.0
"""Between two rounds: nobody waits for a failure that only people can mend."""
FAIL = "fail"
_LONGEST, _A_DAY = timedelta(days=30), timedelta(days=1)
# So many days are asked for in every round; of the older ones as many as have so many rows.
_RECENT = 2
_MOST_ROWS = 10_000

_UNANSWERED = """
FROM interconnect.delivery AS d
WHERE d.channel = 'axis' AND d.transport = 'sent' AND d.sent_at > :since AND NOT EXISTS (
    SELECT FROM interconnect.received_status AS s WHERE s.delivery_id = d.delivery_id)
"""
# What was tried again over midnight is in the axis' list of the day before.
_DAYS = f"""
SELECT DISTINCT CAST(d.sent_at AT TIME ZONE 'Asia/Ho_Chi_Minh' AS date) - ago AS day
FROM (SELECT d.sent_at {_UNANSWERED}) AS d, generate_series(0, 1) AS ago ORDER BY day DESC
"""  # noqa: S608
_FAILED = f"""
SELECT f.delivery_id, f.axis_doc_id, k.code
FROM (SELECT d.delivery_id, d.axis_doc_id, d.recipient_id {_UNANSWERED}
    AND d.axis_doc_id = ANY(:doc_ids)) AS f
JOIN interconnect.agency_code AS k ON k.agency_id = f.recipient_id
ORDER BY f.delivery_id
"""  # noqa: S608
_OVERDUE = f"SELECT count(*) {_UNANSWERED} AND d.sent_at < :until"


@dataclass(frozen=True)
class Failed:
    """A delivery of ours whose packet the recipient's system failed."""

    delivery_id: str
    axis_doc_id: str


class FollowUp:
    """Asks one axis about what it took from us and nobody has told a step of."""

    def __init__(self, database: Database, axis: AxisClient) -> None:
        self._database = database
        self._axis = axis
        self._reached = date.max

    def failed(self) -> Iterator[Failed]:
        """What failed, of the last 30 days at most: the newest days always, the older ones in turn.

        Nothing is asked once all is answered. Raises what the axis and the database raise.
        """
        days = self._days()
        for day in days[:_RECENT]:
            yield from self._ours(self._axis.sent_on(day))
        older = days[_RECENT:]
        rows = 0
        for day in [each for each in older if each < self._reached] or older:
            sent = list(self._axis.sent_on(day))
            yield from self._ours(sent)
            self._reached = day
            rows += len(sent)
            if rows >= _MOST_ROWS:
                return
        self._reached = date.max

    def _days(self) -> list[date]:
        with self._database.unit() as unit:
            since = {"since": unit.now - _LONGEST}
            return list(unit.connection.execute(text(_DAYS), since).scalars())

    def _ours(self, sent: Iterable[Sent]) -> list[Failed]:
        """Those that failed, and of which their recipient has told nothing."""
        failed = {(each.doc_id, each.to) for each in sent if each.status.lower() == FAIL}
        if not failed:
            return []
        with self._database.unit() as unit:
            values = {
                "since": unit.now - _LONGEST,
                "doc_ids": sorted({doc_id for doc_id, _ in failed}),
            }
            rows = unit.connection.execute(text(_FAILED), values).all()
        return [
            Failed(row.delivery_id, row.axis_doc_id)
            for row in rows
            if (row.axis_doc_id, row.code) in failed
        ]

    def unanswered(self) -> int:
        """How many deliveries of the last 30 days nobody has told a step of for a day."""
        with self._database.unit() as unit:
            values = {"since": unit.now - _LONGEST, "until": unit.now - _A_DAY}
            return int(unit.connection.execute(text(_OVERDUE), values).scalar_one())

    def record(self, failed: Failed) -> None:
        """Refuse the delivery, if its recipient still has told nothing; a repeat changes nothing.

        An update that failed asks nothing any more, so that another may be sent; if people there
        read it again, it asks again.
        """
        with self._database.unit() as unit:
            hold_dispatch(unit, dispatch_of(failed.delivery_id), shared=True)
            writes = delivery_writes(unit, failed.delivery_id, [RecordFailure()])
            opened = load_delivery(unit, failed.delivery_id)[0].opened
            found = opened_dispatch(unit, opened.dispatch_id) if opened else None
            if not writes or opened is None or found is None:
                return
            dispatch, trace = found
            if dispatch.updates:
                hold_dispatch(unit, dispatch.updates, shared=True)
                by = opened.document_id
                ids = (dispatch.updates, by, opened.recipient_id)
                writes += lapse_update(unit, *ids, never_left=True)
            context = Context(str(opened.sender_id), SYSTEM, unit.now, trace)
            seed = uuid5(axis_packet_id(failed.axis_doc_id), FAIL)
            JOURNAL.append_all(unit.store, writes, context, seed)
