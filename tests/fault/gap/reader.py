"""Readers: subscribers that keep their position with what they have seen, and two wrong ones."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from libs.db import Database, Unit, connection_lost, engine_for
from libs.eventstore import Place

PAGE = 1000
PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class Seen:
    """What is kept of an event that was read."""

    tx: int
    position: int
    stream: str
    version: int


@dataclass(frozen=True)
class Kind:
    """A way of reading: as which role, which categories (None is all), and the next page."""

    role: str
    category: str | None
    page: Callable[[Unit, Place], Sequence[Any]]


def _by_sql(statement: str) -> Callable[[Unit, Place], Sequence[Any]]:
    query = text(f"SELECT tx, position, stream, version FROM es.event {statement} LIMIT {PAGE}")  # noqa: S608

    def page(unit: Unit, after: Place) -> Sequence[Any]:
        return unit.connection.execute(query, after._asdict()).all()

    return page


READERS = {
    "all": Kind("relay", None, lambda unit, after: unit.store.read_all(after, PAGE)),
    "category": Kind(
        "documents",
        "document",
        lambda unit, after: unit.store.read_category("document", after, PAGE),
    ),
}
# Each must miss events, or the run could not have seen it when the store's own readers do.
ARMS = {
    "bigserial": Kind("relay", None, _by_sql("WHERE position > :position ORDER BY position")),
    "volatile": Kind(
        "relay",
        None,
        _by_sql(
            "WHERE (tx, position) > (:tx, :position) AND tx < (SELECT gap.volatile_horizon())"
            " ORDER BY tx, position"
        ),
    ),
}
KINDS = READERS | ARMS


def follow(name: str, url: str) -> None:
    """Read until the run has ended and nothing more comes; survives lost connections."""
    kind = KINDS[name]
    database = Database(engine_for(url, pool_size=1, application=f"gap-{name}"), kind.role)
    ended = False
    while not ended:
        try:
            with database.unit() as unit:
                ended = _step(unit, name, kind)
        except Exception as error:
            if not connection_lost(error):
                raise
            time.sleep(0.1)
    database.engine.dispose()


def _step(unit: Unit, name: str, kind: Kind) -> bool:
    """Read one page behind the position, keep both; True when there is nothing left to come."""
    mine = unit.connection.execute(
        text("SELECT tx, position, ended FROM gap.reader, gap.run WHERE name = :name"),
        {"name": name},
    ).one()
    page = kind.page(unit, Place(mine.tx, mine.position))
    if page:
        _keep(unit, name, Place(mine.tx, mine.position), page)
    elif not mine.ended:
        time.sleep(PAUSE_SECONDS)
    return bool(mine.ended and not page)


def _keep(unit: Unit, name: str, before: Place, page: Sequence[Any]) -> None:
    moved = unit.connection.execute(
        text(
            "UPDATE gap.reader SET tx = :tx, position = :position"
            " WHERE name = :name AND tx = :old_tx AND position = :old_position RETURNING 1"
        ),
        {
            "name": name,
            "tx": page[-1].tx,
            "position": page[-1].position,
            "old_tx": before.tx,
            "old_position": before.position,
        },
    ).first()
    if moved is None:
        # A commit of ours whose answer was lost has come through meanwhile: begin from there.
        unit.connection.rollback()
        return
    unit.connection.execute(
        text(
            "INSERT INTO gap.seen (reader, tx, position, stream, version) SELECT :name, s.*"
            " FROM unnest(CAST(:tx AS bigint[]), CAST(:position AS bigint[]),"
            "             CAST(:stream AS text[]), CAST(:version AS bigint[])) AS s"
        ),
        {
            "name": name,
            **{
                column: [getattr(event, column) for event in page]
                for column in ("tx", "position", "stream", "version")
            },
        },
    )
