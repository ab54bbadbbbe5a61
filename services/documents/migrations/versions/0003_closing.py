"""The last day of an agency, and its successor."""

from libs.db.script import run_script

revision = "0003"
down_revision = "0002"

COLUMNS = "ALTER TABLE documents.agency ADD COLUMN closed_on date, ADD COLUMN successor_id uuid;"


def upgrade() -> None:
    run_script(COLUMNS)
