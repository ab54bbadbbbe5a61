"""Names in packets: of our own documents, and of every packet; who told a step as a successor;
which request lapsed."""

from libs.db.script import run_script, service_schema

revision = "0009"
down_revision = "0008"

EVERY_PACKET = """
ALTER TABLE interconnect.wire_name DROP CONSTRAINT wire_name_pkey;
ALTER TABLE interconnect.wire_name
    ADD PRIMARY KEY (sender_id, recipient_id, foreign_id, business, packet_id);
"""
TABLE = """
CREATE TABLE interconnect.sent_name (
    foreign_id text NOT NULL, dispatch_id uuid NOT NULL, agency_id uuid NOT NULL,
    PRIMARY KEY (foreign_id, dispatch_id)
);
"""
# What the read models do not have yet, their projections add.
KNOWN = """
INSERT INTO interconnect.wire_name (sender_id, recipient_id, foreign_id, business, packet_id)
SELECT sender_id, recipient_id, foreign_id, business, packet_id
FROM interconnect.arrival WHERE axis_doc_id IS NOT NULL
ON CONFLICT DO NOTHING;
INSERT INTO interconnect.sent_name (foreign_id, dispatch_id, agency_id)
SELECT foreign_id, dispatch_id, agency_id
FROM interconnect.dispatch WHERE foreign_id IS NOT NULL;
"""
TELLER = "ALTER TABLE interconnect.received_status ADD COLUMN teller_id uuid;"
LAPSED = """
ALTER TABLE interconnect.delivery RENAME COLUMN lapsed TO had_lapsed;
ALTER TABLE interconnect.delivery ADD COLUMN lapsed jsonb NOT NULL DEFAULT '[]';
UPDATE interconnect.delivery SET lapsed = '[{"request": "recall"}]' WHERE had_lapsed;
ALTER TABLE interconnect.delivery DROP COLUMN had_lapsed;
"""


def upgrade() -> None:
    for each in (EVERY_PACKET, TABLE, KNOWN, TELLER, LAPSED):
        run_script(each)
    run_script(service_schema("interconnect"))
