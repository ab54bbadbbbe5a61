"""The first schema of the documents service."""

from libs.db.script import run_script, service_schema, standard_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE documents.agency (
    agency_id uuid PRIMARY KEY, parent_id uuid, tier integer NOT NULL, name text NOT NULL,
    place text NOT NULL, short_sign text NOT NULL, refuse_invalid boolean NOT NULL
);
CREATE TABLE documents.person (person_id uuid PRIMARY KEY, card text NOT NULL);
CREATE TABLE documents.position (
    position_id uuid PRIMARY KEY, person_id uuid NOT NULL, agency_id uuid NOT NULL,
    unit text NOT NULL, title text NOT NULL, authority text NOT NULL
);
CREATE TABLE documents.document (
    document_id uuid PRIMARY KEY, agency_id uuid NOT NULL,
    direction text NOT NULL CHECK (direction IN ('outgoing', 'incoming')),
    state text NOT NULL, version bigint NOT NULL, tx bigint NOT NULL, position bigint NOT NULL,
    opened_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
    type_code text, type_name text NOT NULL, text text NOT NULL, urgency integer NOT NULL,
    number integer, code text, issued_on date, file text, files jsonb NOT NULL,
    note text, reason_code text,
    signer_id uuid, signer_position_id uuid, recipients uuid[] NOT NULL,
    answers uuid, carries_out uuid,
    sender_id uuid, foreign_id text, verdict text, report text,
    arrival_number integer, accepted_on date
);
CREATE INDEX document_list ON documents.document (agency_id, tx DESC, position DESC);
CREATE TABLE documents.register_entry (
    agency_id uuid NOT NULL, year integer NOT NULL, series text NOT NULL, number integer NOT NULL,
    document_id uuid NOT NULL, void boolean NOT NULL,
    PRIMARY KEY (agency_id, year, series, number)
);
CREATE TABLE documents.subject (document_id uuid PRIMARY KEY, subject text NOT NULL);
"""


def upgrade() -> None:
    run_script(standard_tables("documents"))
    run_script(TABLES)
    run_script(service_schema("documents"))
