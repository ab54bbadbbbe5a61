"""SQL scripts of migrations."""

from alembic import op
from sqlalchemy import Connection


def run_script(script: str, connection: Connection | None = None) -> None:
    """Run several statements as they stand: no parameters, no percent signs to escape.

    Inside an Alembic migration the connection is the migration's.
    """
    raw = (connection or op.get_bind()).connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor:
        cursor.execute(script)


def standard_tables(schema: str) -> str:
    """The tables that every service keeps for itself: answered commands and jobs.

    Part of released migrations: never changed, only followed by a new migration.
    """
    return f"""
CREATE TABLE "{schema}".command (
    caller       text NOT NULL,
    key          text NOT NULL,
    request_hash text NOT NULL,
    status       integer,
    body         jsonb,
    headers      jsonb,
    read_after   text,
    answered_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX command_age ON "{schema}".command (answered_at);
CREATE TABLE "{schema}".job (
    job_id    uuid PRIMARY KEY,
    kind      text NOT NULL,
    lane      text,
    urgent    boolean NOT NULL DEFAULT false,
    arguments jsonb NOT NULL,
    context   jsonb NOT NULL,
    created   bigint GENERATED ALWAYS AS IDENTITY,
    due_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts  integer NOT NULL DEFAULT 0,
    worker    text,
    lease_end timestamptz,
    state     text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'parked')),
    cause     text
);
CREATE INDEX job_open ON "{schema}".job (urgent DESC, created) WHERE state = 'open';
CREATE INDEX job_lane ON "{schema}".job (lane, created) WHERE state <> 'done';
"""


def service_schema(schema: str) -> str:
    """Rights of a service on its own schema: rows, never the tables themselves."""
    return f"""
GRANT USAGE ON SCHEMA "{schema}" TO "{schema}";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO "{schema}";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{schema}";
GRANT USAGE ON SCHEMA "{schema}" TO monitor;
GRANT SELECT (job_id, kind, state, urgent, attempts, due_at) ON "{schema}".job TO monitor;
"""
