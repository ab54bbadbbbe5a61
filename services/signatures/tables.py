"""The signatures service's read models."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

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
    Column("valid_from", Date),
)
person = Table(
    "person",
    metadata,
    Column("person_id", UUID(as_uuid=True), primary_key=True),
    Column("card", Text, nullable=False),
)
certificate = Table(
    "certificate",
    metadata,
    Column("certificate_id", UUID(as_uuid=True), primary_key=True),
    Column("owner_id", UUID(as_uuid=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
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
    Column("file", Text, primary_key=True),
    Column("revocation", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
)
# The orders for signers' own devices: opened, prepared, returned, signed or refused.
device_signing = Table(
    "device_signing",
    metadata,
    Column("signing_id", UUID(as_uuid=True), primary_key=True),
    Column("document_id", UUID(as_uuid=True), nullable=False),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("signer_id", UUID(as_uuid=True), nullable=False),
    Column("file", Text, nullable=False),
    Column("box", JSONB, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("means", Text),
    Column("prepared_until", DateTime(timezone=True)),
    Column("reason_code", Text),
)
# The addresses at which a file is fetched and handed in, as SHA-256 of their secrets.
one_time_address = Table(
    "one_time_address",
    metadata,
    Column("signing_id", UUID(as_uuid=True), primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
)
# What a device signs where it gets no whole file.
to_sign = Table(
    "to_sign",
    metadata,
    Column("signing_id", UUID(as_uuid=True), primary_key=True),
    Column("prepared", JSONB, nullable=False),
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
    Column("signed_report", Text, nullable=False),
    Column("xml_report", Text, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("judged_at", DateTime(timezone=True), nullable=False),
)
# The main file of a document that was issued, or that came and was to be judged.
document_file = Table(
    "document_file",
    metadata,
    Column("document_id", UUID(as_uuid=True), primary_key=True),
    Column("agency_id", UUID(as_uuid=True), nullable=False),
    Column("file", Text, nullable=False),
)
# The newest evidence of a file; `renew_at` by the policy of the code that projected it.
evidence = Table(
    "evidence",
    metadata,
    Column("file", Text, primary_key=True),
    Column("evidence", Text, nullable=False),
    Column("stamped_at", DateTime(timezone=True), nullable=False),
    Column("authority", Text, nullable=False),
    Column("holds_until", DateTime(timezone=True), nullable=False),
    Column("renew_at", DateTime(timezone=True), nullable=False),
)
# Files that two people want no first evidence of.
evidence_refused = Table("evidence_refused", metadata, Column("file", Text, primary_key=True))
# Versions of the trust store's parts; `number` and `version` once they were approved.
trust_version = Table(
    "trust_version",
    metadata,
    Column("version_id", UUID(as_uuid=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("bundle", Text, nullable=False),
    Column("certificates", ARRAY(Text), nullable=False),
    Column("roots", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("valid_until", DateTime(timezone=True)),
    Column("state", Text, nullable=False),
    Column("proposed_by", UUID(as_uuid=True), nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", UUID(as_uuid=True)),
    Column("decided_at", DateTime(timezone=True)),
    Column("number", Integer),
    Column("version", Text),
)
refused_list = Table(
    "refused_list",
    metadata,
    Column("list_id", UUID(as_uuid=True), primary_key=True),
    Column("file", Text, nullable=False),
    Column("brought_by", UUID(as_uuid=True), nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("refused_at", DateTime(timezone=True), nullable=False),
)
# What is still to come: `evidence` by file, `verdict` by validation.
waiting = Table(
    "waiting",
    metadata,
    Column("what", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
)
