"""An administrator with all rights makes everything anew: rows, leaves, chains, tiles.

Without the key the signature tells. With the stolen key nothing here does: a witness has seen
another log, and any copy of the log that somebody keeps names the place.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from libs.translog import CHECKPOINT
from libs.translog.policy import Party
from services.audit.sealing.witness import Witness
from tests.integration.test_verify import CHANGES
from tests.support.sealing import YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.tampering import recompute, rewrite_log
from tests.support.translog_witness import folder_for, serving
from tools.cli import main

Verify = Callable[..., dict[str, Any]]
Place = tuple[str, str, int]

# Not in an entry, or not to be changed without leaving a gap in the stream.
_ALONE = {"category", "stream", "version", "leaf"}
_COLUMNS = {
    f"{column} changed": (
        f"UPDATE es.event SET {column} = {change} WHERE stream = 'document-one' AND version = 2",  # noqa: S608
        ("changed", "document-one", 2),
    )
    for column, change in CHANGES.items()
    if column not in _ALONE
}
TAMPERING: dict[str, tuple[str, Place]] = {
    **_COLUMNS,
    "deleted": (
        """
        DELETE FROM es.event WHERE stream = 'document-one' AND version = 2;
        UPDATE es.event SET version = version - 1 WHERE stream = 'document-one' AND version = 3;
        UPDATE es.event SET version = version - 1 WHERE stream = 'document-one' AND version = 4
        """,
        ("missing", "document-one", 2),
    ),
    "reordered": (
        """
        UPDATE es.event AS e SET tx = o.tx, position = o.position FROM es.event AS o
        WHERE (e.stream, e.version, o.stream, o.version) IN
            (('document-one', 2, 'document-three', 1), ('document-three', 1, 'document-one', 2))
        """,
        ("changed", "document-one", 2),
    ),
    "inserted": (
        """
        INSERT INTO es.event SELECT tx, position - 1, 'document-six', 1, category,
            gen_random_uuid(), type, schema, agency, handler, behalf, occurred_at, recorded_at,
            trace, correlation, causation, payload, leaf
        FROM es.event WHERE stream = 'document-three' AND version = 2
        """,
        ("added", "document-six", 1),
    ),
    "cut off": (
        "DELETE FROM es.event WHERE stream = 'document-one' AND version > 2",
        ("missing", "document-one", 3),
    ),
    "emptied": ("TRUNCATE es.event", ("missing", "document-one", 1)),
    "an old backup": (
        """
        DELETE FROM es.event WHERE (tx, position) > (
            SELECT tx, position FROM es.event ORDER BY tx, position OFFSET 3 LIMIT 1)
        """,
        ("missing", "document-two", 2),
    ),
}


@pytest.fixture
def store(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealedStore]:
    """Three streams, their events interleaved, all sealed; an auditor has a copy of the log."""
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        monkeypatch.setenv("LOG_DIR", str(store.log))
        monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
        one, two, three = (f"document-{name}" for name in ("one", "two", "three"))
        for name in (one, two, one, three, two, one, two, three, one):
            store.append(1, name)
        store.seal()
        shutil.copytree(store.log / str(YEAR), tmp_path / "copy")
        yield store


@pytest.fixture
def verify(store: SealedStore, capsys: pytest.CaptureFixture[str]) -> Verify:
    def call(*words: object) -> dict[str, Any]:
        capsys.readouterr()
        main(["verify", *map(str, words), "--jobs", "1", "--json"])
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        return report

    return call


def places(report: dict[str, Any]) -> set[Place]:
    """What a report names."""
    return {(each["kind"], each["stream"], each["version"]) for each in report["findings"]}


def columns(report: dict[str, Any], place: Place) -> list[str]:
    """The columns that are named at a place."""
    for each in report["findings"]:
        if (each["kind"], each["stream"], each["version"]) == place:
            return [str(column) for column in each["columns"]]
    return []


@pytest.mark.parametrize("what", TAMPERING)
def test_without_the_key_the_signature_tells_and_a_copy_names_the_place(
    store: SealedStore, verify: Verify, what: str
) -> None:
    statement, place = TAMPERING[what]
    store.tamper(statement)
    recompute(store)
    rewrite_log(store)
    report = verify("--key", store.key())
    assert report["verified"] is False
    assert {each["kind"] for each in report["findings"]} <= {"checkpoint", "log"}
    assert all(each["shard"] == "2026" for each in report["findings"])
    assert place in places(verify("--key", store.key(), "--log", store.folder / "copy"))


@pytest.mark.parametrize("what", TAMPERING)
def test_with_the_stolen_key_only_a_witness_tells_and_a_copy_names_the_place(
    store: SealedStore, verify: Verify, what: str
) -> None:
    statement, place = TAMPERING[what]
    with serving(folder_for(store.folder / "witness", store.key())) as witness:
        policy = store.folder / "policy"
        policy.write_text(
            f"log {store.key()}\nwitness W {witness.key} {witness.url}\nquorum none\n"
        )
        Witness(Party(witness.key, witness.url)).cosign(store.files().note(), store.files())
        store.tamper(statement)
        recompute(store)
        rewrite_log(store, store.keys.signer(YEAR))
        alone = verify("--policy", policy)
        assert alone["verified"] is True, alone["findings"]
        report = verify("--policy", policy, "--ask-witnesses")
    assert {each["kind"] for each in report["findings"]} == {"rollback"}
    assert all("witness W" in each["detail"] for each in report["findings"])
    report = verify("--key", store.key(), "--log", store.folder / "copy")
    assert place in places(report)
    if what in _COLUMNS:
        assert columns(report, place)[0] == what.partition(" ")[0]


def test_under_another_key_it_is_not_the_log(store: SealedStore, verify: Verify) -> None:
    key = store.key()
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE stream = 'document-one'")
    recompute(store)
    (store.folder / "keys" / "2026.pem").unlink()
    rewrite_log(store, store.keys.make(YEAR))
    report = verify("--key", key)
    assert {each["kind"] for each in report["findings"]} >= {"checkpoint"}
    assert report["events"] == 0


def test_an_earlier_checkpoint_is_as_good_as_a_witness(store: SealedStore, verify: Verify) -> None:
    store.tamper("UPDATE es.event SET agency = 'agency-9' WHERE stream = 'document-three'")
    recompute(store)
    rewrite_log(store, store.keys.signer(YEAR))
    report = verify("--key", store.key(), "--since", store.folder / "copy" / CHECKPOINT)
    assert [each["kind"] for each in report["findings"]] == ["rollback"]
    assert "the first 9 entries were others" in report["findings"][0]["detail"]
