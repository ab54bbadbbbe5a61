"""One writing process: `python -m tools.bench.eventstore.writer ARM`, its URL in BENCH_URL."""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import psycopg2
from sqlalchemy import Connection

from libs.db import Database, engine_for
from libs.eventstore import EventStore
from tools.bench.crew import serve
from tools.bench.eventstore import raw
from tools.bench.eventstore.samples import CONTEXT, PAYLOAD, appends, events

BATCH = 100


def _connection(url: str) -> Connection:
    return engine_for(url, pool_size=1).connect().execution_options(isolation_level="AUTOCOMMIT")


def store(url: str, size: int) -> raw.Step:
    """The store's append, each call a transaction of its own."""
    eventstore, places = EventStore(_connection(url)), appends(size)

    def step() -> int:
        stream, version = next(places)
        eventstore.append(stream, version, events(size), CONTEXT)
        return size

    return step


def unit(url: str) -> raw.Step:
    """The store's append inside a unit of work: BEGIN, append, COMMIT, as services use it."""
    database, places = Database(engine_for(url, pool_size=1), "documents"), appends(1)

    def step() -> int:
        stream, version = next(places)
        with database.unit() as work:
            work.store.append(stream, version, events(1), CONTEXT)
        return 1

    return step


def message_db(url: str) -> raw.Step:
    """message-db's function, prepared, all streams in one category."""
    connection, places = (
        psycopg2.connect(url, options="-c search_path=message_store,public"),
        appends(1),
    )
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(
        "PREPARE one (varchar, varchar, varchar, jsonb, jsonb, bigint)"
        " AS SELECT write_message($1, $2, $3, $4, $5, $6)"
    )
    data = PAYLOAD.decode()
    metadata = json.dumps({"agency": CONTEXT.agency, "handler": CONTEXT.handler})

    def step() -> int:
        stream, version = next(places)
        place = (str(uuid4()), stream, "DocumentDrafted", data, metadata, version - 1)
        cursor.execute("EXECUTE one (%s, %s, %s, %s, %s, %s)", place)
        return 1

    return step


ARMS: dict[str, Callable[[str], raw.Step]] = {
    "raw": raw.insert,
    "rows": partial(raw.insert_rows, size=BATCH),
    "copy": partial(raw.copy_rows, size=BATCH),
    "store": partial(store, size=1),
    "unit": unit,
    "batch": partial(store, size=BATCH),
    "message-db": message_db,
}

if __name__ == "__main__":
    serve(ARMS[sys.argv[1]](os.environ["BENCH_URL"]))
