"""Envelopes: numbers of all packets between two agencies."""

from libs.db.script import run_script, service_schema

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE interconnect.pair_sent (
    sender_id uuid NOT NULL, recipient_id uuid NOT NULL, number bigint NOT NULL,
    kind text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (sender_id, recipient_id, number)
);
CREATE TABLE interconnect.pair_received (LIKE interconnect.pair_sent INCLUDING ALL);
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("interconnect"))
