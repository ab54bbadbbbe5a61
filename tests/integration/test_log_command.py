"""`lienthong log`: copies that are checked, proofs that anybody can check, what stands where."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from libs.blobs import open_store
from libs.db import Database, engine_for
from libs.translog import CHECKPOINT, Checkpoint, Use, cosign
from libs.translog.files import log_in
from libs.web.ops import threaded_server
from services.audit.sealing.shards import ShardName
from tests.integration.audit_client import api_over
from tests.support.sealing import YEAR, SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.translog_log import signer
from tools.cli import main

WITNESS = signer("witness.h43.example", Use.COSIGNATURE, seed=5)
AT = 1_795_000_000
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def store(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealedStore]:
    """300 events, co-signed."""
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        monkeypatch.setenv("LOG_DIR", str(store.log))
        monkeypatch.setenv("LOG_STATE", str(store.state))
        monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
        monkeypatch.setenv("LOG_POLICY", str(policy(store)))
        store.append_batch(299)
        store.append()
        store.seal()
        witness(store)
        yield store


def witness(store: SealedStore, name: ShardName = YEAR) -> None:
    note = store.files(name).note()
    cosigned = note.with_signatures(cosign(note.text, WITNESS, at=AT))
    (store.log / str(name) / CHECKPOINT).write_bytes(bytes(cosigned))


def policy(store: SealedStore, *names: ShardName) -> Path:
    path = store.folder / "policy"
    logs = "".join(f"log {store.key(name)}\n" for name in names or (YEAR,))
    path.write_text(f"{logs}witness W {WITNESS.key}\nquorum W\n")
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["log", *map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def test_a_copy_is_the_log_in_its_standard_layout(store: SealedStore, run: Run) -> None:
    target = store.folder / "copy"
    code, told = run("export", target, "--policy", policy(store))
    assert code == 0
    assert (told["size"], told["shard"], told["files"]) == (300, "2026", 6)
    assert told["witnesses"] == {"W": "2026-11-18T11:06:40Z"}
    assert told["key_from_the_log_itself"] is False
    copied = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert copied == {
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }
    assert (target / CHECKPOINT).read_bytes() == (store.log / "2026" / CHECKPOINT).read_bytes()


def test_a_second_copy_is_shown_to_begin_with_the_first(store: SealedStore, run: Run) -> None:
    target = store.folder / "copy"
    run("export", target)
    store.append_batch(10)
    store.seal()
    code, told = run("export", target)
    assert (code, told["size"], told["begins_with_earlier_copy_of"]) == (0, 310, 300)
    assert told["key_from_the_log_itself"] is True


def another_past(store: SealedStore) -> None:
    """The log is made anew over other events, with its own key."""
    store.tamper("DELETE FROM es.event WHERE version = 299")
    for path in (store.log, store.state):
        path.rename(path.with_name(f"{path.name}.before"))
    store.append_batch(10)
    store.seal()


def test_a_log_with_another_past_is_not_copied_over_the_first(store: SealedStore, run: Run) -> None:
    target = store.folder / "copy"
    run("export", target)
    before = (target / CHECKPOINT).read_bytes()
    another_past(store)
    code, told = run("export", target)
    assert (code, told["error"]) == (1, "translog_proof_refused")
    assert "does not begin with the one of 300" in told["detail"]
    assert (target / CHECKPOINT).read_bytes() == before


@pytest.mark.parametrize(
    "path",
    ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44", "checkpoint"],
)
def test_a_log_with_one_wrong_byte_is_not_copied(store: SealedStore, run: Run, path: str) -> None:
    file = store.log / "2026" / path
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    code, told = run("export", store.folder / "copy")
    assert code == 1
    assert told["error"].startswith("translog_")
    assert not (store.folder / "copy" / CHECKPOINT).exists()


def test_a_copy_needs_the_witnesses_that_the_policy_asks_for(store: SealedStore, run: Run) -> None:
    store.append()
    store.seal()
    code, told = run("export", store.folder / "copy", "--policy", policy(store))
    assert (code, told["error"]) == (1, "translog_policy_refused")
    witness(store)
    assert run("export", store.folder / "copy", "--policy", policy(store))[0] == 0


def test_a_copy_of_a_stranger_is_refused(store: SealedStore, run: Run) -> None:
    stranger = store.keys.make(ShardName(2025)).key
    code, told = run("export", store.folder / "copy", "--key", stranger)
    assert (code, told["error"]) == (1, "translog_policy_refused")
    forger = signer(store.key().name, seed=3).key
    code, told = run("export", store.folder / "copy", "--key", forger)
    assert (code, told["error"]) == (1, "translog_signature_refused")


def proven(store: SealedStore, run: Run, *words: object) -> tuple[dict[str, Any], Path]:
    event = store.rows()[42].event_id
    code, told = run("prove", event, "--to", store.folder / "proofs", *words)
    assert code == 0, told
    assert (told["index"], told["witnessed"]) == (42, True)
    return told, Path(told["proof"])


def test_a_proof_is_two_files_for_anybody(
    store: SealedStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, proof = proven(store, run)
    for name in ("LOG_DIR", "DATABASE_URL", "LOG_STATE", "LOG_POLICY"):
        monkeypatch.delenv(name)
    code, checked = run("check", proof, "--policy", policy(store))
    assert (code, checked["index"], checked["size"]) == (0, 42, 300)
    assert checked["event"]["version"] == "43"
    assert list(checked["witnesses"]) == ["W"]
    assert run("check", proof, told["entry"], "--key", store.key())[0] == 0


def test_a_proof_that_was_changed_is_refused(store: SealedStore, run: Run) -> None:
    told, proof = proven(store, run)
    entry = Path(told["entry"])
    good = entry.read_bytes()
    entry.write_bytes(good.replace(b'"version":"43"', b'"version":"44"'))
    assert run("check", proof, "--policy", policy(store))[1]["error"] == "translog_proof_refused"
    entry.write_bytes(good)
    lines = proof.read_bytes().replace(b"index 42", b"index 43")
    proof.write_bytes(lines)
    assert run("check", proof, "--policy", policy(store))[1]["error"] == "translog_proof_refused"
    assert run("check", proof)[1]["error"] == "log_unreachable"  # trusting nobody proves nothing


def test_a_copy_proves_its_events_without_the_store(
    store: SealedStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = store.folder / "copy"
    run("export", copy)
    monkeypatch.delenv("DATABASE_URL")
    _, proof = proven(store, run, "--log", copy)
    assert run("check", proof, "--policy", policy(store))[0] == 0
    code, told = run("prove", "00000000-0000-0000-0000-000000000001", "--log", copy)
    assert (code, "no event" in told["detail"]) == (1, True)


def test_what_is_not_sealed_or_not_there_is_not_proven(store: SealedStore, run: Run) -> None:
    store.append()
    code, told = run("prove", store.rows()[-1].event_id)
    assert (code, "not sealed yet" in told["detail"]) == (1, True)
    code, told = run("prove", "00000000-0000-0000-0000-000000000001")
    assert (code, "no event" in told["detail"]) == (1, True)


def test_the_state_of_the_log_is_told(store: SealedStore, run: Run) -> None:
    store.append_batch(3)
    code, told = run("status")
    assert code == 0
    assert told == {
        "shards": [
            {
                "name": "2026",
                "origin": "log.h42.example/2026",
                "signed": 300,
                "witnessed": 300,
                "witnesses": {"W": "2026-11-18T11:06:40Z"},
            }
        ],
        "waiting": 3,
        "contradictions": [],
    }
    (store.state / "contradictions").mkdir()
    (store.state / "contradictions" / "W-9.txt").touch()
    assert run("status")[0] == 1


def test_years_are_told_apart(store: SealedStore, run: Run, tmp_path: Path) -> None:
    later = ShardName(2027)
    store.keys.make(later)
    store.now = datetime(2027, 1, 5, tzinfo=UTC)
    store.append()
    store.seal()
    witness(store, later)
    rules = policy(store, YEAR, later)
    newest = run("export", tmp_path / "a", "--policy", rules)[1]
    older = run("export", tmp_path / "b", "--shard", "2026", "--policy", rules)[1]
    assert (newest["origin"], older["origin"]) == ("log.h42.example/2027", "log.h42.example/2026")
    assert run("export", tmp_path / "a", "--shard", "2026", "--policy", rules)[0] == 1
    assert run("export", tmp_path / "c", "--shard", "2028")[0] == 1
    assert run("export", tmp_path / "c", "--shard", "../2026")[0] == 1
    first = log_in(tmp_path / "a").entry(0, newest["size"])
    assert first == (tmp_path / "b" / CHECKPOINT).read_bytes()


def test_a_key_is_made_before_its_year(
    store: SealedStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_KEYS", str(store.folder / "keys"))
    monkeypatch.setenv("LOG_ORIGIN", "log.h42.example")
    code, told = run("key", "2027")
    assert (code, told["key"]) == (0, str(store.key(ShardName(2027))))
    assert run("key", "2027")[1] == told
    assert run("key", "next")[0] == 1


@pytest.fixture
def url(store: SealedStore) -> Iterator[str]:
    """The log as audit serves it."""
    engine = engine_for(store.url("audit"))
    api = api_over(Database(engine, "audit"), open_store(f"file://{store.folder}/b"), store.log)
    server = threaded_server("127.0.0.1", 0)
    server.set_app(api)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/log"
    server.shutdown()
    server.server_close()
    thread.join()
    engine.dispose()


def test_a_log_is_copied_from_its_address_by_an_auditor(
    store: SealedStore, run: Run, url: str
) -> None:
    where = ("--log", url, "--shard", "2026", "--policy", policy(store))
    token = store.folder / "token"
    code, told = run("export", store.folder / "copy", *where)
    assert (code, told["error"]) == (1, "log_unreachable")
    assert "--token-file" in told["detail"]
    token.write_text("auditor\n")
    code, told = run("export", store.folder / "copy", *where, "--token-file", token)
    assert (code, told["size"]) == (0, 300)
    said = Checkpoint.parse(log_in(store.folder / "copy").note().text)
    assert said == store.checkpoint()
    assert run("export", store.folder / "d", "--log", f"{url}/2025")[0] == 1
    assert run("export", store.folder / "d", "--log", "http://127.0.0.1:9/log/2026")[0] == 1


def test_for_people_there_are_tables_and_lines(
    store: SealedStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["log", "status"]) == 0
    assert "log.h42.example/2026" in capsys.readouterr().out
    event = str(store.rows()[7].event_id)
    assert main(["log", "prove", event, "--to", str(store.folder)]) == 0
    proof = capsys.readouterr().out.splitlines()[0]
    assert main(["log", "check", proof, "--policy", str(policy(store))]) == 0
    shown = capsys.readouterr().out
    assert "Proven: entry 7 of log.h42.example/2026 with 300 entries" in shown
    assert event in shown
    assert main(["log", "export", str(store.folder / "copy")]) == 0
    assert "compare it, or use --policy" in capsys.readouterr().out
