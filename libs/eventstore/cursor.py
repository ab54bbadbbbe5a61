"""Statements on the connection's own cursor: SQLAlchemy's layers cost more than most of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection


def execute(connection: Connection, statement: str, arguments: Sequence[Any] = ()) -> Any:
    """A cursor that has executed the statement in the connection's transaction; close it.

    Parameters are psycopg2's `%s`, and so are the errors.
    """
    connection.get_transaction() or connection.begin()
    raw: Any = connection.connection.driver_connection
    cursor = raw.cursor()
    cursor.execute(statement, arguments)
    return cursor


def rows(connection: Connection, statement: str, arguments: Sequence[Any] = ()) -> list[Any]:
    """The rows of a statement; none for one that returns none."""
    with execute(connection, statement, arguments) as cursor:
        return list(cursor.fetchall()) if cursor.description else []
