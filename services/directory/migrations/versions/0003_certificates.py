"""Certificates' life: requests, devices, and what ended a certificate before its day."""

from libs.db.script import run_script, service_schema

revision = "0003"
down_revision = "0002"

TABLES = """
ALTER TABLE directory.certificate
    ADD COLUMN device text NOT NULL DEFAULT '', ADD COLUMN issuer_key text NOT NULL DEFAULT '',
    ADD COLUMN subject_key text NOT NULL DEFAULT '', ADD COLUMN authority text NOT NULL DEFAULT '',
    ADD COLUMN ended text, ADD COLUMN ended_on date;
CREATE TABLE directory.certificate_request (
    request_id uuid PRIMARY KEY, owner_id uuid NOT NULL, agency_id uuid NOT NULL,
    act text NOT NULL, kind text NOT NULL, form text NOT NULL, filed_on date NOT NULL,
    certificate_id uuid, device text NOT NULL, reason_code text NOT NULL, state text NOT NULL,
    reference text, forwarded_on date, ended_on date, note text
);
CREATE INDEX certificate_request_owner ON directory.certificate_request (owner_id);
CREATE INDEX certificate_request_open ON directory.certificate_request (filed_on, request_id)
    WHERE state IN ('filed', 'forwarded');
CREATE TABLE directory.device (
    owner_id uuid, device text, kind text NOT NULL, receiver_id uuid NOT NULL,
    permission text NOT NULL, handed_on date NOT NULL, state text NOT NULL,
    ended_on date, reason_code text, PRIMARY KEY (owner_id, device)
);
CREATE TABLE directory.device_holder (device text PRIMARY KEY, owner_id uuid NOT NULL);
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("directory"))
