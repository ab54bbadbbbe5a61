"""Recalls that were given up, and may have left all the same."""

from libs.db.script import run_script

revision = "0007"
down_revision = "0006"

COLUMN = "ALTER TABLE interconnect.delivery ADD COLUMN lapsed boolean NOT NULL DEFAULT false"


def upgrade() -> None:
    run_script(COLUMN)
