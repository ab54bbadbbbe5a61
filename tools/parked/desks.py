"""Where the desk's rows are: the databases that the command enters, each by a service's own role.

A role sees and settles its own service's consumers alone.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from libs.contracts import topology
from libs.db import Database, Unit, engine_for
from libs.desk.jobs import JobKind
from libs.desk.letters import Letters, Wanted
from libs.desk.model import Kind, Letter
from libs.messaging.causes import PlainCause
from libs.messaging.desk import list_parked
from libs.messaging.parked import ConsumerUnknown, Held
from services.interconnect.packet_desk import PacketKind
from services.interconnect.reasons import JOB_WORDS
from tools.platform import Installation
from tools.platform.database_urls import database_url

MOST_SHOWN = 1000


class Desks:
    """The desks at hand: that of DATABASE_URL's role, else those of the platform in `folder`.

    Raises `InstallationError` when neither is there.
    """

    def __init__(self, folder: Path) -> None:
        given = os.environ.get("DATABASE_URL")
        roles = [make_url(given).username or ""] if given else topology().services
        self._databases = {
            role: Database(
                engine_for(database_url(role, folder), pool_size=1, application="parked"), role
            )
            for role in roles
        }

    def held(self, *, waiting: bool = False) -> list[Held]:
        """The heads of all streams that stand still, by consumer."""
        found: list[Held] = []
        for database in self._databases.values():
            with database.unit() as unit:
                found += list_parked(unit, waiting=waiting)
        return sorted(found, key=lambda each: each.consumer)

    def letters(self) -> list[tuple[Letter, PlainCause]]:
        """Parked jobs and packets with their causes in plain words, the oldest first."""
        found: list[tuple[Letter, PlainCause]] = []
        for role, database in self._databases.items():
            kinds = {kind.name: kind for kind in _kinds_of(role)}
            with database.unit() as unit:
                page = Letters(list(kinds.values())).page(unit, Wanted(), None, MOST_SHOWN)
            found += [(each, kinds[each.kind].words(each.cause)) for each in page]
        return sorted(found, key=lambda each: each[0].since)

    @contextmanager
    def unit_of(self, consumer: str) -> Iterator[Unit]:
        """A unit of work on the desk of a consumer's service. Raises `ConsumerUnknown`."""
        database = self._databases.get(consumer.partition(".")[0])
        if database is None:
            entered = ", ".join(self._databases)
            raise ConsumerUnknown(f"{consumer} is no consumer of the roles at hand: {entered}")
        with database.unit() as unit:
            yield unit

    def close(self) -> None:
        """End all connections."""
        for database in self._databases.values():
            database.engine.dispose()


def _kinds_of(role: str) -> list[Kind]:
    if role == "interconnect":
        return [JobKind(role, JOB_WORDS), PacketKind()]
    return [JobKind(role, {})]


def blob_url(folder: Path) -> str | None:
    """Where reasons are kept: BLOB_URL, else the blob store of the platform in `folder`."""
    if given := os.environ.get("BLOB_URL"):
        return given
    if os.environ.get("DATABASE_URL"):
        return None
    return Installation.open(folder).environment("audit")["BLOB_URL"]
