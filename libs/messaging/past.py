"""One service's read models as they were at a place of the store's order, made anew for a question.

The service's own projections fill temporary tables of the service's own shape: PostgreSQL drops
them with the connection, nobody else sees them, and nothing of the serving tables is touched. Only
the events that are handed in are applied, so that one agency's past costs one agency's events.
"""

from collections.abc import Sequence

from sqlalchemy import text

from libs.contracts import message
from libs.db import Database, Unit, connection_lost, engine_for
from libs.db.script import run_script
from libs.eventstore import Recorded
from libs.messaging.causes import describe
from libs.messaging.read_models import ReadModels

# PostgreSQL's name for the schema of the connection's own temporary tables.
TEMPORARY = "pg_temp"
# Defaults stand in the migrations alone; the catalogue tells them to everybody.
_DEFAULTS = text("""
    SELECT format('ALTER TABLE pg_temp.%I ALTER COLUMN %I SET DEFAULT %s',
                  c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attrdef AS d
    JOIN pg_class AS c ON c.oid = d.adrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.adnum
    WHERE n.nspname = :service AND c.relname = ANY (:tables)
""")


class Past:
    """A service's read models, moved forward by `advance`; ask them through `database`.

    The role needs no right but CONNECT and TEMPORARY. An event that its projection cannot apply
    stops its stream, as it does while serving: `failed` has the stream and the cause.
    """

    def __init__(self, url: str, service: str, models: ReadModels) -> None:
        # One connection, kept for good: the tables live in it.
        self._engine = engine_for(url, pool_size=1, application=f"{service}.past")
        mapped = self._engine.execution_options(schema_translate_map={service: TEMPORARY})
        self.database = Database(mapped, TEMPORARY)
        self.failed: dict[str, str] = {}
        self._handlers = models.handlers
        with mapped.begin() as connection:
            tables = (*models.rebuilt, *models.shared, *models.kept)
            for table in tables:
                table.create(connection, checkfirst=False)
            names = {"service": service, "tables": [table.name for table in tables]}
            for statement in connection.execute(_DEFAULTS, names).scalars().all():
                run_script(statement, connection)

    def close(self) -> None:
        """End the connection, and with it the tables."""
        self._engine.dispose()

    def advance(self, events: Sequence[Recorded]) -> None:
        """Apply events in the order given, which is the store's."""
        wanted = [event for event in events if event.type in self._handlers]
        with self.database.unit() as unit:
            try:
                with unit.connection.begin_nested():
                    for event in wanted:
                        self._apply(event, unit)
            except Exception as error:
                if connection_lost(error):
                    raise
                self._advance_singly(wanted, unit)

    def _advance_singly(self, events: Sequence[Recorded], unit: Unit) -> None:
        for event in events:
            try:
                with unit.connection.begin_nested():
                    self._apply(event, unit)
            except Exception as error:
                if connection_lost(error):
                    raise
                self.failed[event.stream] = describe(error)

    def _apply(self, event: Recorded, unit: Unit) -> None:
        if event.stream not in self.failed:
            self._handlers[event.type](message(event), event, unit)
