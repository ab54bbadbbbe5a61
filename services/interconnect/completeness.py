"""Completeness: which numbers of a pair of agencies were given, which came, which are missing.

Every packet with an envelope bears the next number of its pair, so a receiver who has 1, 2 and 4
knows that 3 is missing, without asking. What its sender kept back after the number was given
(refused, recalled in time, not told, not asked) is no loss: it is counted apart where the sender
is ours.

Missing is what lies below the highest number that came: what is lost last, or all of a pair, shows
with the next packet that comes. Until then a sender of ours shows it: more was given than came.
Whether that is lost or still under way, the balance tells.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

Row = dict[str, Any]
MOST_NUMBERS = 100

_WHERE = """
WHERE (CAST(:sender AS uuid) IS NULL OR sender_id = :sender)
    AND (CAST(:recipient AS uuid) IS NULL OR recipient_id = :recipient)
    AND (CAST(:own AS uuid) IS NULL OR sender_id = :own OR recipient_id = :own)
"""


def _side(table: str) -> str:
    return f"""
SELECT sender_id, recipient_id, max(number) AS highest, count(*) AS count
FROM interconnect.{table} {_WHERE} GROUP BY sender_id, recipient_id"""  # noqa: S608


_KEPT = """
SELECT d.sender_id, d.recipient_id, d.pair_number AS number FROM interconnect.delivery AS d
WHERE d.transport IN ('refused', 'withdrawn') AND d.pair_number IS NOT NULL
UNION
SELECT a.recipient_id, a.sender_id, s.pair_number FROM interconnect.sent_status AS s
JOIN interconnect.arrival AS a ON a.packet_id = s.packet_id
WHERE s.withheld IS NOT NULL AND s.pair_number IS NOT NULL
UNION
SELECT sender_id, recipient_id, number FROM interconnect.pair_kept
"""
_PAIRS = f"""
WITH gave AS ({_side("pair_sent")}), got AS ({_side("pair_received")}),
kept AS (
    SELECT k.sender_id, k.recipient_id, count(*) AS count
    FROM ({_KEPT}) AS k JOIN got USING (sender_id, recipient_id)
    WHERE k.number < got.highest AND NOT EXISTS (
        SELECT FROM interconnect.pair_received AS r WHERE r.sender_id = k.sender_id
            AND r.recipient_id = k.recipient_id AND r.number = k.number)
    GROUP BY k.sender_id, k.recipient_id),
pair AS (
    SELECT sender_id, recipient_id, gave.highest AS sent_highest, gave.count AS sent_count,
        got.highest AS received_highest, got.count AS received_count,
        coalesce(kept.count, 0) AS kept_back,
        coalesce(got.highest - got.count, 0) - coalesce(kept.count, 0) AS missing
    FROM gave FULL JOIN got USING (sender_id, recipient_id)
        LEFT JOIN kept USING (sender_id, recipient_id))
"""  # noqa: S608


@dataclass(frozen=True)
class Wanted:
    """Which pairs; `own` is the one agency whose pairs may be seen, or None for all."""

    sender: UUID | None = None
    recipient: UUID | None = None
    own: UUID | None = None
    incomplete_only: bool = False


def pairs(
    connection: Connection, wanted: Wanted, after: tuple[UUID, UUID] | None, limit: int
) -> list[Row]:
    """A row for each pair, by ids, behind `after`, with the first missing `numbers` of each."""
    values: Row = {**_values(wanted), "limit": limit}
    conditions = ["missing > 0"] if wanted.incomplete_only else []
    if after is not None:
        conditions.append("(sender_id, recipient_id) > (CAST(:after AS uuid), CAST(:to AS uuid))")
        values |= {"after": after[0], "to": after[1]}
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    query = f"""
        {_PAIRS}, page AS (
            SELECT * FROM pair {where} ORDER BY sender_id, recipient_id LIMIT :limit)
        SELECT page.*, s.name AS sender_name, r.name AS recipient_name,
            sk.code AS sender_code, rk.code AS recipient_code
        FROM page
        LEFT JOIN interconnect.agency AS s ON s.agency_id = page.sender_id
        LEFT JOIN interconnect.agency AS r ON r.agency_id = page.recipient_id
        LEFT JOIN interconnect.agency_code AS sk ON sk.agency_id = s.agency_id AND sk.rank = 0
        LEFT JOIN interconnect.agency_code AS rk ON rk.agency_id = r.agency_id AND rk.rank = 0
        ORDER BY page.sender_id, page.recipient_id"""  # noqa: S608
    found = [dict(row) for row in connection.execute(text(query), values).mappings()]
    return [
        {**row, "numbers": _numbers(connection, row) if row["missing"] else []} for row in found
    ]


def missing(connection: Connection) -> int:
    """How many numbers are missing in all pairs together."""
    query = f"{_PAIRS} SELECT coalesce(sum(missing), 0) FROM pair"  # noqa: S608
    return int(connection.execute(text(query), _values(Wanted())).scalar_one())


def _numbers(connection: Connection, pair: Row) -> list[int]:
    """The lowest missing numbers; a gap may be as wide as a stranger's number says."""
    query = f"""
        WITH kept AS ({_KEPT}), gap AS (
            SELECT number, lag(number, 1, CAST(0 AS bigint)) OVER (ORDER BY number) AS before
            FROM interconnect.pair_received
            WHERE sender_id = :sender AND recipient_id = :recipient),
        hole AS (
            SELECT generate_series(before + 1, least(number - 1, before + :most)) AS number
            FROM (SELECT * FROM gap WHERE number > before + 1 ORDER BY number LIMIT :most) AS first)
        SELECT number FROM hole WHERE NOT EXISTS (
            SELECT FROM kept WHERE kept.sender_id = :sender AND kept.recipient_id = :recipient
                AND kept.number = hole.number)
        ORDER BY number LIMIT :most"""  # noqa: S608
    names = {"sender": pair["sender_id"], "recipient": pair["recipient_id"]}
    return list(connection.execute(text(query), {**names, "most": MOST_NUMBERS}).scalars())


def _values(wanted: Wanted) -> Row:
    return {"sender": wanted.sender, "recipient": wanted.recipient, "own": wanted.own}
