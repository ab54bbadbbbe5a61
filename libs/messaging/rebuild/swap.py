"""The exchange: new tables, positions and retry rows for old ones, in one transaction."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text

from libs.messaging.decision import Position
from libs.messaging.positions import Positions
from libs.messaging.rebuild.beside import beside, difference, replaced
from libs.messaging.rebuild.refusal import RebuildRefused

# Readers wait behind a waiting exchange: rather than let them, it gives way and is tried again.
LOCK_TIMEOUT = "100ms"


def exchange(
    connection: Connection, service: str, tables: Sequence[str], *,
    catch_up: Callable[[], object], with_failed: bool,
) -> None:  # fmt: skip
    """Put the rebuilt tables in the place of the serving ones, inside the caller's transaction.

    The serving consumer stands still as soon as its positions are locked, so that `catch_up`,
    which works on a connection of its own, brings the rebuild to exactly the same place. Raises
    `RebuildRefused`; a lock that was not got in time is the database's own error.
    """
    serving, rebuild = f"{service}.projections", f"{service}.rebuild"
    ends = _lock_all(connection, serving)
    catch_up()
    mine = _lock_all(connection, rebuild)
    if mine != ends:
        raise RebuildRefused("not_equal", f"{rebuild} did not come as far as {serving}")
    if not with_failed:
        refuse_failed(connection, rebuild)
    both = [f'"{schema}"."{table}"' for table in tables for schema in (service, beside(service))]
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"LOCK TABLE {', '.join(both)} IN ACCESS EXCLUSIVE MODE"))
    if different := difference(connection, service, tables):
        raise RebuildRefused(
            "tables_changed", f"the tables were changed meanwhile, rebuild anew: {different}"
        )
    connection.execute(text(f'CREATE SCHEMA "{replaced(service)}"'))
    for table in tables:
        _move(connection, service, table, replaced(service))
        _move(connection, beside(service), table, service)
    names = {"serving": serving, "rebuild": rebuild}
    for statement in (
        "DELETE FROM es.retry WHERE consumer = :serving",
        "UPDATE es.retry SET consumer = :serving WHERE consumer = :rebuild",
        "DELETE FROM es.checkpoint WHERE consumer = :rebuild",
    ):
        connection.execute(text(statement), names)


def refuse_failed(connection: Connection, consumer: str) -> None:
    """Raise `RebuildRefused` when events failed in the rebuild; the first is named."""
    failed = connection.execute(
        text(
            "SELECT stream, version, cause FROM es.retry WHERE consumer = :c"
            " ORDER BY attempts = 0, stream, version"
        ),
        {"c": consumer},
    ).all()
    if failed:
        first = failed[0]
        raise RebuildRefused(
            "events_failed",
            f"{len(failed)} events could not be applied, first version {first.version} of"
            f" {first.stream} ({first.cause}); mend the cause and run again, or exchange"
            " --with-parked",
        )


def _lock_all(connection: Connection, consumer: str) -> dict[str, Position]:
    positions = Positions(connection, consumer)
    return {category: positions.lock(category) for category in sorted(positions.all())}


def _move(connection: Connection, schema: str, table: str, target: str) -> None:
    connection.execute(text(f'ALTER TABLE "{schema}"."{table}" SET SCHEMA "{target}"'))
