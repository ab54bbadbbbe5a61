"""The directory's tables: read models, and the three that commands write themselves."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

metadata = MetaData(schema="directory")

agency = Table(
    "agency",
    metadata,
    Column("agency_id", UUID(as_uuid=True), primary_key=True),
    Column("parent_id", UUID(as_uuid=True)),
    Column("tier", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("codes", JSONB, nullable=False),
    Column("short_sign", Text, nullable=False),
    Column("refuse_invalid", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("closed_on", Date),
    Column("successor_id", UUID(as_uuid=True)),
)
person = Table(
    "person",
    metadata,
    Column("person_id", UUID(as_uuid=True), primary_key=True),
    Column("card", Text, nullable=False),
)
position = Table(
    "position",
    metadata,
    Column("position_id", UUID(as_uuid=True), primary_key=True),
    Column("person_id", UUID(as_uuid=True), nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("unit", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("valid_from", Date, nullable=False),
)
certificate = Table(
    "certificate",
    metadata,
    Column("certificate_id", UUID(as_uuid=True), primary_key=True),
    Column("owner_id", UUID(as_uuid=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    Column("device", Text, nullable=False),
    Column("issuer_key", Text, nullable=False),
    Column("subject_key", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("ended", Text),
    Column("ended_on", Date),
)
certificate_request = Table(
    "certificate_request",
    metadata,
    Column("request_id", UUID(as_uuid=True), primary_key=True),
    Column("owner_id", UUID(as_uuid=True), nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("act", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("filed_on", Date, nullable=False),
    Column("certificate_id", UUID(as_uuid=True)),
    Column("device", Text, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reference", Text),
    Column("forwarded_on", Date),
    Column("ended_on", Date),
    Column("note", Text),
)
device = Table(
    "device",
    metadata,
    Column("owner_id", UUID(as_uuid=True), primary_key=True),
    Column("device", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("receiver_id", UUID(as_uuid=True), nullable=False),
    Column("permission", Text, nullable=False),
    Column("handed_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_on", Date),
    Column("reason_code", Text),
)
client = Table(
    "client",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
)
# Written by commands, not rebuilt from events.
client_secret = Table(
    "client_secret",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
device_holder = Table(
    "device_holder",
    metadata,
    Column("device", Text, primary_key=True),
    Column("owner_id", UUID(as_uuid=True), nullable=False),
)
code_owner = Table(
    "code_owner",
    metadata,
    Column("code", Text, primary_key=True),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
)
