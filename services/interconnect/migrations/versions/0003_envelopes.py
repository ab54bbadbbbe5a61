"""Envelopes: numbers of all packets between two agencies, verdicts, step records, disclosure."""

from libs.db.script import run_script, service_schema

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE interconnect.pair_sent (
    sender_id uuid NOT NULL, recipient_id uuid NOT NULL, number bigint NOT NULL,
    kind text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (sender_id, recipient_id, number)
);
CREATE TABLE interconnect.pair_received (LIKE interconnect.pair_sent INCLUDING ALL);
CREATE TABLE interconnect.service_certificate (
    certificate_id uuid PRIMARY KEY, agency_id uuid NOT NULL, file text NOT NULL
);
CREATE INDEX service_certificate_agency ON interconnect.service_certificate (agency_id);
CREATE TABLE interconnect.envelope_sender (agency_id uuid PRIMARY KEY);
ALTER TABLE interconnect.delivery ADD COLUMN pair_number bigint;
ALTER TABLE interconnect.arrival ADD COLUMN pair_number bigint, ADD COLUMN envelope text;
ALTER TABLE interconnect.received_status
    ADD COLUMN pair_number bigint, ADD COLUMN envelope text, ADD COLUMN done_at timestamptz;
ALTER TABLE interconnect.sent_status
    ALTER COLUMN channel DROP NOT NULL, ADD COLUMN pair_number bigint, ADD COLUMN withheld text;
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("interconnect"))
