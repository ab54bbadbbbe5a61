"""The floor: rows of the same shape into the same indexes, without rules, chain or stream heads.

Ids of transaction and position come from the server as they do in the store, for the same pages of
the indexes to be touched. Text, leaf and all else are given by the client.
"""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.extras import execute_values, register_uuid

from tools.bench.eventstore.samples import APPENDS, AT, CONTEXT, PAYLOAD, appends

TABLE = """
CREATE SCHEMA bench;
CREATE SEQUENCE bench.position CACHE 1;
CREATE TABLE bench.event (LIKE es.event INCLUDING INDEXES);
ALTER TABLE bench.event
    ALTER tx SET DEFAULT pg_current_xact_id()::text::bigint,
    ALTER position SET DEFAULT nextval('bench.position');
GRANT USAGE ON SCHEMA bench TO documents;
GRANT INSERT ON bench.event TO documents;
GRANT USAGE ON SEQUENCE bench.position TO documents;
"""
_COLUMNS = (
    "stream, version, category, event_id, type, schema, agency, handler, behalf,"
    " occurred_at, recorded_at, trace, correlation, causation, payload, leaf"
)
_TYPES = (
    "text, bigint, text, uuid, text, integer, text, text, text,"
    " timestamptz, timestamptz, uuid, uuid, uuid, bytea, bytea"
)
_INSERT = f"INSERT INTO bench.event ({_COLUMNS}) VALUES"
_LEAF = bytes(32)
Step = Callable[[], int]


def _row(stream: str, version: int) -> tuple[Any, ...]:
    return (
        *(stream, version, "document", uuid4(), "DocumentDrafted", 1),
        *(CONTEXT.agency, CONTEXT.handler, None, AT, AT, CONTEXT.trace, None, None),
        *(psycopg2.Binary(PAYLOAD), psycopg2.Binary(_LEAF)),
    )


def _cursor(url: str) -> Any:
    register_uuid()  # type: ignore[no-untyped-call]
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection.cursor()


def insert(url: str) -> Step:
    """One prepared INSERT of one row, by the store's own driver."""
    cursor, places = _cursor(url), appends(1)
    values = ", ".join(f"${number}" for number in range(1, 17))
    cursor.execute(f"PREPARE one ({_TYPES}) AS {_INSERT} ({values})")
    execute = f"EXECUTE one ({', '.join(['%s'] * 16)})"

    def step() -> int:
        stream, version = next(places)
        cursor.execute(execute, _row(stream, version + 1))
        return 1

    return step


def insert_rows(url: str, size: int) -> Step:
    """One INSERT of `size` rows."""
    cursor, places = _cursor(url), appends(size)

    def step() -> int:
        stream, version = next(places)
        rows = [_row(stream, version + n) for n in range(1, size + 1)]
        execute_values(cursor, f"{_INSERT} %s", rows, page_size=size)
        return size

    return step


def copy_rows(url: str, size: int) -> Step:
    """One COPY of `size` rows."""
    cursor, places = _cursor(url), appends(size)
    fixed = f"DocumentDrafted\t1\t{CONTEXT.agency}\t{CONTEXT.handler}\t\\N\t{AT}\t{AT}"
    rest = f"{CONTEXT.trace}\t\\N\t\\N\t\\\\x{PAYLOAD.hex()}\t\\\\x{_LEAF.hex()}"

    def step() -> int:
        stream, version = next(places)
        lines = (
            f"{stream}\t{version + n}\tdocument\t{uuid4()}\t{fixed}\t{rest}\n"
            for n in range(1, size + 1)
        )
        statement = f"COPY bench.event ({_COLUMNS}) FROM STDIN"
        cursor.copy_expert(statement, io.StringIO("".join(lines)))
        return size

    return step


__all__ = ["APPENDS", "TABLE", "Step", "copy_rows", "insert", "insert_rows"]
