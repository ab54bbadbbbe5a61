"""Whatever a database administrator does to the store is found, and the place is named."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from libs.eventstore.entries import Row
from libs.translog import CHECKPOINT
from services.audit.sealing.files import SIGNED
from tests.support.sealing import SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.tampering import recompute, rewrite_log
from tools.cli import main

Verify = Callable[..., dict[str, Any]]


@pytest.fixture
def store(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealedStore]:
    """Three streams, their events interleaved; the last two are not sealed."""
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        monkeypatch.setenv("LOG_DIR", str(store.log))
        monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
        one, two, three = (f"document-{name}" for name in ("one", "two", "three"))
        for name in (one, two, one, three, two, one, two, three, one):
            store.append(1, name)
        store.seal()
        store.append(2, two)
        yield store


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Runs the command; the report, with the exit code that belongs to it."""

    def call(*words: object) -> dict[str, Any]:
        capsys.readouterr()
        code = main(["verify", *map(str, words), "--json"])
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert code == {True: 0, False: 1, None: 3}[report["verified"]]
        return report

    return call


def first(report: dict[str, Any]) -> tuple[str, str, int, list[str]]:
    """The first finding: kind, stream, version, columns."""
    finding = report["findings"][0]
    return finding["kind"], finding["stream"], finding["version"], finding["columns"]


def test_what_nobody_touched_is_verified(store: SealedStore, verify: Verify) -> None:
    report = verify()
    assert report["verified"] is True
    assert (report["events"], report["not_sealed_yet"]) == (9, 2)
    assert report["findings"] == []


@pytest.mark.parametrize("role", ["audit", "monitor"])
def test_who_may_only_read_can_verify(
    store: SealedStore, verify: Verify, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", store.url(role))
    assert verify()["verified"] is True


def test_who_sees_not_everything_verifies_nothing(
    store: SealedStore, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", store.url("documents"))
    assert verify()["verified"] is None


CHANGES = {
    "tx": "tx - 1",
    "position": "position + 100000",
    "stream": "'document-four'",
    "version": "version + 100",
    "category": "'register'",
    "event_id": "gen_random_uuid()",
    "type": "'DraftRevised'",
    "schema": "schema + 1",
    "agency": "'agency-9'",
    "handler": "'person:x/y'",
    "behalf": "'agency-7'",
    "occurred_at": "occurred_at + interval '1 microsecond'",
    "recorded_at": "recorded_at - interval '1 hour'",
    "trace": "gen_random_uuid()",
    "correlation": "gen_random_uuid()",
    "causation": "gen_random_uuid()",
    "payload": "'{}'",
    "leaf": "sha256('')",
}


def test_every_column_is_changed_in_turn(store: SealedStore) -> None:
    with store.owner.connect() as connection:
        columns = connection.execute(
            text(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'es' AND table_name = 'event'"
            )
        ).scalars()
        assert set(columns) == set(CHANGES) == set(Row._fields)


@pytest.mark.parametrize("covered", ["as it is", "all recomputed"])
@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_column_is_named_with_its_stream_and_version(
    store: SealedStore, verify: Verify, column: str, covered: str
) -> None:
    """Also when the administrator makes every leaf, chain and head right again."""
    store.tamper(
        f"UPDATE es.event SET {column} = {CHANGES[column]}"  # noqa: S608
        " WHERE stream = 'document-one' AND version = 2"
    )
    if covered == "all recomputed":
        if column == "leaf":
            pytest.skip("recomputing undoes it")
        recompute(store)
    report = verify()
    kind, stream, version, columns = first(report)
    assert (kind, stream, version) == ("changed", "document-one", 2)
    assert columns[0] == column
    # The leaf is made of the others: it follows when it was recomputed.
    assert set(columns) - {"leaf"} <= {column}
    assert ("leaf" in columns) == (covered == "all recomputed" and column != "category") or (
        column == "leaf"
    )


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ("head = sha256('')", ["head"]),
        ("version = 2", ["head", "last_tx", "version"]),
        ("version = 9", ["version"]),
        ("last_tx = last_tx + 5", ["last_tx"]),
    ],
)
def test_a_changed_row_of_a_stream_is_named(
    store: SealedStore, verify: Verify, change: str, columns: list[str]
) -> None:
    store.tamper(f"UPDATE es.stream SET {change} WHERE stream = 'document-one'")  # noqa: S608
    kind, stream, _, named = first(verify())
    assert (kind, stream, named) == ("head", "document-one", columns)


def test_a_stream_that_lost_its_row_is_named(store: SealedStore, verify: Verify) -> None:
    store.tamper("DELETE FROM es.stream WHERE stream = 'document-two'")
    assert first(verify())[:2] == ("head", "document-two")
    store.tamper("INSERT INTO es.stream VALUES ('document-five', 3, 9, sha256(''))")
    assert {each["stream"] for each in verify()["findings"]} == {"document-two", "document-five"}


@pytest.mark.parametrize("covered", ["as it is", "all recomputed"])
@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_deleted_event_is_named(
    store: SealedStore, verify: Verify, version: int, covered: str
) -> None:
    store.tamper("DELETE FROM es.event WHERE stream = 'document-one' AND version = :v", v=version)
    if covered == "all recomputed":
        store.tamper(
            "UPDATE es.event SET version = version - 1"
            " WHERE stream = 'document-one' AND version > :v",
            v=version,
        )
        recompute(store)
    assert first(verify())[:3] == ("missing", "document-one", version)


