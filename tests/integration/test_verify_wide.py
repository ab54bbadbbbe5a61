"""Verification by several processes, of several years, of a part, from elsewhere."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from libs.eventstore.entries import Row
from libs.translog import CHECKPOINT, Tile
from libs.translog.policy import Party
from services.audit.sealing.shards import ShardName
from services.audit.sealing.witness import Witness
from tests.support.sealing import YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.tampering import recompute, rewrite_log
from tests.support.translog_witness import folder_for, serving
from tools.cli import main
from tools.verify import shard as verify_shard

NEXT = ShardName(2027)
Verify = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def whole(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SealedStore]:
    """1,300 events of 40 streams in 2026, 300 in 2027, three not sealed; nobody touches it."""
    with sealed_store(postgres.fresh_database(), tmp_path_factory.mktemp("log")) as store:
        filled(store)
        yield store


@pytest.fixture
def store(postgres: PostgresForTests, tmp_path: Path) -> Iterator[SealedStore]:
    """The same, to be tampered with."""
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        filled(store)
        yield store


def filled(store: SealedStore) -> None:
    store.keys.make(NEXT)
    chance = random.Random(4)  # noqa: S311
    names = [f"document-{number}" for number in range(40)]

    def some(count: int) -> None:
        while count > 0:
            many = min(count, chance.randint(1, 30))
            store.append_all(many, chance.sample(names, 1)[0])
            count -= many

    some(1300)
    store.seal()
    store.now = datetime(2027, 1, 5, tzinfo=UTC)
    some(300)
    store.seal()
    some(3)


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Verify:
    monkeypatch.setattr(verify_shard, "SPAN", 1)

    def call(store: SealedStore, *words: object) -> dict[str, Any]:
        monkeypatch.setenv("LOG_DIR", str(store.log))
        monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
        capsys.readouterr()
        if "--jobs" not in words:
            words = (*words, "--jobs", "1")
        code = main(["verify", *map(str, words), "--json"])
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert code == {True: 0, False: 1, None: 3}[report["verified"]], report
        return report

    return call


@pytest.mark.parametrize("jobs", [1, 3])
def test_spans_and_processes_come_to_one_verdict(
    whole: SealedStore, verify: Verify, jobs: int
) -> None:
    report = verify(whole, "--jobs", jobs)
    assert report["verified"], report["findings"]
    assert (report["events"], report["not_sealed_yet"]) == (1600, 3)
    assert [(each["name"], each["entries"]) for each in report["shards"]] == [
        ("2026", 1300),
        ("2027", 301),
    ]


CHANGES: dict[str, str] = {
    "tx": "tx + 1",
    "position": "position - 1000000",
    "stream": "'document-x'",
    "version": "version + 100",
    "event_id": "gen_random_uuid()",
    "type": "'DraftRevised'",
    "agency": "'agency-9'",
    "behalf": "'agency-7'",
    "recorded_at": "recorded_at - interval '1 hour'",
    "causation": "gen_random_uuid()",
    "payload": "'{}'",
    "leaf": "sha256('')",
}


def test_random_changes_anywhere_are_found_where_they_are(
    store: SealedStore, verify: Verify
) -> None:
    """One after another, each undone: the report names the row and nothing besides."""
    chance = random.Random(11)  # noqa: S311
    rows = [row for row in store.rows()[:1600] if row.version > 0]
    for column, change in CHANGES.items():
        row = chance.choice(rows)
        store.tamper(
            f"UPDATE es.event SET {column} = {change} WHERE event_id = :id",  # noqa: S608
            id=row.event_id,
        )
        found = verify(store)["findings"]
        events = {
            (each["kind"], each["stream"], each["version"])
            for each in found
            if each["kind"] != "head"
        }
        assert ("changed", row.stream, row.version) in events, (column, found[:3])
        assert found[0]["columns"][0] == column
        # What leans on a leaf or a version that is gone may be named besides, and nothing else.
        assert {(stream, version) for _, stream, version in events} <= {
            (row.stream, row.version),
            (row.stream, row.version + 1),
        }
        put_back(store, row)
    assert verify(store)["verified"]


def put_back(store: SealedStore, row: Row) -> None:
    store.tamper(
        "DELETE FROM es.event WHERE (tx, position) = (:tx, :position) OR event_id = :event_id"
        " OR (position < 0 OR version > 100 OR stream = 'document-x')",
        tx=row.tx, position=row.position, event_id=row.event_id,
    )  # fmt: skip
    columns = ", ".join(f":{name}" for name in Row._fields)
    store.tamper(f"INSERT INTO es.event VALUES ({columns})", **row._asdict())  # noqa: S608


def test_a_row_moved_to_another_year_is_named_once(store: SealedStore, verify: Verify) -> None:
    early, late = store.rows()[100], store.rows()[1500]
    store.tamper(
        "UPDATE es.event SET tx = :tx, position = :position WHERE event_id = :id",
        tx=late.tx, position=late.position + 1_000_000, id=early.event_id,
    )  # fmt: skip
    found = verify(store)["findings"]
    assert [(each["kind"], each["stream"], each["version"]) for each in found] == [
        ("changed", early.stream, early.version)
    ]


def test_a_deleted_row_is_found_by_what_leaned_on_it(store: SealedStore, verify: Verify) -> None:
    row = next(each for each in store.rows()[200:] if each.version > 1)
    store.tamper("DELETE FROM es.event WHERE event_id = :id", id=row.event_id)
    found = verify(store)["findings"]
    assert (found[0]["kind"], found[0]["stream"], found[0]["version"]) == (
        "missing", row.stream, row.version,
    )  # fmt: skip


def test_every_row_wrong_is_no_more_than_a_long_report(store: SealedStore, verify: Verify) -> None:
    store.tamper("UPDATE es.event SET agency = 'agency-9'")
    report = verify(store)
    assert len(report["findings"]) >= 1600
    assert all("agency" in each["columns"] for each in report["findings"][:1600])


# Several years.


def test_a_year_begins_with_the_last_word_of_the_year_before(
    store: SealedStore, verify: Verify
) -> None:
    """An old year made anew and signed with its stolen key is not the one that 2027 names."""
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE stream = 'document-1'")
    recompute(store)
    rewrite_log(store, store.keys.signer(YEAR))
    details = [each["detail"] for each in verify(store)["findings"] if each["shard"] == "2027"]
    assert any("another checkpoint than the last one of 2026" in detail for detail in details)


def test_a_year_that_was_moved_away_is_named_by_its_folder(
    store: SealedStore, verify: Verify
) -> None:
    archive = store.folder / "archive"
    (store.log / "2026").rename(archive)
    report = verify(store)
    assert report["verified"]
    assert (report["events"], report["without_their_log"]) == (300, 1300)
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE position = 5")
    assert verify(store)["findings"][0]["kind"] == "altered"
    report = verify(store, "--log", store.log, "--log", archive)
    assert report["findings"][0]["columns"] == ["agency"]
    assert report["without_their_log"] == 0


# A part.


def test_since_a_checkpoint_only_the_later_rows_are_looked_at(
    store: SealedStore, verify: Verify, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes((store.log / "2026" / CHECKPOINT).read_bytes())
    report = verify(store, "--since", kept)
    assert report["verified"], report["findings"]
    assert report["events"] == 1300 % 256 + 300
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE position = 5")
    assert verify(store, "--since", kept)["verified"]
    assert not verify(store)["verified"]
    store.tamper("UPDATE es.event SET agency = 'agency-8' WHERE position = 1500")
    assert verify(store, "--since", kept)["findings"][0]["columns"] == ["agency"]


def test_since_an_instant_only_the_later_rows_are_looked_at(
    store: SealedStore, verify: Verify
) -> None:
    at = store.rows()[1000].recorded_at
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE position = 5")
    report = verify(store, "--since", at.replace(" ", "T").replace("+00", "Z"))
    assert report["verified"], report["findings"]
    assert 600 <= report["events"] < 900
    assert verify(store, "--since", "2999-01-01")["verified"]
    assert verify(store, "--since", "2000-01-01")["verified"] is False
    assert verify(store, "--since", "yesterday")["verified"] is None


def test_a_tile_high_up_is_looked_at_too(store: SealedStore, verify: Verify) -> None:
    path = store.log / "2026" / Tile(1, 0, 5).path
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    found = verify(store)["findings"]
    assert [(each["kind"], each["shard"]) for each in found] == [("log", "2026")]
    assert "tile/1/000.p/5" in found[0]["detail"]


def test_a_bundle_that_is_gone_hides_its_own_rows_alone(store: SealedStore, verify: Verify) -> None:
    (store.log / "2026" / Tile(-1, 2).path).unlink()
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE position IN (5, 1200)")
    found = verify(store)["findings"]
    assert [(each["kind"], each["columns"]) for each in found] == [
        ("changed", ["agency"]),
        ("changed", ["agency"]),
        ("log", []),
    ]


# What others saw.


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_witnesses_catch_who_stole_the_key(
    store: SealedStore, verify: Verify, tmp_path: Path, ends: ExitStack
) -> None:
    """Store and log were made anew, and signed with the right key: no one else can tell."""
    key, files = store.key(YEAR), store.files(YEAR)
    witness = ends.enter_context(serving(folder_for(tmp_path / "witness", key)))
    policy = tmp_path / "policy"
    policy.write_text(f"log {key}\nwitness W {witness.key} {witness.url}\nquorum none\n")
    Witness(Party(witness.key, witness.url)).cosign(files.note(), files)
    where = ("--policy", policy, "--log", store.log / "2026", "--ask-witnesses")
    assert verify(store, *where)["verified"]
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE position = 5")
    recompute(store)
    rewrite_log(store, store.keys.signer(YEAR))
    assert verify(store, *where[:-1])["verified"]
    report = verify(store, *where)
    assert [each["kind"] for each in report["findings"]] == ["rollback"]
    assert "witness W: the first 1,300 entries were others" in report["findings"][0]["detail"]


def test_a_policy_that_is_not_satisfied_is_a_finding(
    whole: SealedStore, verify: Verify, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_text(f"log {whole.key(YEAR)}\nlog {whole.key(NEXT)}\nquorum none\n")
    assert verify(whole, "--policy", policy)["verified"]
    policy.write_text(f"log {whole.key(YEAR)}\nquorum none\n")
    found = verify(whole, "--policy", policy)["findings"]
    assert {(each["kind"], each["shard"]) for each in found} == {("checkpoint", "2027")}


def test_for_people_the_verdict_comes_first(
    store: SealedStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_DIR", str(store.log))
    monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
    assert main(["verify", "--jobs", "1"]) == 0
    assert capsys.readouterr().out.startswith("Verified · Đã kiểm tra: khớp")
    row = store.rows()[700]
    store.tamper("UPDATE es.event SET handler = 'person:x/y' WHERE event_id = :i", i=row.event_id)
    assert main(["verify", "--jobs", "1"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("NOT VERIFIED · KHÔNG KHỚP")
    assert f"{row.stream} version {row.version}: handler (entry 700 of 2026)" in shown
