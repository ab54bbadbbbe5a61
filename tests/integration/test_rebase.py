"""A restored store: nobody enters it before its rebase, and nothing is lost after it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from libs.db import Database, connection_lost, engine_for
from libs.eventstore import (
    NO_STREAM,
    START,
    Context,
    EventStore,
    NewEvent,
    RestoredNotRebased,
)
from libs.messaging.decision import Decision, decide
from libs.messaging.positions import Positions
from tests.support.servers import PostgresForTests, migrate, running_postgres
from tools import cli

CONTEXT = Context("a1", "person:p1/q1", datetime(2026, 11, 22, tzinfo=UTC), UUID(int=7))


def append(database: Database, stream: str) -> None:
    with database.unit() as unit:
        unit.store.append(
            stream, NO_STREAM, [NewEvent(uuid4(), "DocumentDrafted", 1, b"{}")], CONTEXT
        )


def burn_transaction_ids(url: str, number: int) -> None:
    """Use up ids, as an old installation has."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for _ in range(number):
            connection.execute(text("SELECT pg_current_xact_id()"))
    engine.dispose()


@pytest.fixture
def restored(
    postgres: PostgresForTests, server_folder: Path, tmp_path: Path
) -> Iterator[Callable[[str], str]]:
    """Role -> URL of a dump with five events, restored into a cluster of low transaction ids."""
    old = postgres.fresh_database()
    burn_transaction_ids(old("migrator"), 5000)
    database = Database(engine_for(old("documents")), "documents")
    for number in range(5):
        append(database, f"document-{number}")
    database.engine.dispose()
    dump = tmp_path / "store.dump"
    program = postgres.server.program
    with dump.open("wb") as out:
        subprocess.run([program("pg_dump"), "-Fc", old("migrator")], stdout=out, check=True)
    folder = server_folder / f"restored-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o711)
    with running_postgres(folder) as fresh:
        owner = fresh.create_database("restored")
        subprocess.run([program("pg_restore"), "-d", owner, dump], check=True)
        migrate(owner)
        yield lambda role: fresh.url("restored", role)


def test_no_service_enters_a_restored_store_before_its_rebase(
    restored: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    documents = Database(engine_for(restored("documents")), "documents")
    with pytest.raises(RestoredNotRebased) as refused, documents.unit():
        pass
    assert connection_lost(refused.value), "who waits for the database waits for its operator"

    monkeypatch.setenv("DATABASE_URL", restored("migrator"))
    assert cli.main(["eventstore", "check", "--json"]) == 1
    before = json.loads(capsys.readouterr().out)
    assert before["needs_rebase"]
    assert before["events"] == 5
    assert cli.main(["eventstore", "rebase", "--json"]) == 0
    after = json.loads(capsys.readouterr().out)
    assert after["epoch"] != before["epoch"]
    assert after["tx_offset"] > before["tx_offset"]

    append(documents, "document-new")
    with documents.unit() as unit:
        events = unit.store.read_category("document", START)
    assert [event.stream for event in events] == [
        *(f"document-{number}" for number in range(5)),
        "document-new",
    ]


def test_positions_stay_and_messages_of_the_old_epoch_are_dropped(
    restored: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", restored("migrator"))
    owner = create_engine(restored("migrator").replace("postgresql://", "postgresql+psycopg2://"))
    with owner.begin() as connection:
        old_epoch = EventStore(connection).epoch()
        connection.execute(
            text(
                "UPDATE es.checkpoint SET (tx, position) = (SELECT max(tx), max(position)"
                " FROM es.event) WHERE category = 'document'"
            )
        )
    assert cli.main(["eventstore", "rebase"]) == 0
    with owner.begin() as connection:
        mine = Positions(connection, "documents.projections").lock("document")
        epoch = EventStore(connection).epoch()
    owner.dispose()
    assert mine.epoch == epoch != old_epoch
    assert decide(mine, old_epoch, START, mine.place) is Decision.FOREIGN
    documents = Database(engine_for(restored("documents")), "documents")
    append(documents, "document-after")
    with documents.unit() as unit:
        behind = unit.store.read_category("document", mine.place)
    assert [event.stream for event in behind] == ["document-after"]


def test_a_rebase_waits_for_running_appends_and_hides_none(
    postgres: PostgresForTests,
) -> None:
    urls = postgres.fresh_database()
    documents = Database(engine_for(urls("documents")), "documents")
    owner = create_engine(urls("migrator").replace("postgresql://", "postgresql+psycopg2://"))
    with documents.unit() as early:
        early.connection.execute(text("SELECT pg_current_xact_id()"))
        with owner.begin() as connection:
            connection.execute(text("SELECT es.rebase()"))
        # Its transaction id is older than the rebase; its event must still come behind the rest.
        early.store.append(
            "document-early", NO_STREAM, [NewEvent(uuid4(), "DocumentDrafted", 1, b"{}")], CONTEXT
        )
        with pytest.raises(Exception, match="lock timeout"), owner.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
            connection.execute(text("SELECT es.rebase()"))
    with documents.unit() as unit:
        assert len(unit.store.read_category("document", START)) == 1
    owner.dispose()
