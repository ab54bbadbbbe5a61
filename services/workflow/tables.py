"""The workflow service's tables: read models, replicas of other services, and one look-up."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData(schema="workflow")

process = Table(
    "process",
    metadata,
    Column("process_id", UUID(as_uuid=True), primary_key=True),
    Column("document_id", UUID(as_uuid=True), nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("packet_id", UUID(as_uuid=True), nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("answered_by", UUID(as_uuid=True)),
    Column("version", BigInteger, nullable=False),
)
task = Table(
    "task",
    metadata,
    Column("task_id", UUID(as_uuid=True), primary_key=True),
    Column("process_id", UUID(as_uuid=True), nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("unit", Text, nullable=False),
    Column("assignee_id", UUID(as_uuid=True), nullable=False),
    Column("assignee_position_id", UUID(as_uuid=True), nullable=False),
    Column("due_on", Date),
    Column("state", Text, nullable=False),
    Column("assigned_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
)
# Written by the assignment itself, so that a task can be acted on at once, and again by the
# projection, so that a rebuild brings it back.
task_process = Table(
    "task_process",
    metadata,
    Column("task_id", UUID(as_uuid=True), primary_key=True),
    Column("process_id", UUID(as_uuid=True), nullable=False),
)
agency = Table(
    "agency",
    metadata,
    Column("agency_id", UUID(as_uuid=True), primary_key=True),
    Column("name", Text, nullable=False),
)
position = Table(
    "position",
    metadata,
    Column("position_id", UUID(as_uuid=True), primary_key=True),
    Column("person_id", UUID(as_uuid=True), nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("valid_from", Date, nullable=False),
)
document = Table(
    "document",
    metadata,
    Column("document_id", UUID(as_uuid=True), primary_key=True),
    Column("sender_id", UUID(as_uuid=True), nullable=False),
    Column("code", Text, nullable=False),
    Column("type_name", Text, nullable=False),
    Column("issued_on", Date),
)
