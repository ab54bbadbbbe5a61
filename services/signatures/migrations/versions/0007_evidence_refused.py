"""Files that get no evidence, because two people refused it: nothing of them is still to come."""

from libs.db.script import run_script, service_schema

revision = "0007"
down_revision = "0006"

TABLE = "CREATE TABLE signatures.evidence_refused (file text PRIMARY KEY)"
# What the read model before this one left waiting for ever.
SETTLED = """
DELETE FROM signatures.waiting AS w USING signatures.evidence AS e
WHERE w.what = 'evidence' AND w.key = e.file
"""


def upgrade() -> None:
    run_script(TABLE)
    run_script(SETTLED)
    run_script(service_schema("signatures"))
