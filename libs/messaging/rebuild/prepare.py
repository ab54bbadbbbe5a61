"""How a rebuild begins: all checked, then anew, or on from where an earlier run was ended."""

import hashlib
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text

from libs.contracts import topology
from libs.eventstore import EventStore
from libs.messaging.positions import Positions
from libs.messaging.read_models import ReadModels
from libs.messaging.rebuild import beside
from libs.messaging.rebuild.refusal import RebuildRefused

ROOT = Path(__file__).resolve().parents[3]


def prepare(
    connection: Connection, service: str, models: ReadModels, *, restart: bool = False
) -> None:
    """Leave the schema beside, and the rebuild's positions, ready to be filled.

    What an earlier run left is used when the same code left it, and is dropped otherwise. Raises
    `RebuildRefused`.
    """
    tables = [table.name for table in (*models.rebuilt, *models.shared)]
    _check_tables(connection, service, tables)
    _check_positions(connection, f"{service}.projections")
    if restart or not _may_go_on(connection, service, tables):
        _begin(connection, service, tables)


@cache
def fingerprint(service: str) -> str:
    """Of all code that may change what a handler writes."""
    digest = hashlib.sha256()
    for folder in ("libs", f"services/{service}"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _check_tables(connection: Connection, service: str, tables: list[str]) -> None:
    owned = connection.execute(
        text(
            "SELECT count(*) FROM pg_tables WHERE schemaname = :schema"
            " AND tablename = ANY (CAST(:tables AS text[])) AND tableowner = current_user"
        ),
        {"schema": service, "tables": tables},
    ).scalar()
    if owned != len(tables):
        raise RebuildRefused(
            "not_the_owner",
            f"not all tables of {service} are there and belong to this role: enter as migrator,"
            " and migrate first",
        )


def _check_positions(connection: Connection, serving: str) -> None:
    epoch = EventStore(connection).epoch()
    positions = Positions(connection, serving).all()
    for category in topology().consumers[serving].categories:
        if category not in positions:
            raise RebuildRefused(
                "no_position", f"{serving} has no position in {category}: migrate first"
            )
        if positions[category].epoch != epoch:
            raise RebuildRefused(
                "stale_epoch",
                f"{serving} stands in another epoch than the store: lienthong eventstore rebase",
            )


def _may_go_on(connection: Connection, service: str, tables: list[str]) -> bool:
    """Whether what is left was made by this code, in this shape, for these categories."""
    mine, serving = (
        {name: position.epoch for name, position in Positions(connection, consumer).all().items()}
        for consumer in (f"{service}.rebuild", f"{service}.projections")
    )
    return (
        mine == serving
        and beside.note(connection, service) == fingerprint(service)
        and not beside.difference(connection, service, tables)
    )


def _begin(connection: Connection, service: str, tables: list[str]) -> None:
    beside.drop(connection, service)
    beside.make(connection, service, tables, fingerprint(service))
    names = {"mine": f"{service}.rebuild", "serving": f"{service}.projections"}
    for statement in (
        "DELETE FROM es.retry WHERE consumer = :mine",
        "DELETE FROM es.checkpoint WHERE consumer = :mine",
        "INSERT INTO es.checkpoint SELECT :mine, category, epoch, 0, 0 FROM es.checkpoint"
        " WHERE consumer = :serving",
    ):
        connection.execute(text(statement), names)
