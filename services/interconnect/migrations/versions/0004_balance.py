"""The balance of what was accepted and what came; closed agencies; the desk's second state."""

from libs.db.script import run_script, service_schema

revision = "0004"
down_revision = "0003"

TABLES = """
ALTER TABLE interconnect.agency ADD COLUMN closed_on date, ADD COLUMN successor_id uuid;
ALTER TABLE interconnect.desk ADD COLUMN state text NOT NULL DEFAULT 'parked';
CREATE TABLE interconnect.balance_sent (
    dispatch_id uuid NOT NULL, recipient_id uuid NOT NULL, sender_id uuid NOT NULL,
    day date NOT NULL, accepted boolean NOT NULL, state text,
    PRIMARY KEY (dispatch_id, recipient_id)
);
CREATE INDEX balance_sent_day ON interconnect.balance_sent (day, sender_id, recipient_id);
CREATE INDEX balance_sent_unsettled ON interconnect.balance_sent (dispatch_id)
    WHERE NOT accepted OR state IS NULL OR state = 'opened';
CREATE TABLE interconnect.balance_received (
    packet_id uuid PRIMARY KEY, sender_id uuid NOT NULL, recipient_id uuid NOT NULL,
    day date NOT NULL, at timestamptz NOT NULL, arrived boolean NOT NULL, state text
);
CREATE INDEX balance_received_day ON interconnect.balance_received (day, sender_id, recipient_id);
CREATE INDEX balance_received_unsettled ON interconnect.balance_received (packet_id)
    WHERE NOT arrived OR state IS NULL;
CREATE TABLE interconnect.balance_desk (
    packet_id uuid NOT NULL, recipient_code text NOT NULL, sender_code text NOT NULL,
    day date NOT NULL, state text NOT NULL, PRIMARY KEY (packet_id, recipient_code)
);
CREATE INDEX delivery_kept_back ON interconnect.delivery (sender_id, recipient_id, pair_number)
    WHERE transport IN ('refused', 'withdrawn') AND pair_number IS NOT NULL;
CREATE INDEX sent_status_kept_back ON interconnect.sent_status (packet_id)
    WHERE withheld IS NOT NULL AND pair_number IS NOT NULL;
CREATE INDEX balance_desk_day ON interconnect.balance_desk (day);
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("interconnect"))
