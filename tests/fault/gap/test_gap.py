"""The gap test in short, on a server of its own, and what it can see."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from libs.db import engine_for
from libs.eventstore import NO_STREAM, Context, EventStore, NewEvent
from tests.fault.gap.run import prepare, run
from tests.fault.gap.verdict import Counts, counts
from tests.support.servers import PostgresForTests, running_postgres

pytestmark = pytest.mark.postgres

CONTEXT = Context("a1", "system:gap", datetime(2026, 11, 22, tzinfo=UTC), UUID(int=7))


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[PostgresForTests]:
    """Its restarts are nobody else's."""
    folder = server_folder / "gap"
    folder.mkdir()
    folder.chmod(0o711)
    with running_postgres(folder) as server:
        yield server


def test_gap_under_writers_rollbacks_kills_and_restarts(server: PostgresForTests) -> None:
    """A reader misses, doubles and inverts nothing, while two wrong ways of reading miss events."""
    outcome = run(server, seconds=12, seed=1)
    assert outcome.held, outcome.as_json()
    assert outcome.restarts >= 2
    assert min(outcome.killed, outcome.rolled_back) > 0


def test_gap_without_the_horizon(server: PostgresForTests) -> None:
    """The rule taken out of the store's own reads, both readers miss events: the test sees it."""
    outcome = run(server, seconds=4, seed=1, horizon=False)
    assert not outcome.held
    assert all(seen.missed for seen in outcome.readers.values()), outcome.as_json()


def test_gap_comparison(server: PostgresForTests) -> None:
    """The comparison at the end tells missed, inverted and doubled events."""
    urls = server.fresh_database()
    owner, documents = engine_for(urls("migrator")), engine_for(urls("documents"))
    prepare(owner)
    events = [NewEvent(uuid4(), "GapTested", 1, b"{}") for _ in range(4)]
    with documents.begin() as connection:
        EventStore(connection).append("document-a", NO_STREAM, events, CONTEXT)
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO gap.seen (reader, tx, position, stream, version)"
                " SELECT 'all', tx, position, stream, version FROM es.event"
                " JOIN unnest(ARRAY[2, 1, 2, 4]) WITH ORDINALITY AS told (version, n)"
                "   USING (version) ORDER BY n"
            )
        )
        readers, arms = counts(connection)
    owner.dispose()
    documents.dispose()
    assert readers["all"] == Counts(missed=1, inverted=1, doubled=1)
    assert readers["category"] == arms["bigserial"] == Counts(missed=4, inverted=0, doubled=0)
