"""Bring an installation's database to this code's schema, and its rights to the topology's.

`DATABASE_URL=... python -m libs.db.migrate`, as the role `migrator`, which the services do not
have. Safe to run again.
"""

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, make_url, text

from libs.contracts import Consumer, topology
from libs.db.script import run_script
from libs.eventstore import START, EventStore
from libs.eventstore.schema import FUNCTIONS, script

ROOT = Path(__file__).resolve().parents[2]


def folders() -> dict[str, Path]:
    """Schema name to migrations folder: the store first, then every service that has one."""
    found = {"es": ROOT / "libs" / "eventstore" / "migrations"}
    for service in topology().services:
        folder = ROOT / "services" / service / "migrations"
        if (folder / "env.py").is_file():
            found[service] = folder
    return found


def migrate(url: str) -> None:
    """Apply all missing migrations, then set functions and rights anew from code and topology."""
    parsed = make_url(url).set(drivername="postgresql+psycopg2")
    engine = create_engine(parsed)
    try:
        for schema, folder in folders().items():
            with engine.connect() as connection:
                _upgrade(connection, schema, folder)
        with engine.begin() as connection:
            for name in FUNCTIONS:
                run_script(script(name), connection)
            _grant(connection)
    finally:
        engine.dispose()


def _upgrade(connection: Connection, schema: str, folder: Path) -> None:
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    connection.commit()
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, schema=schema)
    command.upgrade(config, "head")
    connection.commit()


def _grant(connection: Connection) -> None:
    """Writers write their own categories, readers read what they subscribe to."""
    shape = topology()
    rows = {(role, "read", "*") for role in ("relay", "monitor", "audit")}
    for category in shape.categories.values():
        for writer in shape.writers(category):
            write = "write own" if category.shared else "write"
            rows |= {(writer, right, category.name) for right in ("read", write)}
    for consumer in shape.consumers.values():
        rows |= {(consumer.service, "read", name) for name in consumer.categories}
    run_script(script("rights"), connection)
    connection.execute(text("DELETE FROM es.grantee"))
    for role, right, granted in sorted(rows):
        connection.execute(
            text("INSERT INTO es.grantee VALUES (:role, :right_to, :category)"),
            {"role": role, "right_to": right, "category": granted},
        )
    for service in shape.services:
        run_script(script("service_rights").replace("{role}", service), connection)
    connection.execute(
        text(
            "INSERT INTO es.cursor SELECT name, epoch, 0, 0"
            " FROM es.meta, unnest(CAST(:names AS text[])) AS name ON CONFLICT DO NOTHING"
        ),
        {"names": sorted(shape.categories)},
    )
    for consumer in shape.consumers.values():
        _subscribe(connection, consumer)


def _subscribe(connection: Connection, consumer: Consumer) -> None:
    """Give a consumer its positions: read models begin at the start, policies at the end.

    A policy acts on what happens from now on: it never sends again what was sent years ago.
    """
    rebuilt = consumer.name.endswith(".projections")
    for category in consumer.categories:
        place = START if rebuilt else EventStore(connection).category_end(category)
        connection.execute(
            text(
                "INSERT INTO es.checkpoint SELECT :consumer, :category, epoch, :tx, :position"
                " FROM es.meta ON CONFLICT DO NOTHING"
            ),
            {
                "consumer": consumer.name,
                "category": category,
                "tx": place.tx,
                "position": place.position,
            },
        )


if __name__ == "__main__":
    migrate(os.environ["DATABASE_URL"])
    sys.stderr.write("migrated\n")
