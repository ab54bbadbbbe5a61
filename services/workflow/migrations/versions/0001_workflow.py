"""The workflow service's first schema."""

from libs.db.script import run_script, service_schema, standard_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE workflow.process (
    process_id uuid PRIMARY KEY, document_id uuid NOT NULL, agency_id uuid NOT NULL,
    packet_id uuid NOT NULL, urgency integer NOT NULL, state text NOT NULL,
    opened_at timestamptz NOT NULL, finished_at timestamptz, answered_by uuid,
    version bigint NOT NULL
);
CREATE INDEX process_newest ON workflow.process (agency_id, opened_at, process_id);
CREATE INDEX process_document ON workflow.process (document_id);
CREATE TABLE workflow.task (
    task_id uuid PRIMARY KEY, process_id uuid NOT NULL, agency_id uuid NOT NULL,
    unit text NOT NULL, assignee_id uuid NOT NULL, assignee_position_id uuid NOT NULL,
    due_on date, state text NOT NULL, assigned_at timestamptz NOT NULL, started_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX task_of_process ON workflow.task (process_id);
CREATE INDEX task_of_person ON workflow.task (assignee_id, state);
CREATE INDEX task_of_agency ON workflow.task (agency_id, state);
CREATE TABLE workflow.task_process (task_id uuid PRIMARY KEY, process_id uuid NOT NULL);
CREATE TABLE workflow.agency (agency_id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE workflow.position (
    position_id uuid PRIMARY KEY, person_id uuid NOT NULL, agency_id uuid NOT NULL,
    valid_from date NOT NULL
);
CREATE TABLE workflow.document (
    document_id uuid PRIMARY KEY, sender_id uuid NOT NULL, code text NOT NULL,
    type_name text NOT NULL, issued_on date
);
"""


def upgrade() -> None:
    run_script(standard_tables("workflow"))
    run_script(TABLES)
    run_script(service_schema("workflow"))
