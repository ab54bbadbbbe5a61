"""The directory's first schema."""

from libs.db.script import run_script, service_schema, standard_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE directory.agency (
    agency_id uuid PRIMARY KEY, parent_id uuid, tier integer NOT NULL, name text NOT NULL,
    place text NOT NULL, channel text NOT NULL, codes jsonb NOT NULL, short_sign text NOT NULL,
    refuse_invalid boolean NOT NULL, version bigint NOT NULL
);
CREATE TABLE directory.person (person_id uuid PRIMARY KEY, card text NOT NULL);
CREATE TABLE directory.position (
    position_id uuid PRIMARY KEY, person_id uuid NOT NULL, agency_id uuid NOT NULL,
    unit text NOT NULL, title text NOT NULL, authority text NOT NULL, roles text[] NOT NULL,
    valid_from date NOT NULL
);
CREATE INDEX position_agency ON directory.position (agency_id);
CREATE TABLE directory.certificate (
    certificate_id uuid PRIMARY KEY, owner_id uuid NOT NULL, kind text NOT NULL,
    fingerprint text NOT NULL, file text NOT NULL, valid_from date NOT NULL, valid_to date NOT NULL
);
CREATE INDEX certificate_owner ON directory.certificate (owner_id);
CREATE TABLE directory.client (
    client_id text PRIMARY KEY, agency_id uuid NOT NULL, roles text[] NOT NULL
);
CREATE TABLE directory.client_secret (
    client_id text PRIMARY KEY, salt bytea NOT NULL, hash bytea NOT NULL
);
CREATE TABLE directory.code_owner (code text PRIMARY KEY, agency_id uuid NOT NULL);
"""


def upgrade() -> None:
    run_script(standard_tables("directory"))
    run_script(TABLES)
    run_script(service_schema("directory"))
