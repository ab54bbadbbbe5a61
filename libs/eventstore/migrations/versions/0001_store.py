"""The event store: tables, functions, rights."""

from libs.db.script import run_script
from libs.eventstore import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    for part in (schema.TABLES, schema.FUNCTIONS, schema.RIGHTS):
        run_script(part)
