"""The schema beside a service's own: empty tables of the same shape, to be filled and exchanged.

The catalogue says what makes up the shape. What cannot be copied (a foreign key, a trigger, a view
over a table) shows as a difference, and the rebuild is refused before anything was done.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, text

from libs.db.script import run_script
from libs.messaging.rebuild.refusal import RebuildRefused

_COPY, _SHAPE = (
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("copy.sql", "shape.sql")
)


def beside(service: str) -> str:
    """The schema in which a rebuild fills its tables."""
    return f"{service}_next"


def replaced(service: str) -> str:
    """The schema to which the exchange puts the old tables, until they are dropped."""
    return f"{service}_replaced"


def make(connection: Connection, service: str, tables: Sequence[str], note: str) -> None:
    """Make the schema with empty tables, their indexes, rights and comments.

    `note` is kept with it. Raises `RebuildRefused` for a table that cannot be copied.
    """
    schema = beside(service)
    statements = [f'CREATE SCHEMA "{schema}"', f"COMMENT ON SCHEMA \"{schema}\" IS '{note}'"]
    statements += [
        f'CREATE TABLE "{schema}"."{table}"'
        f' (LIKE "{service}"."{table}" INCLUDING ALL EXCLUDING INDEXES)'
        for table in tables
    ]
    names = {"schema": service, "beside": schema, "tables": list(tables)}
    statements += [statement for _, statement in connection.execute(text(_COPY), names)]
    run_script(";\n".join(statements), connection)
    if different := difference(connection, service, tables):
        raise RebuildRefused("cannot_copy", f"a rebuild cannot copy this: {different}")


def note(connection: Connection, service: str) -> str | None:
    """What was kept with the schema; None when there is no such schema."""
    row = connection.execute(
        text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :n"),
        {"n": beside(service)},
    ).first()
    return row[0] if row else None


def difference(connection: Connection, service: str, tables: Sequence[str]) -> str:
    """The first thing in which the tables beside differ from the serving ones; "" for none."""
    serving, mine = (
        set(connection.execute(text(_SHAPE), {"schema": schema, "tables": list(tables)}).scalars())
        for schema in (service, beside(service))
    )
    return min(serving ^ mine, default="")


def drop(connection: Connection, service: str) -> None:
    """Drop the schema beside and the replaced tables, whatever is left of them."""
    for schema in (beside(service), replaced(service)):
        connection.execute(text(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))
