"""Numbers of requests that were kept back."""

from libs.db.script import run_script, service_schema

revision = "0006"
down_revision = "0005"

TABLES = "CREATE TABLE interconnect.pair_kept (LIKE interconnect.pair_sent INCLUDING ALL)"


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("interconnect"))
