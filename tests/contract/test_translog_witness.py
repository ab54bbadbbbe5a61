"""A witness over real HTTP: what it co-signs, what it refuses, and what makes it raise an alarm."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from socket import create_connection

import pytest
import requests

from libs.translog import (
    Checkpoint,
    Note,
    Policy,
    Signature,
    SignatureRefused,
    prove_consistency,
)
from tests.support.translog_log import ORIGIN, SampleLog, numbered, signer
from tests.support.translog_witness import (
    WitnessClient,
    body,
    folder_for,
    growth,
    serving,
)
from tests.support.wait import eventually
from tools.witness.__main__ import main
from tools.witness.alarms import MAX_FILES
from tools.witness.server import MAX_REQUESTS

LOG = SampleLog().grow(numbered(900))
OTHER = SampleLog(signer("log.h44.example/2026", seed=4)).grow(numbered(400))
# Shares its first 300 entries with LOG, and its key: what a thief of the key would show.
FORK = SampleLog().grow(numbered(300)).grow(numbered(600, start=5_000))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_for(tmp_path / "witness", LOG.signer.key, OTHER.signer.key)


@pytest.fixture
def witness(folder: Path) -> Iterator[WitnessClient]:
    with serving(folder) as process:
        yield process


@pytest.fixture
def at_500(witness: WitnessClient) -> WitnessClient:
    """A witness that has co-signed 500 entries."""
    assert witness.post(growth(LOG, 0, 500)).status_code == 200
    return witness


def status(folder: Path) -> int:
    """The exit code of `lienthong witness status`."""
    return main(["status", "--folder", str(folder)])


def alarms(folder: Path) -> list[str]:
    return [path.name.rsplit("-", 1)[0] for path in sorted((folder / "alarms").iterdir())]


def test_a_log_that_grows_is_cosigned_each_time(witness: WitnessClient, folder: Path) -> None:
    policy = Policy.parse(f"log {LOG.signer.key}\nwitness W {witness.key}\nquorum W\n")
    old = 0
    for new in (1, 256, 300, 300, 900):
        answer = witness.post(growth(LOG, old, new))
        assert answer.status_code == 200
        line = Signature.parse(answer.text.removesuffix("\n"))
        accepted = policy.accept(LOG.checkpoint(new).with_signatures(line))
        assert (accepted.checkpoint.size, set(accepted.witnesses)) == (new, {"W"})
        # What monitors are shown is what was answered, with the log's own signature.
        assert Note.parse(witness.last(ORIGIN).content).signed_by([LOG.signer.key])
        assert witness.last(ORIGIN).content == bytes(LOG.checkpoint(new).with_signatures(line))
        old = new
    assert status(folder) == 0


def test_each_log_has_a_memory_of_its_own(at_500: WitnessClient) -> None:
    assert at_500.last(OTHER.signer.key.name).status_code == 404
    assert at_500.post(growth(OTHER, 0, 400)).status_code == 200
    assert at_500.post(growth(LOG, 500, 600)).status_code == 200


def test_strangers_signatures_are_not_kept(witness: WitnessClient) -> None:
    stranger = Signature("stranger.example", bytes(4), bytes(64))
    note = LOG.checkpoint(5).with_signatures(stranger)
    assert witness.post(body(0, [], note)).status_code == 200
    names = [each.name for each in Note.parse(witness.last(ORIGIN).content).signatures]
    assert names == [ORIGIN, witness.key.name]


def test_who_sends_the_wrong_old_size_is_told_the_right_one(at_500: WitnessClient) -> None:
    for old in (0, 300, 499):
        answer = at_500.post(growth(LOG, old, 600))
        assert (answer.status_code, answer.text) == (409, "500\n")
        assert answer.headers["Content-Type"] == "text/x.tlog.size"
    assert at_500.post(growth(LOG, 500, 600)).status_code == 200


@pytest.mark.parametrize(
    ("request_body", "code"),
    [
        (b"", 400),
        (b"old 0\n", 400),
        (b"old 0\n\n", 400),
        (b"old 0\n\nnot a note\n", 400),
        (body(0, [], Note("no checkpoint\n", LOG.checkpoint(5).signatures)), 400),
        (b"new 0\n\n" + bytes(LOG.checkpoint(5)), 400),
        (growth(LOG, 0, 5).replace(b"old 0", b"old 00"), 400),
        (body(-1, [], LOG.checkpoint(5)), 400),
        (body(6, [], LOG.checkpoint(5)), 400),
        (body(0, [bytes(32)] * 64, LOG.checkpoint(5)), 400),
        (body(0, [bytes(31)], LOG.checkpoint(5)), 400),
        (growth(LOG, 0, 5).replace(b"old 0\n", "old ٣\n".encode()), 400),
        (growth(SampleLog(signer("unknown.example")).grow(numbered(5)), 0, 5), 404),
        (growth(SampleLog(signer(ORIGIN, seed=9)).grow(numbered(5)), 0, 5), 403),
        (growth(LOG, 0, 5).replace(b"\n5\n", b"\n6\n"), 403),
        (body(0, [bytes(32)], LOG.checkpoint(5)), 422),
        (body(0, [], Checkpoint(ORIGIN, 0, bytes(32)).signed(LOG.signer)), 422),
        (b"x" * 200_000, 413),
    ],
)
def test_what_is_not_right_is_refused_and_changes_nothing(
    shared: WitnessClient, request_body: bytes, code: int
) -> None:
    assert shared.post(request_body).status_code == code
    assert shared.last(ORIGIN).status_code == 404


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WitnessClient]:
    """One that never co-signs anything."""
    folder = folder_for(tmp_path_factory.mktemp("witness"), LOG.signer.key)
    with serving(folder) as process:
        yield process
    assert alarms(folder) == []


def test_an_empty_log_can_be_cosigned(witness: WitnessClient) -> None:
    assert witness.post(growth(LOG, 0, 0)).status_code == 200
    assert witness.post(growth(LOG, 0, 5)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "request_body", "code"),
    [
        ("split_view-500", body(500, [], FORK.checkpoint(500)), 422),
        ("split_view-500", body(300, [], FORK.checkpoint(500)), 409),
        ("fork-600", growth(FORK, 500, 600), 422),
        ("fork-600", body(500, [], FORK.checkpoint(600)), 422),
        ("rollback-400", body(500, [], FORK.checkpoint(400)), 400),
        ("rollback-400", growth(FORK, 300, 400), 409),
    ],
)
def test_a_log_with_another_past_is_refused_with_an_alarm(
    at_500: WitnessClient,
    folder: Path,
    kind: str,
    request_body: bytes,
    code: int,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.clear()
    before = at_500.last(ORIGIN).content
    for _ in range(2):
        assert at_500.post(request_body).status_code == code
    assert at_500.last(ORIGIN).content == before
    assert alarms(folder) == [kind]
    evidence = next((folder / "alarms").iterdir()).read_text()
    for note in (before, request_body.partition(b"\n\n")[2]):
        assert note.decode() in evidence
    measures = at_500.get("/metrics").text
    assert "lienthong_witness_alarms_open 1.0" in measures
    assert f'kind="{kind.partition("-")[0]}",origin="{ORIGIN}"}} 2.0' in measures
    assert [record.__dict__["fields"]["kind"] for record in caplog.records] == [
        kind.partition("-")[0]
    ]
    assert status(folder) == 1
    shown = capsys.readouterr().out
    assert f"{ORIGIN}: co-signed up to 500 entries" in shown
    assert f"ALARM {folder}/alarms/{kind}" in shown
    # The honest log goes on, and an alarm that was taken away is over.
    assert at_500.post(growth(LOG, 500, 600)).status_code == 200
    next((folder / "alarms").iterdir()).unlink()
    assert status(folder) == 0


def test_a_fork_may_not_even_begin_where_the_logs_are_the_same(at_500: WitnessClient) -> None:
    proof = prove_consistency(300, 600, FORK.read)
    assert at_500.post(body(300, proof, FORK.checkpoint(600))).status_code == 409
    with pytest.raises(SignatureRefused):
        Note.parse(at_500.last(ORIGIN).content).signed_by([OTHER.signer.key])
    assert at_500.known(ORIGIN).size == 500


def test_other_ways_and_paths_are_not_served(shared: WitnessClient) -> None:
    for path in ("/", "/add-checkpoint", "/state.json", "/..%2fkey.pem", f"/{'0' * 64}/checkpoint"):
        assert shared.get(path).status_code == 404


def test_a_flood_of_alarms_fills_no_disk(at_500: WitnessClient, folder: Path) -> None:
    for number in range(MAX_FILES):
        (folder / "alarms" / f"rollback-{number}-0.txt").touch()
    assert at_500.post(growth(FORK, 500, 600)).status_code == 422
    assert len(alarms(folder)) == MAX_FILES
    assert 'kind="fork"' in at_500.get("/metrics").text


def test_silent_callers_hold_no_more_than_their_places(witness: WitnessClient) -> None:
    host, port = witness.url.removeprefix("http://").split(":")
    with ExitStack() as silent:
        for _ in range(MAX_REQUESTS):
            silent.enter_context(create_connection((host, int(port))))
        with pytest.raises(requests.ConnectionError):
            witness.get("/metrics")
    assert eventually(lambda: _is_served(witness), within=10)


def _is_served(witness: WitnessClient) -> bool:
    try:
        return witness.get("/metrics").ok
    except requests.ConnectionError:
        return False
