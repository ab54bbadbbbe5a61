"""What a witness co-signed it never forgets: killed, restarted, asked by many at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Timer

import pytest
import requests

from libs.translog import Checkpoint
from tests.support.translog_log import ORIGIN, SampleLog, numbered, signer
from tests.support.translog_witness import (
    NAME,
    folder_for,
    growth,
    running,
    serving,
)
from tools.cli import main as lienthong
from tools.witness.__main__ import main
from tools.witness.home import CannotStart, opened

LOG = SampleLog().grow(numbered(2_000))
ROUNDS = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_for(tmp_path / "witness", LOG.signer.key)


def refusal(folder: Path, name: str = NAME) -> str:
    """Why a witness does not start."""
    with pytest.raises(CannotStart) as refused, opened(folder, name):
        pass
    return str(refused.value)


def test_killed_at_any_moment_it_never_goes_back(folder: Path) -> None:
    """A log grows entry by entry; each witness is killed a little later in its work."""
    answered = 0
    for turn in range(ROUNDS):
        with running(folder) as witness:
            old = witness.known(ORIGIN).size if answered else 0
            assert old >= answered
            killer = Timer(turn * 0.0037, witness.kill)
            for new in count(old + 1):
                try:
                    answer = witness.post(growth(LOG, new - 1, new))
                except requests.RequestException:
                    break
                assert answer.status_code == 200, answer.text
                answered = new
                if answered == old + 3:
                    killer.start()
            killer.join()
    with running(folder) as witness:
        kept = witness.known(ORIGIN)
        assert answered <= kept.size <= answered + 1
        assert kept == Checkpoint.parse(LOG.checkpoint(kept.size).text)


def test_of_many_who_ask_at_once_one_is_cosigned_for_each_step(folder: Path) -> None:
    with serving(folder) as witness, ThreadPoolExecutor(8) as clients:
        old = 0
        for _ in range(5):
            sizes = list(range(old + 1, old + 9))
            bodies = [growth(LOG, old, new) for new in sizes]
            codes = [answer.status_code for answer in clients.map(witness.post, bodies)]
            assert sorted(codes) == [200] + [409] * 7
            old = sizes[codes.index(200)]
            assert witness.known(ORIGIN).size == old


def test_what_cannot_be_kept_is_not_cosigned(folder: Path) -> None:
    with serving(folder) as witness:
        assert witness.post(growth(LOG, 0, 5)).status_code == 200
        in_the_way = folder / "state.json.partial"
        in_the_way.mkdir()
        answer = witness.post(growth(LOG, 5, 6))
        assert (answer.status_code, answer.text) == (500, "the witness failed\n")
        assert witness.known(ORIGIN).size == 5
        in_the_way.rmdir()
        assert witness.post(growth(LOG, 5, 6)).status_code == 200


def test_its_key_is_made_once_and_readable_by_nobody_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(folder) as witness:
        first = witness.key
        assert refusal(folder) == f"another witness runs on {folder}"
        assert main(["status", "--json", "--folder", str(folder)]) == 0
        assert json.loads(capsys.readouterr().out)["running"] is True
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert (folder / "state.json").stat().st_mode & 0o777 == 0o600
    with serving(folder) as witness:
        assert witness.key == first
    assert main(["status", "--json", "--folder", str(folder)]) == 0
    facts = {"key": str(first), "running": False, "logs": {}, "alarms": []}
    assert json.loads(capsys.readouterr().out) == facts


def test_it_does_not_start_without_its_whole_memory(folder: Path) -> None:
    with serving(folder) as witness:
        assert witness.post(growth(LOG, 0, 5)).status_code == 200
    state, key, logs = folder / "state.json", folder / "key.pem", folder / "logs"
    good = {path: path.read_bytes() for path in (state, key, logs)}

    def changed(path: Path, content: bytes | None) -> str:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
            path.chmod(0o600)
        said = refusal(folder)
        path.write_bytes(good[path])
        path.chmod(0o600)
        return said

    assert "state.json is gone" in changed(state, None)
    assert "key.pem is gone" in changed(key, None)
    assert "must hold the public key" in changed(logs, None)
    assert "not as this witness wrote it" in changed(state, good[state][:-20])
    assert "signature" in changed(state, good[state].replace(b"\\n5\\n", b"\\n4\\n"))
    assert "line 1" in changed(logs, b"no key\n")
    assert "a witness's key" in changed(logs, str(witness.key).encode())
    assert "not a private key" in changed(key, b"no key")
    assert "not of other.example" in refusal(folder, name="other.example")
    key.chmod(0o644)
    assert "0600" in refusal(folder)
    key.chmod(0o600)
    with serving(folder) as witness:
        assert witness.known(ORIGIN).size == 5


def test_where_no_witness_was_started_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert lienthong(["witness", "status", "--folder", str(tmp_path)]) == 2


def test_a_first_start_that_was_cut_short_can_be_repeated(folder: Path) -> None:
    with serving(folder):
        pass
    (folder / "key.pem").unlink()
    with serving(folder) as witness:
        assert witness.post(growth(LOG, 0, 5)).status_code == 200


def test_a_log_may_change_its_key(folder: Path) -> None:
    newer = SampleLog(signer(ORIGIN, seed=21)).grow(numbered(50))
    with serving(folder) as witness:
        assert witness.post(growth(LOG, 0, 5)).status_code == 200
        assert witness.post(growth(newer, 5, 50)).status_code == 403
    folder_for(folder, LOG.signer.key, newer.signer.key)
    with serving(folder) as witness:
        assert witness.post(growth(newer, 5, 50)).status_code == 200


def test_one_logs_note_is_no_memory_of_another(folder: Path) -> None:
    other = SampleLog(signer("log.h44.example/2026", seed=4)).grow(numbered(4))
    folder_for(folder, LOG.signer.key, other.signer.key)
    with serving(folder) as witness:
        assert witness.post(growth(LOG, 0, 5)).status_code == 200
        assert witness.post(growth(other, 0, 4)).status_code == 200
    state = json.loads((folder / "state.json").read_text())
    state["logs"][ORIGIN] = state["logs"][other.signer.key.name]
    (folder / "state.json").write_text(json.dumps(state))
    assert "another log's" in refusal(folder)