def test_the_sealed_end_of_a_stream_cannot_be_cut_off(store: SealedStore, verify: Verify) -> None:
    store.tamper("DELETE FROM es.event WHERE stream = 'document-one' AND version > 2")
    recompute(store)
    report = verify()
    found = [(each["kind"], each["stream"], each["version"]) for each in report["findings"]]
    assert found == [("missing", "document-one", 3), ("missing", "document-one", 4)]


def test_everything_cut_off_is_noticed(store: SealedStore, verify: Verify) -> None:
    store.tamper("TRUNCATE es.event")
    store.tamper("TRUNCATE es.stream")
    report = verify()
    assert first(report) == ("missing", "document-one", 1, [])
    assert len(report["findings"]) == 9


@pytest.mark.parametrize("covered", ["as it is", "all recomputed"])
def test_reordered_events_are_named(store: SealedStore, verify: Verify, covered: str) -> None:
    """Two events of different streams change places."""
    store.tamper("""
        UPDATE es.event AS e SET tx = o.tx, position = o.position FROM es.event AS o
        WHERE (e.stream, e.version, o.stream, o.version) IN
            (('document-one', 2, 'document-three', 1), ('document-three', 1, 'document-one', 2))
    """)
    if covered == "all recomputed":
        recompute(store)
    report = verify()
    found = {(each["kind"], each["stream"], each["version"]) for each in report["findings"]}
    assert {("changed", "document-one", 2), ("changed", "document-three", 1)} <= found
    assert all(kind == "changed" for kind, _, _ in found)
    assert first(report)[1:3] == ("document-one", 2)
    assert {"tx", "position"} & set(first(report)[3])


def test_reordered_versions_are_named(store: SealedStore, verify: Verify) -> None:
    store.tamper("UPDATE es.event SET version = -version WHERE stream = 'document-one'")
    store.tamper("""
        UPDATE es.event SET version = CASE version WHEN -2 THEN 3 WHEN -3 THEN 2 ELSE -version END
        WHERE stream = 'document-one'
    """)
    recompute(store)
    assert first(verify())[:3] == ("changed", "document-one", 2)
    assert first(verify())[3][-2:] == ["version", "leaf"]


def test_an_inserted_event_is_named(store: SealedStore, verify: Verify) -> None:
    """Put between sealed ones, with a leaf and chain of its own that are right."""
    store.tamper("""
        INSERT INTO es.event SELECT tx, position - 1, 'document-six', 1, category,
            gen_random_uuid(), type, schema, agency, handler, behalf, occurred_at, recorded_at,
            trace, correlation, causation, payload, leaf
        FROM es.event WHERE stream = 'document-three' AND version = 2
    """)
    recompute(store)
    report = verify()
    # The row took the place of another, which is still there.
    assert ("added", "document-six", 1) in {
        (each["kind"], each["stream"], each["version"]) for each in report["findings"]
    }


def test_rows_that_are_not_sealed_yet_are_held_against_themselves(
    store: SealedStore, verify: Verify
) -> None:
    where = " WHERE stream = 'document-two' AND version = 5"
    store.tamper(f"UPDATE es.event SET agency = 'agency-9' {where}")  # noqa: S608
    assert first(verify())[:3] == ("altered", "document-two", 5)
    store.tamper(f"DELETE FROM es.event {where.replace('5', '4')}")  # noqa: S608
    assert first(verify())[:3] == ("gap", "document-two", 5)


def test_an_old_backup_is_noticed_by_what_is_missing(store: SealedStore, verify: Verify) -> None:
    """The store as it was after four events, with its own heads; new ones are appended to it."""
    store.tamper("""
        DELETE FROM es.event WHERE (tx, position) > (
            SELECT tx, position FROM es.event ORDER BY tx, position OFFSET 3 LIMIT 1)
    """)
    recompute(store)
    store.append(3, "document-two")
    report = verify()
    found = [each for each in report["findings"] if each["kind"] == "missing"]
    assert [each["index"] for each in found] == [4, 5, 6, 7, 8]
    assert first(report)[:3] == ("missing", "document-two", 2)


# The log itself.


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("tile/0/000.p/9", {("log", 4)}),
        # The entries do not make the root any more either.
        ("tile/entries/000.p/9", {("log", 4), ("checkpoint", -1)}),
        (CHECKPOINT, {("checkpoint", -1)}),
        (SIGNED, {("checkpoint", -1)}),
    ],
)
def test_a_changed_file_of_the_log_is_named_and_no_row_blamed(
    store: SealedStore, verify: Verify, path: str, found: set[tuple[str, int]]
) -> None:
    file = store.log / "2026" / path
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    report = verify()
    assert {(each["kind"], each["index"]) for each in report["findings"]} == found
    assert all(each["stream"] == "" for each in report["findings"])


@pytest.mark.parametrize("path", ["tile/0/000.p/9", "tile/entries/000.p/9"])
def test_a_missing_file_of_the_log_is_named(store: SealedStore, verify: Verify, path: str) -> None:
    (store.log / "2026" / path).unlink()
    kinds = {(each["kind"], path in each["detail"]) for each in verify()["findings"]}
    assert ("log", True) in kinds


def test_everything_recomputed_without_the_key_is_not_what_was_signed(
    store: SealedStore, verify: Verify
) -> None:
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE stream = 'document-one'")
    recompute(store)
    rewrite_log(store)
    report = verify("--key", store.key())
    assert [(each["kind"], each["shard"]) for each in report["findings"]] == [
        ("checkpoint", "2026"),
    ]
    assert "do not make the root that was signed" in report["findings"][0]["detail"]
