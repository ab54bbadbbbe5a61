"""Rows of read models."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from libs.db.unit import Unit


def put_row(unit: Unit, table: Table, row: dict[str, Any]) -> None:
    """Write the row; a rebuild over an old one replaces it. Columns not named stay as they are."""
    key = [column.name for column in table.primary_key]
    statement = insert(table).values(**row)
    changes = {name: statement.excluded[name] for name in row if name not in key}
    unit.connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes))
