"""Checkpoints are published with the co-signatures that the policy asks for, or not at all."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from libs.translog import (
    CHECKPOINT,
    EMPTY_ROOT,
    Checkpoint,
    Note,
    Policy,
    Signature,
    Tile,
    Use,
    cosign,
)
from libs.translog.policy import Party
from services.audit.sealing.errors import Contradicted
from services.audit.sealing.files import SIGNED, ShardFiles, show
from services.audit.sealing.shards import ShardName
from services.audit.sealing.witness import Witness, WitnessFailed
from services.audit.sealing.witnesses import Past, Witnesses
from tests.support.translog_log import numbered, signer
from tests.support.translog_witness import WitnessClient, folder_for, serving
from tests.support.wait import eventually

YEAR = ShardName(2026)
LOG_KEY = signer("log.h42.example/2026")
UNBEGUN = Checkpoint(LOG_KEY.key.name, 0, EMPTY_ROOT)


@dataclass
class Log:
    """A log on disk that signs whatever it is told to."""

    folder: Path

    def __post_init__(self) -> None:
        self.shard = ShardFiles(self.folder, YEAR)

    def grow(self, count: int, word: int = 0) -> Note:
        self.shard.write(numbered(count, start=self.shard.tree.size + word))
        note = self.said.signed(LOG_KEY)
        show(self.folder / "2026", SIGNED, bytes(note))
        return note

    @property
    def said(self) -> Checkpoint:
        return Checkpoint(LOG_KEY.key.name, self.shard.tree.size, self.shard.tree.root)

    def published(self) -> Note | None:
        try:
            return self.shard.files.note(CHECKPOINT)
        except FileNotFoundError:
            return None

    def published_size(self) -> int:
        note = self.published()
        return Checkpoint.parse(note.text).size if note else 0


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log")


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def one(tmp_path: Path, ends: ExitStack) -> WitnessClient:
    return ends.enter_context(serving(folder_for(tmp_path / "one", LOG_KEY.key), "one.example"))


@pytest.fixture
def two(tmp_path: Path, ends: ExitStack) -> WitnessClient:
    return ends.enter_context(serving(folder_for(tmp_path / "two", LOG_KEY.key), "two.example"))


def policy(quorum: str, *witnesses: WitnessClient) -> Policy:
    names = [f"W{number}" for number, _ in enumerate(witnesses)]
    lines = [
        f"witness {name} {each.key} {each.url}" for name, each in zip(names, witnesses, strict=True)
    ]
    if quorum not in ("none", *names):
        lines.append(f"group all {quorum} {' '.join(names)}")
        quorum = "all"
    return Policy.parse("\n".join([f"log {LOG_KEY.key}", *lines, f"quorum {quorum}"]))


def running(policy: Policy, log: Log) -> Witnesses:
    witnesses = Witnesses(policy, log.folder)
    witnesses.start()
    return witnesses


GONE = WitnessClient("http://127.0.0.1:9", signer("gone.example", Use.COSIGNATURE, seed=8).key)


def test_a_checkpoint_is_published_when_enough_witnesses_have_cosigned(
    log: Log, one: WitnessClient, two: WitnessClient
) -> None:
    rules = policy("all", one, two)
    witnesses = running(rules, log)
    for count in (3, 300, 1):
        witnesses.offer(YEAR, log.grow(count))
        eventually(lambda: log.published_size() == log.said.size, within=20)
        note = log.published()
        assert note
        accepted = rules.accept(note)
        assert (accepted.checkpoint, set(accepted.witnesses)) == (log.said, {"W0", "W1"})


def test_without_enough_witnesses_what_is_published_stays(log: Log, one: WitnessClient) -> None:
    witnesses = running(policy("all", one, GONE), log)
    witnesses.offer(YEAR, log.grow(3))
    eventually(lambda: one.last(LOG_KEY.key.name).ok, within=20)
    assert log.published() is None
    assert log.shard.files.note(SIGNED).text == log.said.text


def test_the_others_do_for_one_that_is_away(log: Log, one: WitnessClient) -> None:
    rules = policy("any", one, GONE)
    witnesses = running(rules, log)
    witnesses.offer(YEAR, log.grow(3))
    eventually(lambda: log.published_size() == 3, within=20)


def test_a_quorum_of_none_publishes_at_once_and_gathers_still(log: Log, one: WitnessClient) -> None:
    rules = policy("none", one)
    witnesses = running(rules, log)
    witnesses.offer(YEAR, log.grow(3))
    assert log.published_size() == 3
    eventually(lambda: set(rules.cosigned(log.published() or log.grow(0))) == {"W0"}, within=20)


def test_a_disk_that_fails_once_does_not_end_the_asking(
    log: Log, one: WitnessClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Any] = []

    def fail(*arguments: Any) -> None:
        if len(failures) < 2:
            failures.append(arguments)
            raise OSError(28, "No space left on device")
        show(*arguments)

    monkeypatch.setattr("services.audit.sealing.witnesses.show", fail)
    witnesses = running(policy("W0", one), log)
    witnesses.offer(YEAR, log.grow(3))
    eventually(lambda: log.published_size() == 3, within=30)
    assert len(failures) == 2


def test_a_tile_that_cannot_be_read_does_not_end_the_asking(log: Log, one: WitnessClient) -> None:
    witnesses = running(policy("W0", one), log)
    witnesses.offer(YEAR, log.grow(3))
    eventually(lambda: log.published_size() == 3, within=20)
    note = log.grow(3)
    tile = log.folder / "2026" / Tile(0, 0, 6).path
    tile.rename(tile.with_name("away"))
    tile.mkdir()  # whoever reads it gets an OSError
    witnesses.offer(YEAR, note)
    eventually(lambda: bool(witnesses._failing), within=20)
    tile.rmdir()
    tile.with_name("away").rename(tile)
    eventually(lambda: log.published_size() == 6, within=30)


def test_what_is_published_never_becomes_smaller(log: Log, one: WitnessClient) -> None:
    """With the quorum `none` the sealer publishes, and the thread that gathers does so too."""
    witnesses = Witnesses(policy("none", one), log.folder)
    old = log.grow(3)
    witnesses.offer(YEAR, log.grow(3))
    cosigned = Witness(Party(one.key, one.url)).cosign(old, log.shard.files)
    witnesses._publish(YEAR, old.with_signatures(cosigned))
    assert log.published_size() == 6
    # The same with co-signatures replaces the one without, and not the other way round.
    note = log.said.signed(LOG_KEY)
    signature = Witness(Party(one.key, one.url)).cosign(note, log.shard.files)
    witnesses._publish(YEAR, note.with_signatures(signature))
    witnesses._publish(YEAR, note)
    published = log.published()
    assert published
    assert published.checked([one.key])


def test_many_who_publish_at_once_hinder_nobody(log: Log, one: WitnessClient) -> None:
    witnesses = Witnesses(policy("none", one), log.folder)
    notes = [log.grow(1) for _ in range(60)]
    with ThreadPoolExecutor(6) as pool:
        assert not [each for each in pool.map(lambda n: witnesses.offer(YEAR, n), notes) if each]
    assert log.published_size() == 60


def test_a_witness_that_comes_back_is_asked_about_the_newest(
    log: Log, tmp_path: Path, ends: ExitStack
) -> None:
    folder = folder_for(tmp_path / "late", LOG_KEY.key)
    with serving(folder) as early:
        rules = policy("W0", early)
        witnesses = running(rules, log)
        witnesses.offer(YEAR, log.grow(3))
        eventually(lambda: log.published_size() == 3, within=20)
        port = int(early.url.rpartition(":")[2])
    for _ in range(3):
        witnesses.offer(YEAR, log.grow(100))
    assert log.published_size() == 3
    ends.enter_context(serving(folder, port=port))
    eventually(lambda: log.published_size() == 303, within=30)


def test_a_witness_that_knows_more_than_the_log_remembers_is_asked_from_there(
    log: Log, one: WitnessClient
) -> None:
    """As after a restart of the sealer, which does not keep what its witnesses know."""
    for count in (3, 300):
        note = log.grow(count)
        party = Party(one.key, one.url)
        signature = Witness(party).cosign(note, log.shard.files)
        assert note.with_signatures(signature).checked([one.key])


def test_what_a_witness_refuses_stops_nobody(log: Log, one: WitnessClient, tmp_path: Path) -> None:
    other = Log(tmp_path / "other")
    Witness(Party(one.key, one.url)).cosign(other.grow(5, word=1000), other.shard.files)
    witnesses = running(policy("W0", one), log)
    witnesses.offer(YEAR, log.grow(7))
    assert witnesses.doubted.wait(20)
    assert log.published() is None


def checked(witnesses: Witnesses, log: Log, known: Checkpoint, tmp_path: Path) -> None:
    witnesses.check_past([Past(LOG_KEY.key, known, log.shard.files)], tmp_path / "kept")


def test_a_witness_that_saw_our_past_is_no_contradiction(
    log: Log, one: WitnessClient, tmp_path: Path
) -> None:
    witnesses = Witnesses(policy("any", one, GONE), log.folder)
    checked(witnesses, log, UNBEGUN, tmp_path)
    Witness(Party(one.key, one.url)).cosign(log.grow(5), log.shard.files)
    checked(witnesses, log, log.said, tmp_path)
    log.grow(300)
    checked(witnesses, log, log.said, tmp_path)
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("known", [0, 4])
def test_a_witness_that_saw_more_than_we_know_is_a_contradiction(
    log: Log, one: WitnessClient, tmp_path: Path, known: int
) -> None:
    log.grow(known)
    old = log.said
    note = log.grow(5 - known)
    Witness(Party(one.key, one.url)).cosign(note, log.shard.files)
    witnesses = Witnesses(policy("any", one), log.folder)
    with pytest.raises(Contradicted, match=f"5 entries of .*; {known} are known here"):
        checked(witnesses, log, old, tmp_path)
    (evidence,) = (tmp_path / "kept").iterdir()
    assert Note.parse(evidence.read_bytes()).text == note.text


@pytest.mark.parametrize("size", [5, 9])
def test_a_witness_that_saw_another_past_is_a_contradiction(
    log: Log, one: WitnessClient, tmp_path: Path, size: int
) -> None:
    other = Log(tmp_path / "other")
    Witness(Party(one.key, one.url)).cosign(other.grow(5, word=1000), other.shard.files)
    log.grow(size)
    with pytest.raises(Contradicted, match="another root for 5 entries"):
        checked(Witnesses(policy("any", one), log.folder), log, log.said, tmp_path)


# A witness that lies.


class Liar(ThreadingHTTPServer):
    """Answers everything with what it was given."""

    def __init__(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        super().__init__(("127.0.0.1", 0), LiarHandler)
        self.status, self.body, self.kind = status, body, kind


class LiarHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Liar)
        self.send_response(server.status)
        self.send_header("Content-Type", server.kind)
        self.send_header("Content-Length", str(len(server.body)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, *_: object) -> None: ...


def lying(ends: ExitStack, status: int, body: bytes, kind: str = "text/plain") -> WitnessClient:
    server = Liar(status, body, kind)
    Thread(target=server.serve_forever, daemon=True).start()
    ends.callback(server.shutdown)
    key = signer("liar.example", Use.COSIGNATURE, seed=9).key
    return WitnessClient(f"http://127.0.0.1:{server.server_port}", key)


LIAR = signer("liar.example", Use.COSIGNATURE, seed=9)
OTHER_TEXT = str(cosign("another text\n1\n", LIAR, at=5))
SIZE = "text/x.tlog.size"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", ""),
        (200, b"\xff\xff", ""),
        (200, OTHER_TEXT.encode() + b"\n", ""),
        (200, f"{Signature('stranger.example', bytes(4), bytes(72))}\n".encode(), ""),
        (409, b"9999999\n", SIZE),
        (409, b"3\n", SIZE),
        (409, b"many\n", SIZE),
        (409, b"1" * 100, SIZE),
        (409, b"1\n", "text/plain"),
        (302, b"", ""),
        (422, b"no", ""),
        (500, b"", ""),
        (200, b"x" * 1_000_000, ""),
    ],
)
def test_whatever_a_witness_answers_it_is_no_cosignature_and_no_alarm(
    log: Log, ends: ExitStack, tmp_path: Path, status: int, body: bytes, kind: str
) -> None:
    liar = lying(ends, status, body, kind)
    note = log.grow(3)
    with pytest.raises(WitnessFailed):
        Witness(Party(liar.key, liar.url)).cosign(note, log.shard.files)
    checked(Witnesses(policy("any", liar), log.folder), log, log.said, tmp_path)


def test_a_past_that_we_did_not_sign_accuses_nobody(
    log: Log, ends: ExitStack, tmp_path: Path
) -> None:
    forger = signer(LOG_KEY.key.name, seed=7)
    forged = Checkpoint(LOG_KEY.key.name, 99, bytes(32)).signed(forger)
    liar = lying(ends, 200, bytes(forged))
    checked(Witnesses(policy("any", liar), log.folder), log, UNBEGUN, tmp_path)
    log.grow(3)
    checked(Witnesses(policy("any", liar), log.folder), log, log.said, tmp_path)


def test_what_we_signed_accuses_us_also_with_a_wrong_cosignature(
    log: Log, ends: ExitStack, tmp_path: Path
) -> None:
    """A witness cannot make its evidence worthless."""
    note = log.grow(3)
    wrong = Signature(LIAR.key.name, LIAR.key.id, bytes(72))
    liar = lying(ends, 200, bytes(note.with_signatures(wrong)))
    with pytest.raises(Contradicted, match=r"3 entries of .*; 0 are known here"):
        checked(Witnesses(policy("any", liar), log.folder), log, UNBEGUN, tmp_path)
