"""Closed agencies."""

from libs.db.script import run_script

revision = "0004"
down_revision = "0002"

TABLES = """
ALTER TABLE interconnect.agency ADD COLUMN closed_on date, ADD COLUMN successor_id uuid;
ALTER TABLE interconnect.desk ADD COLUMN state text NOT NULL DEFAULT 'parked';
"""


def upgrade() -> None:
    run_script(TABLES)
