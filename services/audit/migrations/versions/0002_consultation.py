"""Who looked into the trail; a person's steps with those that were given to him."""

from libs.db.script import run_script, service_schema

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE audit.consultation (
    consultation_id uuid PRIMARY KEY, tx bigint NOT NULL, position bigint NOT NULL,
    at timestamptz NOT NULL, handler text NOT NULL, person_id uuid, position_id uuid,
    agency text NOT NULL, question text NOT NULL, door text NOT NULL, lines integer NOT NULL,
    asked jsonb NOT NULL
);
CREATE INDEX consultation_order ON audit.consultation (at, tx, position);
CREATE INDEX consultation_person ON audit.consultation (person_id, at, tx, position);
CREATE INDEX line_assignee ON audit.line (assignee_id, order_at, tx, position)
    WHERE assignee_id IS NOT NULL;
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("audit"))
