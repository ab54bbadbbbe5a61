"""What waits is known by the store, not by how long ago it came."""

from libs.db.script import run_script

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_script("ALTER TABLE interconnect.balance_received DROP COLUMN at")
