"""Recall, update and replacement: what is asked of deliveries, and what was asked of arrivals."""

from libs.db.script import run_script

revision = "0002"
down_revision = "0001"

COLUMNS = """
ALTER TABLE interconnect.dispatch ADD COLUMN updates uuid, ADD COLUMN replaces uuid;
ALTER TABLE interconnect.delivery
    ADD COLUMN request text, ADD COLUMN asked_at timestamptz, ADD COLUMN request_note text,
    ADD COLUMN requested_by uuid, ADD COLUMN outcome text, ADD COLUMN outcome_by uuid;
ALTER TABLE interconnect.arrival
    ADD COLUMN business text NOT NULL DEFAULT '', ADD COLUMN supersedes jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN recall_asked_at timestamptz, ADD COLUMN recall_note text,
    ADD COLUMN withdrawn_at timestamptz;
"""


def upgrade() -> None:
    run_script(COLUMNS)
