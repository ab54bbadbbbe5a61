"""Database access: engine, unit of work, commands run once, migrations."""

from libs.db.commands import CommandRunner
from libs.db.engine import engine_for
from libs.db.rows import put_row
from libs.db.unit import Database, Unit, connection_lost, database_of, may_run_again

__all__ = [
    "CommandRunner",
    "Database",
    "Unit",
    "connection_lost",
    "database_of",
    "engine_for",
    "may_run_again",
    "put_row",
]
