"""Requests that wait at the desk for a second person."""

from libs.db.script import run_script
from libs.eventstore.schema import script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_script(script("desk"))
