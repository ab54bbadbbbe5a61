"""A log of several years of which some are gone: what is missed, and what may be moved away."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from libs.translog import CHECKPOINT, Checkpoint
from libs.translog.policy import Party
from services.audit.sealing.shards import ShardName
from services.audit.sealing.witness import Witness
from tests.support.sealing import SealedStore, sealed_store
from tests.support.servers import PostgresForTests
from tests.support.translog_log import signer
from tests.support.translog_witness import WitnessClient, folder_for, serving
from tools.cli import main

NAMES = OLD, MIDDLE, NEW = tuple(ShardName(year) for year in (2026, 2027, 2028))
OTHER = signer("log.h43.example/2028")
Verify = Callable[..., dict[str, Any]]


@pytest.fixture
def store(postgres: PostgresForTests, tmp_path: Path) -> Iterator[SealedStore]:
    """Three years with thirty events each, and two events that are not sealed."""
    with sealed_store(postgres.fresh_database(), tmp_path) as store:
        for name in NAMES:
            store.keys.make(name)
            store.now = datetime(name.year, 6, 1, tzinfo=UTC)
            store.append_all(30, f"document-{name}")
            store.seal()
        store.append(2, "document-late")
        yield store


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def witness(store: SealedStore, ends: ExitStack) -> WitnessClient:
    """It has co-signed the last checkpoint of each year, and knows another log by its key."""
    keys = [*map(store.key, NAMES), OTHER.key]
    found = ends.enter_context(serving(folder_for(store.folder / "witness", *keys)))
    asked = Witness(Party(found.key, found.url))
    for name in NAMES:
        asked.cosign(store.files(name).note(), store.files(name))
    return found


@pytest.fixture
def policy(store: SealedStore, witness: WitnessClient) -> Path:
    logs = "".join(f"log {store.key(name)}\n" for name in NAMES)
    path = store.folder / "policy"
    path.write_text(f"{logs}witness W {witness.key} {witness.url}\nquorum none\n")
    return path


@pytest.fixture
def verify(
    store: SealedStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Verify:
    def call(*words: object) -> dict[str, Any]:
        monkeypatch.setenv("LOG_DIR", str(store.log))
        monkeypatch.setenv("DATABASE_URL", store.url("monitor"))
        capsys.readouterr()
        code = main(["verify", "--jobs", "1", *map(str, words), "--json"])
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert code == {True: 0, False: 1, None: 3}[report["verified"]], report
        return report

    return call


def gone(store: SealedStore, *names: ShardName) -> None:
    for name in names:
        (store.log / str(name)).rename(store.folder / f"away-{name}")


def kept(store: SealedStore, name: ShardName) -> Path:
    """A copy of a year's checkpoint, as an auditor keeps it."""
    path = store.folder / f"kept-{name}"
    path.write_bytes((store.log / str(name) / CHECKPOINT).read_bytes())
    return path


def details(report: dict[str, Any], kind: str) -> list[str]:
    return [each["detail"] for each in report["findings"] if each["kind"] == kind]


def test_what_is_whole_is_verified_by_whatever_it_is_asked(
    store: SealedStore, verify: Verify, policy: Path
) -> None:
    ask = ("--policy", policy, "--ask-witnesses")
    for words in (ask, *((*ask, "--since", kept(store, name)) for name in NAMES)):
        report = verify(*words)
        assert report["verified"], (words, report["findings"])
        assert (report["logs_not_here"], report["not_compared"]) == ([], [])


