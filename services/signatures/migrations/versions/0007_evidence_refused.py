"""Files that get no evidence, because two people refused it: nothing of them is still to come."""

from libs.db.script import run_script, service_schema

revision = "0007"
down_revision = "0006"

TABLE = "CREATE TABLE signatures.evidence_refused (file text PRIMARY KEY)"
REFUSED = """
INSERT INTO signatures.evidence_refused
SELECT DISTINCT fact ->> 'file'
FROM (SELECT convert_from(payload, 'UTF8')::jsonb AS fact FROM es.event
      WHERE category = 'evidence' AND type = 'EvidenceRefused') AS refused
WHERE fact ->> 'over' = fact ->> 'file'
"""
# What the read model before this one left waiting for ever.
SETTLED = """
DELETE FROM signatures.waiting
WHERE what = 'evidence' AND key IN (SELECT file FROM signatures.evidence
                                    UNION ALL SELECT file FROM signatures.evidence_refused)
"""


def upgrade() -> None:
    run_script(TABLE)
    run_script(REFUSED)
    run_script(SETTLED)
    run_script(service_schema("signatures"))
