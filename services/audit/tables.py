"""The auditor's read models: lines, traces, and replicas that keep every entry they ever had.

(tx, position) is always the place of the event that a row comes from: a question "as of" an
instant is a bound on it.
"""

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData(schema="audit")


def _place() -> tuple[Column[int], Column[int]]:
    return Column("tx", BigInteger, nullable=False), Column("position", BigInteger, nullable=False)


# `at` is when the step was done, as told; `order_at` is where it stands in the timeline.
line = Table(
    "line",
    metadata,
    Column("event_id", UUID(as_uuid=True), primary_key=True),
    *_place(),
    Column("trace", UUID(as_uuid=True), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("status_code", Text, nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("document_id", UUID(as_uuid=True)),
    Column("packet_id", UUID(as_uuid=True)),
    Column("handler", Text),
    Column("person_id", UUID(as_uuid=True)),
    Column("position_id", UUID(as_uuid=True)),
    Column("named_in", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("order_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("unit", Text, nullable=False),
    Column("assignee_id", UUID(as_uuid=True)),
    Column("assignee_position_id", UUID(as_uuid=True)),
    Column("counterpart_id", UUID(as_uuid=True)),
)
# One row for each trace with the place of its first line.
trace = Table("trace", metadata, Column("trace", UUID(as_uuid=True), primary_key=True), *_place())

agency_entry = Table(
    "agency_entry",
    metadata,
    Column("agency_id", UUID(as_uuid=True), primary_key=True),
    Column("tx", BigInteger, nullable=False),
    Column("position", BigInteger, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("tier", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("codes", JSONB, nullable=False),
)
person_entry = Table(
    "person_entry",
    metadata,
    Column("person_id", UUID(as_uuid=True), primary_key=True),
    Column("tx", BigInteger, nullable=False),
    Column("position", BigInteger, primary_key=True),
    Column("card", Text, nullable=False),
)
position_entry = Table(
    "position_entry",
    metadata,
    Column("position_id", UUID(as_uuid=True), primary_key=True),
    Column("tx", BigInteger, nullable=False),
    Column("position", BigInteger, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("title", Text, nullable=False),
)
# What one event tells of a document; what it does not tell is null.
document_fact = Table(
    "document_fact",
    metadata,
    Column("document_id", UUID(as_uuid=True), primary_key=True),
    Column("tx", BigInteger, nullable=False),
    Column("position", BigInteger, primary_key=True),
    Column("trace", UUID(as_uuid=True), nullable=False),
    Column("packet_id", UUID(as_uuid=True)),
    Column("code", Text),
    Column("text", Text),
    Column("signer_id", UUID(as_uuid=True)),
    Column("signer_position_id", UUID(as_uuid=True)),
)
# Who looked into the trail; `asked` are the names and values of what was asked for.
consultation = Table(
    "consultation",
    metadata,
    Column("consultation_id", UUID(as_uuid=True), primary_key=True),
    *_place(),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("handler", Text, nullable=False),
    Column("person_id", UUID(as_uuid=True)),
    Column("position_id", UUID(as_uuid=True)),
    Column("agency", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("asked", JSONB, nullable=False),
)
