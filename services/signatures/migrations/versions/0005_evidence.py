"""What a certificate is known for and by whom; evidence; what waits;
whom verdicts trust."""

from libs.db.script import run_script, service_schema

revision = "0005"
down_revision = "0004"

TABLES = """
ALTER TABLE signatures.signature ADD COLUMN revocation text NOT NULL DEFAULT '';
ALTER TABLE signatures.position ADD COLUMN valid_from date;
ALTER TABLE signatures.certificate ADD COLUMN valid_from date, ADD COLUMN valid_to date;
CREATE TABLE signatures.person (person_id uuid PRIMARY KEY, card text NOT NULL);
ALTER TABLE signatures.validation
    ADD COLUMN signed_report text NOT NULL DEFAULT '',
    ADD COLUMN xml_report text NOT NULL DEFAULT '',
    ADD COLUMN pending boolean NOT NULL DEFAULT false,
    ADD COLUMN judged_at timestamptz NOT NULL DEFAULT '-infinity';
CREATE TABLE signatures.document_file (
    document_id uuid PRIMARY KEY, agency_id uuid NOT NULL, file text NOT NULL
);
CREATE TABLE signatures.evidence (
    file text PRIMARY KEY, evidence text NOT NULL, stamped_at timestamptz NOT NULL,
    authority text NOT NULL, holds_until timestamptz NOT NULL, renew_at timestamptz NOT NULL
);
CREATE INDEX evidence_due ON signatures.evidence (renew_at);
CREATE TABLE signatures.waiting (
    what text NOT NULL CHECK (what IN ('evidence', 'verdict')), key text NOT NULL,
    since timestamptz NOT NULL, PRIMARY KEY (what, key)
);
CREATE TABLE signatures.trust_version (
    version_id uuid PRIMARY KEY, source text NOT NULL, bundle text NOT NULL,
    certificates text[] NOT NULL, roots integer NOT NULL, sequence integer NOT NULL,
    valid_until timestamptz, state text NOT NULL, proposed_by uuid NOT NULL,
    proposed_at timestamptz NOT NULL, decided_by uuid, decided_at timestamptz, number integer,
    version text
);
CREATE TABLE signatures.refused_list (
    list_id uuid PRIMARY KEY, file text NOT NULL, brought_by uuid NOT NULL,
    reason_code text NOT NULL, refused_at timestamptz NOT NULL
);
CREATE INDEX job_due ON signatures.job (kind, due_at) WHERE state = 'open';
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("signatures"))
