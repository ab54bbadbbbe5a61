"""The signatures service's read models."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData(schema="signatures")

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
)
certificate = Table(
    "certificate",
    metadata,
    Column("certificate_id", UUID(as_uuid=True), primary_key=True),
    Column("owner_id", UUID(as_uuid=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("ended", Text),
)
signature = Table(
    "signature",
    metadata,
    Column("signing_id", UUID(as_uuid=True), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("document_id", UUID(as_uuid=True), nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("owner_id", UUID(as_uuid=True), nullable=False),
    Column("certificate", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("file", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
)
validation = Table(
    "validation",
    metadata,
    Column("validation_id", UUID(as_uuid=True), primary_key=True),
    Column("document_id", UUID(as_uuid=True), nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("file", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("report", Text, nullable=False),
)
