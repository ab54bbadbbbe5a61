"""The balance (cân đối): for every pair of agencies and day, whether nothing was lost.

Sent: accepted = delivered + open + parked + refused + withdrawn. Accepted is every recipient of a
dispatch that was opened. Delivered, refused and withdrawn are the delivery's own events. Open and
parked are the work in hand: a job that will still hand it over, or that was given up. A recipient
for whom nothing of all this is true is a difference; so is a delivery that nobody accepted.

Received: arrived = registered + refused + returned + waiting + desk. Arrived are the packets that
interconnect took or has on its desk; the rest is what the documents service tells of them. One that
it has not told of is waiting while it has still to read it, or told it in an event that is not read
here yet; else it is a difference.

`difference` counts recipients and packets: one lost and one too many never cancel each other out.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

Row = dict[str, Any]
SENT = ("delivered", "open", "parked", "refused", "withdrawn")
RECEIVED = ("registered", "refused", "returned", "waiting", "desk")
NOBODY = UUID(int=0)

# Who will still hand a document over: the jobs that are not done, by recipient.
_HAND = """
SELECT dispatch_id, recipient_id, bool_or(state = 'open') AS open FROM (
    SELECT CAST(j.arguments ->> 'document_id' AS uuid) AS dispatch_id,
        CAST(each AS uuid) AS recipient_id, j.state
    FROM interconnect.job AS j, jsonb_array_elements_text(j.arguments -> 'recipients') AS each
    WHERE j.state <> 'done' AND j.kind IN ('prepare', 'prepare.refused')
    UNION ALL
    SELECT CAST(left(each ->> 0, 36) AS uuid), CAST(right(each ->> 0, 36) AS uuid), j.state
    FROM interconnect.job AS j, jsonb_array_elements(j.arguments -> 'recipients') AS each
    WHERE j.state <> 'done' AND j.kind IN ('send', 'send.refused')
) AS job GROUP BY dispatch_id, recipient_id
"""
# What no job has in hand may have been settled in an event that this read model has not seen yet.
_UNSEEN = """
SELECT FROM es.event AS e JOIN es.checkpoint AS c
    ON c.category = e.category AND c.consumer = 'interconnect.projections'
WHERE e.stream IN ('dispatch-' || b.dispatch_id,
                   'delivery-' || b.dispatch_id || '-' || b.recipient_id)
    AND (e.tx, e.position) > (c.tx, c.position)
"""
_SENT = f"""
SELECT b.day, b.sender_id, b.recipient_id, 'sent' AS side, b.accepted AS whole,
    CASE WHEN b.state = 'sent' THEN 'delivered'
        WHEN b.state IN ('refused', 'withdrawn') THEN b.state
        WHEN h.open THEN 'open' WHEN NOT h.open THEN 'parked'
        WHEN EXISTS ({_UNSEEN}) THEN 'open' END AS part
FROM interconnect.balance_sent AS b LEFT JOIN hand AS h USING (dispatch_id, recipient_id)
"""  # noqa: S608
# The packets that documents recorded in events which this read model has not seen yet, or could not
# apply. Documents records a packet in the transaction in which it has read it, so that in one
# snapshot one of the two is true until the line has its state.
_TOLD = """
SELECT p.stream FROM (
    SELECT e.causation FROM es.event AS e JOIN es.checkpoint AS c ON c.category = e.category
    WHERE c.consumer = 'interconnect.projections' AND e.category = 'document'
        AND (e.tx, e.position) > (c.tx, c.position)
    UNION ALL
    SELECT e.causation FROM es.retry AS r JOIN es.event AS e USING (stream, version)
    WHERE r.consumer = 'interconnect.projections' AND r.category = 'document'
) AS unseen JOIN es.event AS p ON p.event_id = unseen.causation
"""
_ON_THE_WAY = f"""
es.awaited('documents.policies', 'packet-' || b.packet_id, 1)
    OR 'packet-' || b.packet_id IN ({_TOLD})
"""
_RECEIVED = f"""
SELECT b.day, b.sender_id, b.recipient_id, 'received' AS side, b.arrived AS whole,
    coalesce(b.state, CASE WHEN {_ON_THE_WAY} THEN 'waiting' END) AS part
FROM interconnect.balance_received AS b
"""  # noqa: S608


def _agency_of(code: str) -> str:
    """The agency that is or was addressed by a code, as `lookups.agency_by_code` finds it."""
    return (
        "coalesce((SELECT k.agency_id FROM interconnect.agency_code AS k"  # noqa: S608
        f" WHERE k.code = d.{code} ORDER BY k.valid_to DESC NULLS FIRST, k.valid_from DESC"
        f" LIMIT 1), '{NOBODY}')"
    )


_DESK = f"""
SELECT d.day, {_agency_of("sender_code")} AS sender_id,
    {_agency_of("recipient_code")} AS recipient_id, 'received' AS side, true AS whole, d.state
