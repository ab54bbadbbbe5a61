"""The first schema of interconnect."""

from libs.db.script import run_script, service_schema, standard_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE interconnect.agency (
    agency_id uuid PRIMARY KEY, parent_id uuid, name text NOT NULL, place text NOT NULL,
    channel text NOT NULL
);
CREATE TABLE interconnect.agency_code (
    agency_id uuid NOT NULL, rank integer NOT NULL, code text NOT NULL,
    valid_from date NOT NULL, valid_to date, PRIMARY KEY (agency_id, rank)
);
CREATE INDEX agency_code_code ON interconnect.agency_code (code);
CREATE TABLE interconnect.person (person_id uuid PRIMARY KEY, card text NOT NULL);
CREATE TABLE interconnect.position (
    position_id uuid PRIMARY KEY, person_id uuid NOT NULL, agency_id uuid NOT NULL,
    unit text NOT NULL, title text NOT NULL, authority text NOT NULL
);
CREATE TABLE interconnect.incoming (
    document_id uuid PRIMARY KEY, packet_id uuid NOT NULL, agency_id uuid NOT NULL,
    sender_id uuid NOT NULL, foreign_id text NOT NULL, code text NOT NULL, issued_on date
);
CREATE INDEX incoming_packet ON interconnect.incoming (packet_id);
CREATE TABLE interconnect.dispatch (
    dispatch_id uuid PRIMARY KEY, agency_id uuid NOT NULL, urgency integer NOT NULL,
    opened_at timestamptz NOT NULL, trace uuid NOT NULL, packet text, foreign_id text
);
CREATE INDEX dispatch_foreign ON interconnect.dispatch (foreign_id);
CREATE INDEX dispatch_list ON interconnect.dispatch (agency_id, opened_at DESC, dispatch_id DESC);
CREATE TABLE interconnect.delivery (
    delivery_id text PRIMARY KEY, dispatch_id uuid NOT NULL, sender_id uuid NOT NULL,
    recipient_id uuid NOT NULL, channel text NOT NULL, transport text NOT NULL,
    sent_at timestamptz, axis_doc_id text, reason_code text
);
CREATE INDEX delivery_dispatch ON interconnect.delivery (dispatch_id);
CREATE TABLE interconnect.received_status (
    delivery_id text NOT NULL, version bigint NOT NULL, dispatch_id uuid NOT NULL,
    status_code text NOT NULL, told_at timestamptz NOT NULL, unit text NOT NULL, staff text,
    note text, channel text NOT NULL, received_at timestamptz NOT NULL,
    PRIMARY KEY (delivery_id, version)
);
CREATE INDEX received_status_dispatch ON interconnect.received_status (dispatch_id);
CREATE TABLE interconnect.arrival (
    packet_id uuid PRIMARY KEY, sender_id uuid NOT NULL, recipient_id uuid NOT NULL,
    channel text NOT NULL, packet text NOT NULL, axis_doc_id text, foreign_id text NOT NULL,
    code text NOT NULL, issued_on date, type_name text NOT NULL, text text NOT NULL,
    urgency integer NOT NULL, files jsonb NOT NULL, answers uuid, sender_code text NOT NULL,
    recipient_code text NOT NULL, arrived_at timestamptz NOT NULL
);
CREATE INDEX arrival_foreign ON interconnect.arrival (foreign_id);
CREATE TABLE interconnect.sent_status (
    packet_id uuid NOT NULL, version bigint NOT NULL, status_code text NOT NULL,
    channel text NOT NULL, sent_at timestamptz NOT NULL, PRIMARY KEY (packet_id, version)
);
CREATE TABLE interconnect.desk (
    packet_id uuid PRIMARY KEY, kind text NOT NULL, reason_code text NOT NULL,
    axis_doc_id text NOT NULL, packet text, status_code text, foreign_id text,
    arrived_at timestamptz NOT NULL
);
CREATE INDEX desk_list ON interconnect.desk (arrived_at DESC, packet_id DESC);
CREATE TABLE interconnect.axis_registration (
    code text PRIMARY KEY, agency_id uuid NOT NULL, name text NOT NULL
);
"""


def upgrade() -> None:
    run_script(standard_tables("interconnect"))
    run_script(TABLES)
    run_script(service_schema("interconnect"))
