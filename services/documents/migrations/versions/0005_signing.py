"""Trays of documents that a leader signs in one go; several signers; copies."""

from libs.db.script import run_script, service_schema

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE documents.tray (
    tray_id uuid PRIMARY KEY, agency_id uuid NOT NULL, signer_id uuid NOT NULL,
    confirmed_at timestamptz NOT NULL, own_device boolean NOT NULL
);
CREATE TABLE documents.tray_line (
    tray_id uuid NOT NULL, document_id uuid NOT NULL, ordinal integer, state text NOT NULL,
    reason_code text, ended_at timestamptz, PRIMARY KEY (tray_id, document_id)
);
CREATE INDEX tray_line_open ON documents.tray_line (document_id) WHERE ended_at IS NULL;
ALTER TABLE documents.document
    ADD COLUMN participants uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN signers jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN signatures integer NOT NULL DEFAULT 0,
    ADD COLUMN seals integer NOT NULL DEFAULT 0,
    ADD COLUMN copy_of uuid;
UPDATE documents.document SET participants = ARRAY[agency_id];
UPDATE documents.document SET signers = jsonb_build_array(jsonb_build_object(
    'agency_id', agency_id, 'person_id', signer_id, 'position_id', signer_position_id))
    WHERE direction = 'outgoing';
CREATE INDEX document_participants ON documents.document USING gin (participants);
CREATE INDEX document_waiting ON documents.document (state)
    WHERE state IN ('reviewed', 'cosigning');
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("documents"))
