"""A shard for each year of Việt Nam; the notary signs nothing that does not follow."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from libs.eventstore import Place
from libs.translog import Checkpoint, Tree, leaf_hash, prove_consistency
from services.audit.sealing.errors import AlreadySealing, DoesNotFollow, KeyMissing, MemoryLost
from services.audit.sealing.keys import KeyFiles
from services.audit.sealing.memory import Memory, locked
from services.audit.sealing.notary import Notary
from services.audit.sealing.shards import ShardName, coming, due
from tests.support.translog_log import SampleLog, numbered

YEAR, NEXT = ShardName(2026), ShardName(2027)
NEW_YEAR = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)  # midnight in Hà Nội
LOG = SampleLog().grow(numbered(900))
FORK = SampleLog().grow(numbered(300)).grow(numbered(600, start=5000))


def tree(size: int, log: SampleLog = LOG) -> Tree:
    return Tree().append([leaf_hash(entry) for entry in log.entries[:size]]).tree


def proof(old: int, new: int, log: SampleLog = LOG) -> list[bytes]:
    return prove_consistency(old, new, log.read)


@pytest.mark.parametrize("text", ["2026", "2026.1", "2026.12"])
def test_a_name_is_read_as_it_is_written(text: str) -> None:
    assert str(ShardName.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "26", "2026.0", "2026.01", "2026/1", "..", "２０２６", "0026"]
)
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        ShardName.parse(text)


def test_shards_follow_one_another() -> None:
    assert YEAR < YEAR.forked() < YEAR.forked().forked() < NEXT


def test_a_shard_begins_with_the_first_batch_of_the_year() -> None:
    before = NEW_YEAR.replace(hour=16)
    assert due(None, before) == YEAR
    assert due(YEAR, before) is None
    assert due(YEAR, NEW_YEAR) == NEXT
    assert due(YEAR.forked(), NEW_YEAR) == NEXT
    assert due(ShardName(2020), NEW_YEAR) == NEXT


def test_what_may_have_followed_is_a_fork_and_the_years_up_to_the_next_one() -> None:
    before = NEW_YEAR.replace(hour=16)
    assert coming(YEAR, before) == [YEAR.forked(), NEXT]
    assert coming(YEAR, NEW_YEAR) == [YEAR.forked(), NEXT, ShardName(2028)]
    assert coming(NEXT.forked(), before) == [ShardName(2027, 2), ShardName(2028)]


def test_a_clock_that_was_set_back_opens_nothing() -> None:
    assert due(NEXT, NEW_YEAR.replace(hour=16)) is None


@pytest.fixture
def keys(tmp_path: Path) -> KeyFiles:
    files = KeyFiles(tmp_path / "keys", "log.h42.example")
    files.make(YEAR)
    files.make(NEXT)
    return files


@pytest.fixture
def notary(tmp_path: Path, keys: KeyFiles) -> Notary:
    """Has signed 500 entries of 2026."""
    (tmp_path / "state").mkdir()
    notary = Notary(tmp_path / "state", keys)
    notary.sign(YEAR, tree(500), [], Place(0, 0), Place(9, 9))
    return notary


def test_what_follows_is_signed_and_remembered(
    notary: Notary, keys: KeyFiles, tmp_path: Path
) -> None:
    note = notary.sign(YEAR, tree(900), proof(500, 900), Place(9, 9), Place(10, 1))
    note.signed_by([keys.signer(YEAR).key])
    assert Checkpoint.parse(note.text) == Checkpoint("log.h42.example/2026", 900, LOG.tree.root)
    again = Notary(tmp_path / "state", keys).memory.current
    assert again is not None
    assert (again.note, again.begin, again.end) == (note, Place(0, 0), Place(10, 1))


def test_the_next_shard_begins_behind_the_last_one(notary: Notary) -> None:
    notary.sign(NEXT, tree(3), [], Place(9, 9), Place(12, 1))
    assert [shard.name for shard in notary.memory.shards] == [YEAR, NEXT]


@pytest.mark.parametrize(
    ("name", "size", "log", "old", "end"),
    [
        (YEAR, 400, LOG, 400, Place(9, 9)),  # shorter
        (YEAR, 600, FORK, 500, Place(10, 1)),  # another past
        (YEAR, 500, FORK, 500, Place(9, 9)),  # another root for the same size
        (YEAR, 600, LOG, 400, Place(10, 1)),  # a proof from elsewhere
        (YEAR, 600, LOG, 500, Place(9, 8)),  # events from before the end
    ],
)
def test_what_does_not_follow_is_not_signed(
    notary: Notary, name: ShardName, size: int, log: SampleLog, old: int, end: Place
) -> None:
    before = notary.memory
    with pytest.raises(DoesNotFollow):
        notary.sign(name, tree(size, log), proof(old, size, log), Place(0, 0), end)
    assert notary.memory == before


def test_a_closed_shard_is_not_signed_again(notary: Notary) -> None:
    notary.sign(NEXT, tree(3), [], Place(9, 9), Place(12, 1))
    with pytest.raises(DoesNotFollow, match="closed"):
        notary.sign(YEAR, tree(600), proof(500, 600), Place(9, 9), Place(13, 1))


def test_a_shard_is_signed_by_one_key(notary: Notary, keys: KeyFiles, tmp_path: Path) -> None:
    (tmp_path / "keys" / "2026.pem").unlink()
    with pytest.raises(KeyMissing):
        notary.sign(YEAR, tree(600), proof(500, 600), Place(9, 9), Place(13, 1))
    keys.make(YEAR)
    with pytest.raises(DoesNotFollow, match="key"):
        notary.sign(YEAR, tree(600), proof(500, 600), Place(9, 9), Place(13, 1))


def test_a_key_that_others_can_read_is_not_used(keys: KeyFiles, tmp_path: Path) -> None:
    (tmp_path / "keys" / "2026.pem").chmod(0o644)
    with pytest.raises(KeyMissing, match="0600"):
        keys.signer(YEAR)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"2026"', '"2025"'), ("\\n500\\n", "\\n501\\n"), ('"end"', '"ende"'), ("{", "[")],
)
def test_a_memory_that_was_changed_is_refused(
    notary: Notary, tmp_path: Path, old: str, new: str
) -> None:
    path = tmp_path / "state" / "state.json"
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))
    with pytest.raises(MemoryLost):
        Memory.read(tmp_path / "state")


def test_a_folder_has_one_sealer(tmp_path: Path) -> None:
    with locked(tmp_path / "state"), pytest.raises(AlreadySealing), locked(tmp_path / "state"):
        pass
    with locked(tmp_path / "state"):
        pass
