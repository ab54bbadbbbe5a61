"""What ended a certificate before its day: revoked, returned or lost."""

from libs.db.script import run_script

revision = "0004"
down_revision = "0001"


def upgrade() -> None:
    run_script("ALTER TABLE signatures.certificate ADD COLUMN ended text;")
