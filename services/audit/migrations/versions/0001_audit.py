"""The audit service's first schema."""

from libs.db.script import run_script, service_schema, standard_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE audit.line (
    event_id uuid PRIMARY KEY, tx bigint NOT NULL, position bigint NOT NULL, trace uuid NOT NULL,
    event_type text NOT NULL, action text NOT NULL, status_code text NOT NULL,
    agency_id uuid NOT NULL, document_id uuid, packet_id uuid,
    handler text, person_id uuid, position_id uuid, named_in text,
    at timestamptz NOT NULL, order_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
    unit text NOT NULL, assignee_id uuid, assignee_position_id uuid, counterpart_id uuid
);
CREATE INDEX line_trace ON audit.line (trace, order_at, tx, position);
CREATE INDEX line_order ON audit.line (order_at, tx, position);
CREATE INDEX line_person ON audit.line (person_id, order_at, tx, position);
CREATE INDEX line_agency ON audit.line (agency_id, order_at, tx, position);
CREATE INDEX line_status ON audit.line (status_code, order_at, tx, position);
CREATE TABLE audit.trace (trace uuid PRIMARY KEY, tx bigint NOT NULL, position bigint NOT NULL);
CREATE INDEX trace_order ON audit.trace (tx, position);
CREATE TABLE audit.agency_entry (
    agency_id uuid NOT NULL, tx bigint NOT NULL, position bigint NOT NULL,
    since timestamptz NOT NULL, tier integer NOT NULL, name text NOT NULL, codes jsonb NOT NULL,
    PRIMARY KEY (agency_id, position)
);
CREATE INDEX agency_codes ON audit.agency_entry USING gin (codes jsonb_path_ops);
CREATE TABLE audit.person_entry (
    person_id uuid NOT NULL, tx bigint NOT NULL, position bigint NOT NULL, card text NOT NULL,
    PRIMARY KEY (person_id, position)
);
CREATE TABLE audit.position_entry (
    position_id uuid NOT NULL, tx bigint NOT NULL, position bigint NOT NULL,
    unit text NOT NULL, title text NOT NULL,
    PRIMARY KEY (position_id, position)
);
CREATE TABLE audit.document_fact (
    document_id uuid NOT NULL, tx bigint NOT NULL, position bigint NOT NULL, trace uuid NOT NULL,
    packet_id uuid, code text, text text, signer_id uuid, signer_position_id uuid,
    PRIMARY KEY (document_id, position)
);
CREATE INDEX document_trace ON audit.document_fact (trace, tx, position);
CREATE INDEX document_packet ON audit.document_fact (packet_id) WHERE packet_id IS NOT NULL;
"""


def upgrade() -> None:
    run_script(standard_tables("audit"))
    run_script(TABLES)
    run_script(service_schema("audit"))
