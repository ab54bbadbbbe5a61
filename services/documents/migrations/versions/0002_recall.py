"""Recall, update and replacement of incoming documents, and what senders call them."""

from libs.db.script import run_script, service_schema

revision = "0002"
down_revision = "0001"

TABLES = """
ALTER TABLE documents.document
    ADD COLUMN recall_asked_at timestamptz, ADD COLUMN recall_note text,
    ADD COLUMN business text, ADD COLUMN updates uuid, ADD COLUMN replaces uuid,
    ADD COLUMN replaced_by uuid, ADD COLUMN took_the_place_of uuid[] NOT NULL DEFAULT '{}';
CREATE TABLE documents.wire_name (
    agency_id uuid NOT NULL, sender_id uuid NOT NULL, foreign_id text NOT NULL,
    superseded boolean NOT NULL, document_id uuid NOT NULL,
    PRIMARY KEY (agency_id, sender_id, foreign_id, superseded, document_id)
);
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("documents"))
