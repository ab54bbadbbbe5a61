"""What was known of a certificate before it signed."""

from libs.db.script import run_script, service_schema

revision = "0003"
down_revision = "0001"

TABLES = """
ALTER TABLE signatures.signature ADD COLUMN revocation text NOT NULL DEFAULT '';
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("signatures"))