FROM interconnect.balance_desk AS d
"""  # noqa: S608
_LINES = f"WITH hand AS ({_HAND}), line AS ({_SENT} UNION ALL {_RECEIVED} UNION ALL {_DESK})"


def _count(name: str, rule: str) -> str:
    return f"count(*) FILTER (WHERE {rule}) AS {name}"


_COUNTS = ", ".join(
    [
        _count("sent_accepted", "side = 'sent' AND whole"),
        *(_count(f"sent_{part}", f"side = 'sent' AND part = '{part}'") for part in SENT),
        _count("sent_difference", "side = 'sent' AND whole <> (part IS NOT NULL)"),
        _count("received_arrived", "side = 'received' AND whole"),
        *(
            _count(f"received_{part}", f"side = 'received' AND part = '{part}'")
            for part in RECEIVED
        ),
        _count("received_difference", "side = 'received' AND whole <> (part IS NOT NULL)"),
    ]
)
_WHERE = """
WHERE day BETWEEN :start AND :end
    AND (CAST(:sender AS uuid) IS NULL OR sender_id = :sender)
    AND (CAST(:recipient AS uuid) IS NULL OR recipient_id = :recipient)
    AND (CAST(:own AS uuid) IS NULL OR sender_id = :own OR recipient_id = :own)
"""
_ANY_DIFFERENCE = "HAVING bool_or(whole <> (part IS NOT NULL))"


@dataclass(frozen=True)
class Wanted:
    """Which days (both within) and which pairs; `own` is the one agency whose pairs may be seen."""

    start: date
    end: date
    sender: UUID | None = None
    recipient: UUID | None = None
    own: UUID | None = None
    difference_only: bool = False


def rows(
    connection: Connection, wanted: Wanted, after: tuple[date, UUID, UUID] | None, limit: int
) -> list[Row]:
    """A row for each day and pair, the newest day first, behind `after`, with the agencies' names.

    An agency that the directory does not know is `NOBODY`.
    """
    values: Row = {**_values(wanted), "limit": limit}
    behind = ""
    if after is not None:
        behind = (
            " AND (day < :day OR (day = :day"
            " AND (sender_id, recipient_id) > (CAST(:after AS uuid), CAST(:to AS uuid))))"
        )
        values |= {"day": after[0], "after": after[1], "to": after[2]}
    having = _ANY_DIFFERENCE if wanted.difference_only else ""
    query = f"""
        {_LINES}, page AS (
            SELECT day, sender_id, recipient_id, {_COUNTS} FROM line {_WHERE} {behind}
            GROUP BY day, sender_id, recipient_id {having}
            ORDER BY day DESC, sender_id, recipient_id LIMIT :limit)
        SELECT page.*, s.name AS sender_name, r.name AS recipient_name,
            sk.code AS sender_code, rk.code AS recipient_code
        FROM page
        LEFT JOIN interconnect.agency AS s ON s.agency_id = page.sender_id
        LEFT JOIN interconnect.agency AS r ON r.agency_id = page.recipient_id
        LEFT JOIN interconnect.agency_code AS sk ON sk.agency_id = s.agency_id AND sk.rank = 0
        LEFT JOIN interconnect.agency_code AS rk ON rk.agency_id = r.agency_id AND rk.rank = 0
        ORDER BY page.day DESC, page.sender_id, page.recipient_id"""  # noqa: S608
    return [dict(row) for row in connection.execute(text(query), values).mappings()]


def totals(connection: Connection, wanted: Wanted) -> Row:
    """The same counts over all that is wanted."""
    query = f"{_LINES} SELECT {_COUNTS} FROM line {_WHERE}"  # noqa: S608
    return dict(connection.execute(text(query), _values(wanted)).mappings().one())


def differences(connection: Connection) -> int:
    """How many recipients and packets of all days do not add up; settled ones cost nothing."""
    sent = "NOT b.accepted OR b.state IS NULL OR b.state = 'opened'"
    received = "NOT b.arrived OR b.state IS NULL"
    query = f"""
        WITH hand AS ({_HAND}), line AS (
            {_SENT} WHERE {sent} UNION ALL {_RECEIVED} WHERE {received})
        SELECT count(*) FROM line WHERE whole <> (part IS NOT NULL)"""  # noqa: S608
    return int(connection.execute(text(query)).scalar_one())


def _values(wanted: Wanted) -> Row:
    return {
        "start": wanted.start,
        "end": wanted.end,
        "sender": wanted.sender,
        "recipient": wanted.recipient,
        "own": wanted.own,
    }
