"""What senders by the axis call their documents: each new one arrives once, in whatever packets."""

from libs.db.script import run_script, service_schema

revision = "0008"
down_revision = "0007"

TABLE = """
CREATE TABLE interconnect.wire_name (
    sender_id uuid NOT NULL, recipient_id uuid NOT NULL, foreign_id text NOT NULL,
    business text NOT NULL, packet_id uuid NOT NULL,
    PRIMARY KEY (sender_id, recipient_id, foreign_id, business)
);
"""
# What the read model does not have yet, its projection adds.
ARRIVED = """
INSERT INTO interconnect.wire_name (sender_id, recipient_id, foreign_id, business, packet_id)
SELECT DISTINCT ON (sender_id, recipient_id, foreign_id, business)
    sender_id, recipient_id, foreign_id, business, packet_id
FROM interconnect.arrival WHERE axis_doc_id IS NOT NULL
ORDER BY sender_id, recipient_id, foreign_id, business, arrived_at, packet_id;
"""


def upgrade() -> None:
    run_script(TABLE)
    run_script(ARRIVED)
    run_script(service_schema("interconnect"))
