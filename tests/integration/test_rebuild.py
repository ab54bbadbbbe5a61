"""A rebuild gives what serves, from events alone; or it is refused, and nothing was done."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from libs.contracts import topology
from libs.db import Unit
from libs.eventstore import Recorded
from libs.messaging.applier import Applier
from libs.messaging.rebuild import Rebuild, RebuildRefused
from tests.integration.rebuild_store import Store, models_of
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
SERVICES = sorted(topology().services)


@pytest.fixture
def store(postgres: PostgresForTests) -> Iterator[Store]:
    with closing(Store(postgres.fresh_database())) as made:
        yield made


def left_behind(store: Store) -> list[Any]:
    """Schemas and rows that only a rebuild in work may have."""
    schemas = store.ask("SELECT nspname FROM pg_namespace WHERE nspname ~ '_(next|replaced)$'")
    rows = store.ask("SELECT consumer FROM es.checkpoint WHERE consumer LIKE '%.rebuild'")
    return [*schemas, *rows, *store.ask("SELECT 1 FROM es.retry WHERE consumer LIKE '%.rebuild'")]


@pytest.mark.parametrize("service", SERVICES)
def test_a_rebuild_gives_row_for_row_what_serves(store: Store, service: str) -> None:
    store.tell(3)
    store.serve(service)
    before, positions = store.rows(service), store.positions(f"{service}.projections")
    assert all(before.values()), "every table has rows, so that all of them are compared"
    events = store.ask("SELECT count(*) FROM es.event")

    outcome = store.rebuild(service)

    assert store.rows(service) == before
    assert store.positions(f"{service}.projections") == positions
    assert outcome.events == sum(len(topology().categories[name].events) * 3 for name in positions)
    assert store.ask("SELECT count(*) FROM es.event") == events
    assert left_behind(store) == []


@pytest.mark.parametrize("service", SERVICES)
def test_rows_that_were_lost_or_falsified_come_back(store: Store, service: str) -> None:
    store.tell(2)
    store.serve(service)
    before = store.rows(service)
    for table in models_of(service).rebuilt:
        store.do(f"TRUNCATE {table.fullname}")
    store.rebuild(service)
    assert store.rows(service) == before


def test_what_commands_write_is_never_touched_and_shared_rows_are_only_added(store: Store) -> None:
    store.tell()
    store.serve("workflow")
    (known,) = store.ask("SELECT task_id, process_id FROM workflow.task_process")
    store.do("UPDATE workflow.task_process SET task_id = gen_random_uuid()")
    (unprojected,) = store.ask("SELECT task_id, process_id FROM workflow.task_process")
    store.rebuild("workflow")
    rows = store.ask("SELECT task_id, process_id FROM workflow.task_process")
    assert sorted(rows) == sorted([known, unprojected])

    store.do("INSERT INTO documents.subject VALUES (gen_random_uuid(), 'trích yếu')")
    same = "SELECT 'documents.subject'::regclass::oid, s::text FROM documents.subject AS s"
    before = store.ask(same)
    store.rebuild("documents")
    assert store.ask(same) == before


SHAPE = """
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'audit'
UNION ALL SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants
    WHERE table_schema = 'audit'
UNION ALL SELECT table_name, grantee || column_name, privilege_type
    FROM information_schema.column_privileges WHERE table_schema = 'audit'
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'audit'::regnamespace
UNION ALL SELECT relname, 'comment', obj_description(oid) FROM pg_class
    WHERE relnamespace = 'audit'::regnamespace
ORDER BY 1, 2, 3
"""


def test_rebuilt_tables_keep_indexes_constraints_comments_and_rights(store: Store) -> None:
    store.do("GRANT SELECT (trace) ON audit.trace TO monitor")
    store.do("COMMENT ON TABLE audit.trace IS 'why; and 100 % more'")
    store.do("ALTER TABLE audit.line ADD CONSTRAINT known CHECK (tx > 0)")
    before = store.ask(SHAPE)
    store.tell()
    store.serve("audit")
    store.rebuild("audit")
    assert store.ask(SHAPE) == before
    with store.as_service("audit").unit() as unit:
        for statement in (
            "INSERT INTO audit.trace VALUES (gen_random_uuid(), 1, 1)",
            "UPDATE audit.trace SET position = 2 WHERE tx = 1",
            "DELETE FROM audit.trace WHERE tx = 1",
        ):
            assert unit.connection.execute(text(statement)).rowcount == 1
    store.tell()
    store.serve("audit")


def test_events_of_all_categories_are_applied_in_the_stores_order_so_that_causes_come_first(
    store: Store,
) -> None:
    store.tell(3)
    store.serve("documents")
    seen: list[Recorded] = []

    def note(_message: Any, event: Recorded, _unit: Unit) -> None:
        seen.append(event)

    models = models_of("documents")
    store.rebuild("documents", replace(models, handlers=dict.fromkeys(models.handlers, note)))
    assert {event.category for event in seen} == set(store.positions("documents.projections"))
    assert seen == sorted(seen, key=lambda event: event.place)


def breaking(service: str, kind: str) -> Any:
    """The service's read models with one handler that fails."""

    def fails(message: Any, event: Recorded, unit: Unit) -> None:
        raise ValueError("only here")

    models = models_of(service)
    return replace(models, handlers={**models.handlers, kind: fails})


