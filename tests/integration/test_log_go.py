"""Go's sumdb code accepts our real log as it was exported, and refuses it after each tampering."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from libs.translog import CHECKPOINT, Checkpoint, LogProof, Tree, leaf_hash, prove_consistency
from libs.translog.files import log_in
from tests.integration.test_verify import CHANGES
from tests.support.sealing import YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.tampering import recompute, rewrite_log
from tests.support.translog_go import as_json, built_verifier, verdicts
from tests.support.translog_log import signer
from tools.cli import main

SIZE = 600
Judge = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    program = built_verifier(tmp_path_factory.mktemp("go"))
    return lambda case: verdicts(program, [case])[0]


@pytest.fixture
def store(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealedStore]:
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        monkeypatch.setenv("LOG_DIR", str(store.log))
        monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
        store.append_all(200, "document-1")
        store.seal()
        store.append_all(SIZE - 200, "document-2")
        store.seal()
        yield store


def exported(store: SealedStore, name: str) -> Path:
    """A copy as `lienthong log export` writes it."""
    target = store.folder / name
    assert main(["log", "export", str(target)]) == 0
    return target


def whole(store: SealedStore, folder: Path) -> dict[str, Any]:
    """The question about all of a folder's files."""
    return {"kind": "log", "key": str(store.key()), "folder": str(folder)}


def test_an_exported_log_is_accepted(store: SealedStore, judge: Judge) -> None:
    assert judge(whole(store, exported(store, "copy"))) == ""


def test_every_file_of_it_counts(store: SealedStore, judge: Judge) -> None:
    copy = exported(store, "copy")
    case = whole(store, copy)
    files = [path for path in copy.rglob("*") if path.is_file()]
    assert len(files) == 8
    for path in files:
        good = path.read_bytes()
        # Not the last character of a signature: Go's base64 reads but four of its six bits.
        for place in (0, len(good) // 2, len(good) - 4):
            bad = bytearray(good)
            bad[place] ^= 1
            path.write_bytes(bad)
            assert judge(case) != "", (path, place)
        path.unlink()
        assert judge(case) != "", path
        path.write_bytes(good)
    assert judge(case) == ""


TAMPERING = {
    "an event deleted": "DELETE FROM es.event WHERE position = 300",
    "the end cut off": "DELETE FROM es.event WHERE position > 500",
    "events reordered": """
        UPDATE es.event SET version = 1001 - version WHERE stream = 'document-2' AND version > 300
    """,
    "an event inserted": """
        INSERT INTO es.event SELECT tx - 1, position, 'document-3', 1, category, gen_random_uuid(),
            type, schema, agency, handler, behalf, occurred_at, recorded_at, trace, correlation,
            causation, payload, leaf
        FROM es.event WHERE position = 300
    """,
    # What an entry does not hold, or what a row cannot be given alone, is left out.
    **{
        f"{column} changed": f"UPDATE es.event SET {column} = {change} WHERE position = 300"  # noqa: S608
        for column, change in CHANGES.items()
        if column not in ("category", "leaf", "version")
    },
}


@pytest.mark.parametrize("what", TAMPERING)
def test_a_log_that_was_made_anew_without_the_key_is_refused(
    store: SealedStore, judge: Judge, what: str
) -> None:
    """Rows, leaves, chains and all files are made right again; the signature cannot be."""
    store.tamper(TAMPERING[what])
    recompute(store)
    rewrite_log(store)
    assert judge(whole(store, store.log / "2026")) != ""


@pytest.mark.parametrize("what", TAMPERING)
def test_a_log_that_was_made_anew_with_another_key_is_refused(
    store: SealedStore, judge: Judge, what: str
) -> None:
    store.tamper(TAMPERING[what])
    recompute(store)
    rewrite_log(store, signer(store.key().name, seed=9))
    assert judge(whole(store, store.log / "2026")) != ""


@pytest.mark.parametrize("what", TAMPERING)
def test_with_the_stolen_key_only_an_earlier_checkpoint_tells(
    store: SealedStore, judge: Judge, what: str
) -> None:
    earlier = store.files().note()
    store.tamper(TAMPERING[what])
    recompute(store)
    forged = rewrite_log(store, store.keys.signer(YEAR))
    folder = store.log / "2026"
    assert judge(whole(store, folder)) == ""
    size = Checkpoint.parse(forged.text).size
    old = Checkpoint.parse(earlier.text).size
    proof = prove_consistency(min(old, size), size, log_in(folder).tile)
    case = {
        "kind": "consistency",
        "key": str(store.key()),
        "note": bytes(forged).decode(),
        "older": bytes(earlier).decode(),
        "proof": as_json(proof),
    }
    assert judge(case) != ""


def test_consistency_from_the_first_checkpoint_to_the_last(
    store: SealedStore, judge: Judge
) -> None:
    files = store.files()
    leaves = [leaf_hash(entry) for entry in store.entries()[:200]]
    older = Checkpoint(store.key().name, 200, Tree().append(leaves).tree.root)
    case = {
        "kind": "consistency",
        "key": str(store.key()),
        "note": files.read(CHECKPOINT).decode(),
        "older": bytes(older.signed(store.keys.signer(YEAR))).decode(),
        "proof": as_json(prove_consistency(200, SIZE, files.tile)),
    }
    assert judge(case) == ""
    assert judge({**case, "proof": case["proof"][1:]}) != ""


def test_a_proof_of_an_event_is_accepted(store: SealedStore, judge: Judge) -> None:
    event = store.rows()[450].event_id
    assert main(["log", "prove", event, "--to", str(store.folder)]) == 0
    proof = LogProof.parse((store.folder / f"{event}.tlog-proof").read_bytes())
    entry = (store.folder / f"{event}.entry.json").read_bytes()
    case = {
        "kind": "inclusion",
        "key": str(store.key()),
        "note": bytes(proof.checkpoint).decode(),
        "index": proof.index,
        "entry": base64.b64encode(entry).decode(),
        "proof": as_json(proof.hashes),
    }
    assert judge(case) == ""
    other = entry.replace(b'"agency":"agency-1"', b'"agency":"agency-2"')
    assert judge({**case, "entry": base64.b64encode(other).decode()}) != ""
    assert judge({**case, "index": 449}) != ""
