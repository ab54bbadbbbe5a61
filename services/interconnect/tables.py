"""The tables of interconnect: replicas, read models, and what the axis was told about us."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData(schema="interconnect")
_ID = UUID(as_uuid=True)
_AT = DateTime(timezone=True)

# Replicas of the directory and of the documents service.
agency = Table(
    "agency",
    metadata,
    Column("agency_id", _ID, primary_key=True),
    Column("parent_id", _ID),
    Column("name", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("closed_on", Date),
    Column("successor_id", _ID),
)
agency_code = Table(
    "agency_code",
    metadata,
    Column("agency_id", _ID, primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("code", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
)
person = Table(
    "person",
    metadata,
    Column("person_id", _ID, primary_key=True),
    Column("card", Text, nullable=False),
)
position = Table(
    "position",
    metadata,
    Column("position_id", _ID, primary_key=True),
    Column("person_id", _ID, nullable=False),
    Column("agency_id", _ID, nullable=False),
    Column("unit", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("authority", Text, nullable=False),
)
service_certificate = Table(
    "service_certificate",
    metadata,
    Column("certificate_id", _ID, primary_key=True),
    Column("agency_id", _ID, nullable=False),
    Column("file", Text, nullable=False),
)
incoming = Table(
    "incoming",
    metadata,
    Column("document_id", _ID, primary_key=True),
    Column("packet_id", _ID, nullable=False),
    Column("agency_id", _ID, nullable=False),
    Column("sender_id", _ID, nullable=False),
    Column("foreign_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("issued_on", Date),
)

# What we sent, and what was told about it.
dispatch = Table(
    "dispatch",
    metadata,
    Column("dispatch_id", _ID, primary_key=True),
    Column("agency_id", _ID, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("opened_at", _AT, nullable=False),
    Column("trace", _ID, nullable=False),
    Column("packet", Text),
    Column("foreign_id", Text),
    Column("updates", _ID),
    Column("replaces", _ID),
)
delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("dispatch_id", _ID, nullable=False),
    Column("sender_id", _ID, nullable=False),
    Column("recipient_id", _ID, nullable=False),
    Column("channel", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("sent_at", _AT),
    Column("axis_doc_id", Text),
    Column("reason_code", Text),
    # The open request, and what became of the document at the recipient.
    Column("request", Text),
    Column("asked_at", _AT),
    Column("request_note", Text),
    Column("requested_by", _ID),
    # The requests that were given up though they may have left (`request`, `by`): their answers
    # still count.
    Column("lapsed", JSONB, nullable=False, server_default="[]"),
    Column("outcome", Text),
    Column("outcome_by", _ID),
    Column("pair_number", BigInteger),
)
received_status = Table(
    "received_status",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("dispatch_id", _ID, nullable=False),
    Column("status_code", Text, nullable=False),
    Column("told_at", _AT, nullable=False),
    Column("unit", Text, nullable=False),
    Column("staff", Text),
    Column("note", Text),
    Column("channel", Text, nullable=False),
    Column("received_at", _AT, nullable=False),
    # What its envelope says, if one came; the instant is told by a good one alone.
    Column("pair_number", BigInteger),
    Column("envelope", Text),
    Column("done_at", _AT),
    # Its successor, where the recipient did not tell it itself.
    Column("teller_id", _ID),
)

# What came, and what we told about it.
arrival = Table(
    "arrival",
    metadata,
    Column("packet_id", _ID, primary_key=True),
    Column("sender_id", _ID, nullable=False),
    Column("recipient_id", _ID, nullable=False),
    Column("channel", Text, nullable=False),
    Column("packet", Text, nullable=False),
    Column("axis_doc_id", Text),
    Column("foreign_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("issued_on", Date),
    Column("type_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("files", JSONB, nullable=False),
    Column("answers", _ID),
    Column("sender_code", Text, nullable=False),
    Column("recipient_code", Text, nullable=False),
    Column("arrived_at", _AT, nullable=False),
    Column("business", Text, nullable=False),
    Column("supersedes", JSONB, nullable=False),
    Column("recall_asked_at", _AT),
    Column("recall_note", Text),
    Column("withdrawn_at", _AT),
    Column("pair_number", BigInteger),
    Column("envelope", Text),
)
# What documents are called in packets. Written with the arrival, or with our own packet, so that
# the next that comes may ask at once, and again by the projection.
wire_name = Table(
    "wire_name",
    metadata,
    Column("sender_id", _ID, primary_key=True),
    Column("recipient_id", _ID, primary_key=True),
    Column("foreign_id", Text, primary_key=True),
    # Empty for a new document.
    Column("business", Text, primary_key=True),
    Column("packet_id", _ID, primary_key=True),
)
sent_name = Table(
    "sent_name",
    metadata,
    Column("foreign_id", Text, primary_key=True),
    Column("dispatch_id", _ID, primary_key=True),
    Column("agency_id", _ID, nullable=False),
)
sent_status = Table(
    "sent_status",
    metadata,
    Column("packet_id", _ID, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("status_code", Text, nullable=False),
    Column("channel", Text),
    Column("sent_at", _AT, nullable=False),
    Column("pair_number", BigInteger),
    # By which level of disclosure it was not told; the channel is null then.
    Column("withheld", Text),
    # Why the axis refused it for good.
    Column("reason_code", Text),
)
desk = Table(
    "desk",
    metadata,
    Column("packet_id", _ID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("axis_doc_id", Text, nullable=False),
    Column("packet", Text),
    Column("status_code", Text),
    Column("foreign_id", Text),
    Column("arrived_at", _AT, nullable=False),
    # Parked, or being read again.
    Column("state", Text, nullable=False),
)


def _pair(name: str) -> Table:
    """The numbers of all packets from one agency to another, documents and statuses together."""
    return Table(
        name,
        metadata,
        Column("sender_id", _ID, primary_key=True),
        Column("recipient_id", _ID, primary_key=True),
        Column("number", BigInteger, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("at", _AT, nullable=False),
    )


# What our agencies numbered, what came in good envelopes, and which requests were kept back.
pair_sent, pair_received, pair_kept = _pair("pair_sent"), _pair("pair_received"), _pair("pair_kept")

# Agencies from which envelopes have come.
envelope_sender = Table("envelope_sender", metadata, Column("agency_id", _ID, primary_key=True))

# The balance: a line for each recipient of a dispatch, and for each packet that came. The two
# sides of a line are written by different events, and neither is reckoned from the other.
balance_sent = Table(
    "balance_sent",
    metadata,
    Column("dispatch_id", _ID, primary_key=True),
    Column("recipient_id", _ID, primary_key=True),
    Column("sender_id", _ID, nullable=False),
    Column("day", Date, nullable=False),
    # By DispatchOpened; and by the delivery's own events: opened, sent, refused, withdrawn.
    Column("accepted", Boolean, nullable=False),
    Column("state", Text),
)
balance_received = Table(
    "balance_received",
    metadata,
    Column("packet_id", _ID, primary_key=True),
    Column("sender_id", _ID, nullable=False),
    Column("recipient_id", _ID, nullable=False),
    Column("day", Date, nullable=False),
    # By PacketArrived; and by the documents service: waiting, registered, refused, returned.
    Column("arrived", Boolean, nullable=False),
    Column("state", Text),
)
# Documents that came by the axis and that one of its recipients did not get: desk, refused.
balance_desk = Table(
    "balance_desk",
    metadata,
    Column("packet_id", _ID, primary_key=True),
    Column("recipient_code", Text, primary_key=True),
    Column("sender_code", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("state", Text, nullable=False),
)

# Written by the poller, not rebuilt from events.
axis_registration = Table(
    "axis_registration",
    metadata,
    Column("code", Text, primary_key=True),
    Column("agency_id", _ID, nullable=False),
    Column("name", Text, nullable=False),
)
