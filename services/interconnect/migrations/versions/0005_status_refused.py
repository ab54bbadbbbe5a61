"""Statuses that the axis refused for good."""

from libs.db.script import run_script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_script("ALTER TABLE interconnect.sent_status ADD COLUMN reason_code text")
