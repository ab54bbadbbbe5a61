"""The signatures service's first schema."""

from libs.db.script import run_script, service_schema, standard_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE signatures.agency (agency_id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE signatures.position (
    position_id uuid PRIMARY KEY, person_id uuid NOT NULL, agency_id uuid NOT NULL
);
CREATE INDEX position_agency ON signatures.position (agency_id);
CREATE TABLE signatures.certificate (
    certificate_id uuid PRIMARY KEY, owner_id uuid NOT NULL, kind text NOT NULL,
    fingerprint text NOT NULL
);
CREATE INDEX certificate_owner ON signatures.certificate (owner_id);
CREATE TABLE signatures.signature (
    signing_id uuid NOT NULL, role text NOT NULL, document_id uuid NOT NULL,
    agency_id uuid NOT NULL, owner_id uuid NOT NULL, certificate text NOT NULL,
    level text NOT NULL, signed_at timestamptz NOT NULL, file text NOT NULL,
    position bigint NOT NULL, PRIMARY KEY (signing_id, role)
);
CREATE INDEX signature_document ON signatures.signature (document_id);
CREATE TABLE signatures.validation (
    validation_id uuid PRIMARY KEY, document_id uuid NOT NULL, agency_id uuid NOT NULL,
    file text NOT NULL, verdict text NOT NULL, report text NOT NULL
);
"""


def upgrade() -> None:
    run_script(standard_tables("signatures"))
    run_script(TABLES)
    run_script(service_schema("signatures"))
