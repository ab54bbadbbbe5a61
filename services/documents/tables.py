"""The tables of this service: read models, replicas of the directory, and the erasable subjects."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

metadata = MetaData(schema="documents")

agency = Table(
    "agency",
    metadata,
    Column("agency_id", UUID(as_uuid=True), primary_key=True),
    Column("parent_id", UUID(as_uuid=True)),
    Column("tier", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("short_sign", Text, nullable=False),
    Column("refuse_invalid", Boolean, nullable=False),
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
)
# (tx, position) is the place of the first event: the order of the list, newest first.
document = Table(
    "document",
    metadata,
    Column("document_id", UUID(as_uuid=True), primary_key=True),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("direction", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("tx", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("type_code", Text),
    Column("type_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("number", Integer),
    Column("code", Text),
    Column("issued_on", Date),
    Column("file", Text),
    Column("files", JSONB, nullable=False),
    Column("note", Text),
    Column("reason_code", Text),
    # outgoing
    Column("signer_id", UUID(as_uuid=True)),
    Column("signer_position_id", UUID(as_uuid=True)),
    Column("recipients", ARRAY(UUID(as_uuid=True)), nullable=False),
    Column("answers", UUID(as_uuid=True)),
    Column("carries_out", UUID(as_uuid=True)),
    Column("updates", UUID(as_uuid=True)),
    Column("replaces", UUID(as_uuid=True)),
    Column("participants", ARRAY(UUID(as_uuid=True)), nullable=False),
    Column("signers", JSONB, nullable=False),
    Column("signatures", Integer, nullable=False),
    Column("seals", Integer, nullable=False),
    Column("copy_of", UUID(as_uuid=True)),
    # incoming
    Column("sender_id", UUID(as_uuid=True)),
    Column("foreign_id", Text),
    Column("verdict", Text),
    Column("verdict_pending", Boolean, nullable=False),
    Column("verdict_before", Text),
    Column("verdict_at", DateTime(timezone=True)),
    Column("report", Text),
    Column("arrival_number", Integer),
    Column("accepted_on", Date),
    Column("recall_asked_at", DateTime(timezone=True)),
    Column("recall_note", Text),
    Column("business", Text),
    Column("replaced_by", UUID(as_uuid=True)),
    Column("took_the_place_of", ARRAY(UUID(as_uuid=True)), nullable=False),
)
register_entry = Table(
    "register_entry",
    metadata,
    Column("agency_id", UUID(as_uuid=True), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("series", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document_id", UUID(as_uuid=True), nullable=False),
    Column("void", Boolean, nullable=False),
)
# Trays and where their documents stand: waiting, signing, signed or failed.
tray = Table(
    "tray",
    metadata,
    Column("tray_id", UUID(as_uuid=True), primary_key=True),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("signer_id", UUID(as_uuid=True), nullable=False),
    Column("confirmed_at", DateTime(timezone=True), nullable=False),
    Column("own_device", Boolean, nullable=False),
)
tray_line = Table(
    "tray_line",
    metadata,
    Column("tray_id", UUID(as_uuid=True), primary_key=True),
    Column("document_id", UUID(as_uuid=True), primary_key=True),
    Column("ordinal", Integer),
    Column("state", Text, nullable=False),
    Column("reason_code", Text),
    Column("ended_at", DateTime(timezone=True)),
)
# How senders call the documents that came from them, and those that these supersede. Written with
# the arrival, so that what follows may ask at once, and again by the projection.
wire_name = Table(
    "wire_name",
    metadata,
    Column("agency_id", UUID(as_uuid=True), primary_key=True),
    Column("sender_id", UUID(as_uuid=True), primary_key=True),
    Column("foreign_id", Text, primary_key=True),
    Column("superseded", Boolean, primary_key=True),
    Column("document_id", UUID(as_uuid=True), primary_key=True),
)
# Written by the commands themselves: people's text, erased together with its blob.
subject = Table(
    "subject",
    metadata,
    Column("document_id", UUID(as_uuid=True), primary_key=True),
    Column("subject", Text, nullable=False),
)
