"""Signing by the signers' own devices; several attachments signed by one order."""

from libs.db.script import run_script, service_schema

revision = "0006"
down_revision = "0005"

TABLES = """
ALTER TABLE signatures.signature DROP CONSTRAINT signature_pkey,
    ADD PRIMARY KEY (signing_id, role, file);
CREATE TABLE signatures.device_signing (
    signing_id uuid PRIMARY KEY, document_id uuid NOT NULL, agency_id uuid NOT NULL,
    signer_id uuid NOT NULL, file text NOT NULL, box jsonb NOT NULL,
    opened_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
    state text NOT NULL, means text, prepared_until timestamptz, reason_code text
);
CREATE INDEX device_signing_open ON signatures.device_signing (CAST(signer_id AS text))
    WHERE state IN ('opened', 'prepared', 'returned');
CREATE TABLE signatures.one_time_address (
    signing_id uuid NOT NULL, purpose text NOT NULL, secret_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL, used_at timestamptz,
    PRIMARY KEY (signing_id, purpose)
);
CREATE TABLE signatures.to_sign (
    signing_id uuid PRIMARY KEY, prepared jsonb NOT NULL
);
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("signatures"))