def test_whoever_believes_the_log_itself_is_told_so(
    store: SealedStore, verify: Verify, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [str(store.key(name)) for name in NAMES]
    assert verify()["key_told_by_the_log_itself"] == keys
    assert verify("--policy", policy)["key_told_by_the_log_itself"] == []
    assert main(["verify", "--jobs", "1"]) == 0
    shown = capsys.readouterr().out
    assert "Nobody vouches for the log's keys" in shown
    assert all(key in shown for key in keys)
    assert main(["verify", "--jobs", "1", "--policy", str(policy)]) == 0
    assert "Nobody vouches" not in capsys.readouterr().out


# The newest is gone.


@pytest.mark.parametrize("left", [[OLD, MIDDLE], [OLD], [MIDDLE]])
def test_a_newest_year_that_is_gone_is_missed_by_the_witness(
    store: SealedStore, verify: Verify, policy: Path, left: list[ShardName]
) -> None:
    gone(store, *(name for name in NAMES if name not in left))
    assert verify("--policy", policy)["verified"]
    found = details(verify("--policy", policy, "--ask-witnesses"), "rollback")
    assert "witness W: 31 entries of log.h42.example/2028 were seen, and it is not here" in found


@pytest.mark.parametrize("left", [[OLD, MIDDLE], [OLD], [MIDDLE]])
def test_a_newest_year_that_is_gone_is_missed_by_a_checkpoint_that_was_kept(
    store: SealedStore, verify: Verify, policy: Path, left: list[ShardName]
) -> None:
    checkpoint = kept(store, NEW)
    gone(store, *(name for name in NAMES if name not in left))
    report = verify("--policy", policy, "--since", checkpoint)
    assert "2028 were seen, and it is not here" in "".join(details(report, "rollback"))
    # On the log's own word its key is not known any more: that is no verdict.
    assert verify("--since", checkpoint)["verified"] is None


def test_a_year_that_the_policy_does_not_name_is_missed_by_the_witness_all_the_same(
    store: SealedStore, verify: Verify, policy: Path
) -> None:
    key = str(store.key(NEW))
    lines = policy.read_text().splitlines(keepends=True)
    policy.write_text("".join(line for line in lines if key not in line))
    gone(store, NEW)
    report = verify("--policy", policy, "--ask-witnesses")
    assert "2028 were seen, and it is not here" in "".join(details(report, "rollback"))


def test_another_log_of_the_policy_is_not_missed(
    store: SealedStore, verify: Verify, policy: Path, witness: WitnessClient
) -> None:
    policy.write_text(f"log {OTHER.key}\n{policy.read_text()}")
    note = Checkpoint(OTHER.key.name, 9, bytes(32)).signed(OTHER)
    witness.post(b"old 0\n\n" + bytes(note))
    assert witness.known(OTHER.key.name).size == 9
    report = verify("--policy", policy, "--ask-witnesses")
    assert report["verified"], report["findings"]
    path = store.folder / "other"
    path.write_bytes(bytes(note))
    refused = verify("--policy", policy, "--since", path)
    assert refused["verified"] is None
    assert "log.h43.example/2028 is another log" in refused["detail"]


# An old one was moved away.


def test_years_that_are_older_than_all_that_is_kept_may_be_away_and_are_named(
    store: SealedStore, verify: Verify, policy: Path
) -> None:
    gone(store, OLD)
    report = verify("--policy", policy, "--ask-witnesses")
    assert report["verified"], report["findings"]
    # The next year begins with its last checkpoint: so much can be compared.
    assert (report["logs_not_here"], report["not_compared"]) == (["log.h42.example/2026"], [])
    gone(store, MIDDLE)
    report = verify("--policy", policy, "--ask-witnesses")
    assert report["verified"], report["findings"]
    assert report["logs_not_here"] == ["log.h42.example/2027"]
    assert report["not_compared"] == [{"whose": "witness W", "origin": "log.h42.example/2026"}]
    assert report["without_their_log"] == 60


@pytest.mark.parametrize(("size", "root"), [(31, bytes(32)), (30, bytes(32))])
def test_a_year_that_is_away_must_end_as_it_was_seen(
    store: SealedStore, verify: Verify, policy: Path, size: int, root: bytes
) -> None:
    seen = Checkpoint(store.key(OLD).name, size, root).signed(store.keys.signer(OLD))
    path = store.folder / "seen"
    path.write_bytes(bytes(seen))
    gone(store, OLD)
    report = verify("--policy", policy, "--since", path)
    assert [each["kind"] for each in report["findings"]] == ["rollback"]
    assert "2027 begins with" in details(report, "rollback")[0]


def test_since_a_year_that_is_away_its_rows_are_looked_at_as_far_as_they_can(
    store: SealedStore, verify: Verify, policy: Path
) -> None:
    instant = store.rows()[10].recorded_at.replace(" ", "T").replace("+00", "Z")
    checkpoint = kept(store, OLD)
    gone(store, OLD)
    store.tamper("UPDATE es.event SET agency = 'x' WHERE stream = 'document-2026' AND version = 20")
    for since in (checkpoint, instant):
        report = verify("--policy", policy, "--since", since)
        assert [each["kind"] for each in report["findings"]] == ["altered"], since
        assert report["without_their_log"] > 0


# A middle one is gone.


def test_a_middle_year_that_is_gone_is_missed_and_its_rows_are_looked_at(
    store: SealedStore, verify: Verify
) -> None:
    gone(store, MIDDLE)
    report = verify()
    assert report["without_their_log"] == 30
    assert details(report, "log") == [
        "it follows log.h42.example/2027, which is not here: name its folder by --log"
    ]
    store.tamper("UPDATE es.event SET agency = 'x' WHERE stream = 'document-2027' AND version = 5")
    altered = verify()["findings"][0]
    assert (altered["kind"], altered["stream"], altered["version"]) == (
        "altered", "document-2027", 5,
    )  # fmt: skip


def test_a_middle_year_that_is_named_where_it_lies_is_whole_again(
    store: SealedStore, verify: Verify
) -> None:
    gone(store, MIDDLE)
    report = verify("--log", store.log, "--log", store.folder / "away-2027")
    assert report["verified"], report["findings"]
    assert [each["name"] for each in report["shards"]] == ["2026", "2027", "2028"]


# Folders that are not what they are called.


def test_a_year_that_is_named_twice_is_no_question(store: SealedStore, verify: Verify) -> None:
    report = verify("--log", store.log, "--log", store.log / "2026")
    assert report["verified"] is None
    assert "2026 is there twice" in report["detail"]


def test_a_folder_with_another_years_log_is_that_years(store: SealedStore, verify: Verify) -> None:
    gone(store, NEW)
    (store.log / "2027").rename(store.log / "2028")
    assert [each["name"] for each in verify()["shards"]] == ["2026", "2027"]


# Whoever asks nobody is told so.


def test_a_policy_without_addresses_asks_nobody_and_that_is_no_verdict(
    store: SealedStore, verify: Verify, policy: Path, witness: WitnessClient
) -> None:
    policy.write_text(policy.read_text().replace(f" {witness.url}", ""))
    report = verify("--policy", policy, "--ask-witnesses")
    assert (report["verified"], "address" in report["detail"]) == (None, True)


def test_a_witness_that_shows_nothing_is_named(
    store: SealedStore, verify: Verify, policy: Path, ends: ExitStack
) -> None:
    blank = ends.enter_context(
        serving(folder_for(store.folder / "blank", store.key()), "v.example")
    )
    policy.write_text(
        policy.read_text().replace("quorum", f"witness V {blank.key} {blank.url}\nquorum")
    )
    report = verify("--policy", policy, "--ask-witnesses")
    assert (report["verified"], report["witnesses_that_show_nothing"]) == (True, ["V"])
