"""The event store: tables and row-level security."""

from libs.db.script import run_script
from libs.eventstore.schema import script

revision = "0001"
down_revision = None


def upgrade() -> None:
    # The policies of "walls" call a function of "order".
    for part in ("tables", "order", "walls"):
        run_script(script(part))
