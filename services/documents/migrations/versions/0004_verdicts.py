"""A verdict that another one replaces."""

from libs.db.script import run_script, service_schema

revision = "0004"
down_revision = "0003"

TABLES = """
ALTER TABLE documents.document
    ADD COLUMN verdict_pending boolean NOT NULL DEFAULT false,
    ADD COLUMN verdict_before text, ADD COLUMN verdict_at timestamptz;
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(service_schema("documents"))