def test_events_that_fail_only_in_the_rebuild_refuse_the_exchange_unless_it_is_asked_for(
    store: Store,
) -> None:
    store.tell(2)
    store.serve("documents")
    before, broken = store.rows("documents"), breaking("documents", "NumberTaken")
    tables = store.ask("SELECT 'documents.document'::regclass::oid")
    with pytest.raises(RebuildRefused, match="ValueError: only here") as refused:
        store.rebuild("documents", broken)
    assert refused.value.code == "events_failed"
    assert store.rows("documents") == before
    assert store.ask("SELECT 'documents.document'::regclass::oid") == tables
    assert store.ask("SELECT 1 FROM es.retry WHERE consumer = 'documents.projections'") == []

    outcome = store.rebuild("documents", broken, with_parked=True)
    # Each register has its failed event and one behind it.
    assert (outcome.events, outcome.failed) == (0, 4)
    assert store.rows("documents")["register_entry"] == []
    assert store.rows("documents")["document"] == before["document"]
    store.do("UPDATE es.retry SET due_at = now(), parked = false")
    documents = store.as_service("documents")
    serving = Applier("documents.projections", documents, models_of("documents").handlers)
    while serving.run_due():
        pass
    assert store.rows("documents") == before


def test_a_rebuild_that_heals_takes_the_place_of_what_had_failed(store: Store) -> None:
    store.tell()
    documents = store.as_service("documents")
    broken = Applier(
        "documents.projections", documents, breaking("documents", "NumberTaken").handlers
    )
    broken.follow(["register"])
    assert store.ask("SELECT 1 FROM es.retry") != []
    store.rebuild("documents")
    assert store.ask("SELECT 1 FROM es.retry") == []
    assert store.rows("documents")["register_entry"] != []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            "ALTER TABLE documents.register_entry ADD FOREIGN KEY (document_id)"
            " REFERENCES documents.document",
            "cannot_copy",
        ),
        ("CREATE VIEW public.seen AS SELECT 1 FROM documents.person", "cannot_copy"),
        ("ALTER TABLE documents.person ADD COLUMN number serial", "cannot_copy"),
        ("UPDATE es.checkpoint SET epoch = gen_random_uuid()", "stale_epoch"),
        ("DELETE FROM es.checkpoint WHERE category = 'register'", "no_position"),
        ("DROP TABLE documents.person", "not_the_owner"),
    ],
)
def test_what_is_not_in_order_is_refused_before_anything_is_done(
    store: Store, change: str, code: str
) -> None:
    store.do(change)
    with pytest.raises(RebuildRefused) as refused:
        store.rebuild("documents")
    assert refused.value.code == code
    assert left_behind(store) == []


def test_a_service_may_not_rebuild_itself(store: Store) -> None:
    with pytest.raises(RebuildRefused) as refused:
        Rebuild(store.url("documents"), "documents", models_of("documents")).run()
    assert refused.value.code == "not_the_owner"


def test_tables_that_a_migration_changed_meanwhile_are_not_exchanged(store: Store) -> None:
    store.tell()
    store.serve("documents")

    def migrate_at_the_end(done: int, total: int) -> None:
        if done == total and not changed:
            changed.append(done)
            store.do("ALTER TABLE documents.document ADD COLUMN color text")

    changed: list[int] = []
    with pytest.raises(RebuildRefused) as refused:
        store.rebuild("documents", watch=migrate_at_the_end)
    assert refused.value.code == "tables_changed"
    store.rebuild("documents")
    assert left_behind(store) == []
