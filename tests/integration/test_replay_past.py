"""A state made anew as of an instant is what the services answered at that instant."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from libs.db import engine_for
from libs.eventstore import START
from libs.messaging.past import Past
from libs.web.issuer import TokenIssuer
from services.audit import queries
from tests.integration.rebuild_store import Store as Samples
from tests.integration.rebuild_store import models_of
from tests.integration.replay_world import CHIEF, OFFICER, ReplayWorld, open_replay_world
from tests.support.documents_world import PROVINCE
from tests.support.sealing import sealed_store
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually
from tests.support.workflow_office import serving_issuer
from tools.replay.differences import differences
from tools.replay.look import About, Unknown, look
from tools.replay.then import Store

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenIssuer]:
    with serving_issuer(tmp_path_factory.mktemp("issuer")) as found:
        yield found


@pytest.fixture(scope="module")
def walked(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory, issuer: TokenIssuer
) -> Iterator[ReplayWorld]:
    with open_replay_world(postgres, tmp_path_factory.mktemp("replay"), issuer) as world:
        world.walk()
        yield world


@pytest.fixture
def store(walked: ReplayWorld) -> Iterator[Store]:
    with closing(Store(walked.url("audit"))) as opened:
        yield opened


def seen(walked: ReplayWorld, store: Store, about: About, *instants: Any) -> list[dict[str, Any]]:
    return look(store, walked.blobs, about, instants)


@pytest.mark.parametrize("person", [CHIEF, OFFICER], ids=["leader", "officer"])
def test_a_person_s_past_is_what_the_routes_answered_then(
    walked: ReplayWorld, store: Store, person: Any
) -> None:
    lengths = set()
    for at, answers in walked.answered:
        (state,) = seen(walked, store, About(person=person.id), at)
        view = next(v for v in state["views"] if v["position_id"] == str(person.position))
        assert view["documents"] == answers[person.id, "/v1/documents"]
        assert view["processes"] == answers[person.id, "/v1/processes"]
        tasks = [{k: v for k, v in task.items() if k != "assignee"} for task in view["tasks"]]
        assert tasks == answers[person.id, "/v1/tasks"]
        assert (state["not_applied"], view["more"], view["refused"]) == ({}, [], [])
        lengths.add((len(view["documents"]), len(tasks)))
    # The script shows lists that grow, and a task that comes and goes.
    assert len(lengths) > 2


def test_a_past_leaves_nothing_behind_in_the_database(walked: ReplayWorld, store: Store) -> None:
    engine = engine_for(walked.url("migrator"))
    count = text("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")
    kept = text("SELECT count(*) FROM documents.document")
    try:
        with engine.connect() as connection:
            before = connection.execute(kept).scalar()
        seen(walked, store, About(agency=str(PROVINCE)), walked.answered[1][0])

        def nothing_left() -> bool:
            with engine.connect() as connection:
                return connection.execute(count).scalar() == 0

        # The server drops them as soon as it sees that the connection has ended.
        assert eventually(nothing_left, within=60)
        with engine.connect() as connection:
            assert connection.execute(kept).scalar() == before
    finally:
        engine.dispose()


def test_two_instants_at_once_are_the_same_as_each_alone(walked: ReplayWorld, store: Store) -> None:
    early, late = walked.answered[2][0], walked.answered[-1][0]
    about = About(agency=str(PROVINCE))
    both = seen(walked, store, about, early, late)
    assert both == [seen(walked, store, about, at)[0] for at in (early, late)]


def test_between_two_instants_stands_what_was_done_between_them(
    walked: ReplayWorld, store: Store
) -> None:
    accepted, assigned = (walked.answered[n][0] for n in (3, 4))
    before, after = seen(walked, store, About(person=OFFICER.id), accepted, assigned)
    found = {(each.list, each.kind): each for each in differences(before, after)}
    assert set(found) == {("tasks", "appeared"), ("processes", "changed")}
    assert found["processes", "changed"].fields == {"state": ("opened", "assigned")}
    assert differences(before, before) == []


def test_a_matter_is_shown_in_full_to_whom_it_belongs(walked: ReplayWorld, store: Store) -> None:
    at, _ = walked.answered[4]
    with walked.audit.engine.connect() as connection:
        trace = connection.execute(
            text("SELECT trace FROM es.event WHERE type = 'DocumentAccepted'")
        ).scalar_one()
    (state,) = seen(walked, store, About(trace=trace), at)
    (view,) = state["views"]
    (document,) = view["documents"]
    assert (view["agency_id"], document["state"]) == (str(PROVINCE), "accepted")
    assert document["text"] == {"subject": "Xin ý kiến"}
    assert [task["state"] for task in view["tasks"]] == ["assigned"]


def test_before_the_first_event_there_was_nobody(walked: ReplayWorld, store: Store) -> None:
    long_ago = walked.answered[0][0] - timedelta(days=365)
    for about in (
        About(person=CHIEF.id),
        About(agency=str(PROVINCE)),
        About(trace=UUID(int=5)),
    ):
        with pytest.raises(Unknown):
            seen(walked, store, about, long_ago)


@pytest.mark.parametrize(
    ("minutes", "known", "nearby"),
    [
        ([0, 1, 2, 3, 4, 5], 4, queries.NEARBY),
        ([0, 1, 4, 5, 2, 3], 2, queries.NEARBY),  # another server came, whose clock was slow
        ([0, 9, 1, 8, 2, 3], 1, 3),
        ([4, 0, 1, 2, 3, 5], 0, queries.NEARBY),  # a transaction that began first and was slow
        ([0, 9, 1, 2, 3, 3], 6, 3),  # one wrong clock long ago hides nothing
    ],
)
def test_nothing_is_known_behind_an_event_that_was_recorded_later(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    minutes: list[int],
    known: int, nearby: int,
) -> None:  # fmt: skip
    """`recorded_at` may fall in the store's order: what counts as known may not be too much."""
    monkeypatch.setattr(queries, "NEARBY", nearby)
    begin = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
    with sealed_store(postgres.fresh_database(), tmp_path) as sealed:
        sealed.append(len(minutes), "document-clocks")
        places = [row.place for row in sealed.rows()]
        for place, minute in zip(places, minutes, strict=True):
            sealed.tamper(
                "UPDATE es.event SET recorded_at = :at WHERE tx = :tx AND position = :position",
                at=begin + timedelta(minutes=minute), tx=place.tx, position=place.position,
            )  # fmt: skip
        with closing(Store(sealed.url("audit"))) as store:
            found = store.moment(begin + timedelta(minutes=3)).place
            assert found == [START, *places][known]
            assert store.moment(begin - timedelta(minutes=1)).place == START
            assert store.moment(begin + timedelta(minutes=9)).place == places[-1]


def test_the_role_that_reads_the_past_can_change_nothing_of_today(walked: ReplayWorld) -> None:
    engine = engine_for(walked.url("audit"))
    try:
        for statement in ("SELECT * FROM documents.document", "CREATE TABLE es.mine (a int)"):
            with pytest.raises(Exception, match="permission denied"), engine.begin() as connection:
                connection.execute(text(statement))
    finally:
        engine.dispose()


@pytest.mark.parametrize("service", ["documents", "workflow", "interconnect"])
def test_every_event_of_the_contract_fits_the_tables_of_the_past(
    postgres: PostgresForTests, service: str
) -> None:
    url = postgres.fresh_database()
    with closing(Samples(url)) as samples, closing(Store(url("audit"))) as store:
        samples.tell()
        with (
            closing(Past(url("audit"), service, models_of(service))) as past,
            store.database.unit() as unit,
        ):
            past.advance(unit.store.read_all(START, 10_000))
            assert past.failed == {}
