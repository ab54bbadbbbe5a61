"""A log's files are checked as a whole, and an entry is found without reading them all."""

from pathlib import Path

import pytest

from libs.translog import (
    CHECKPOINT,
    ENTRIES,
    Checkpoint,
    LogFiles,
    Malformed,
    ProofRefused,
    Tile,
    TileMissing,
    TranslogError,
    check_inclusion,
    leaf_hash,
    new_bundles,
    new_tiles,
    rebuilt,
)
from libs.translog.files import log_in
from tests.support.translog_log import SampleLog, numbered

SIZE = 66_000
LOG = SampleLog().grow(numbered(SIZE))
SAID = Checkpoint.parse(LOG.checkpoint().text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log")
    LOG.write_to(path)
    return path


def test_a_whole_log_is_rebuilt_from_its_entries(folder: Path) -> None:
    files = dict(rebuilt(log_in(folder), SAID))
    assert set(files) == {*new_tiles(0, SIZE), *new_bundles(0, SIZE)}
    assert all((folder / tile.path).read_bytes() == content for tile, content in files.items())


@pytest.mark.parametrize(
    "path",
    [
        Tile(0, 0).path,
        Tile(0, 257, SIZE - 257 * 256).path,
        Tile(1, 0).path,
        Tile(1, 1, 1).path,
        Tile(2, 0, 1).path,
        Tile(ENTRIES, 0).path,
        Tile(ENTRIES, 257, SIZE - 257 * 256).path,
    ],
)
def test_a_file_that_was_changed_is_named(folder: Path, path: str) -> None:
    def read(wanted: str) -> bytes:
        content = bytearray((folder / wanted).read_bytes())
        if wanted == path:
            content[-1] ^= 1
        return bytes(content)

    named = path.replace("/entries/", "/0/")
    with pytest.raises(ProofRefused, match=named):
        list(rebuilt(LogFiles(read), SAID))


def test_a_log_that_is_not_the_checkpoints_is_refused(folder: Path) -> None:
    other = Checkpoint(SAID.origin, SIZE, bytes(32))
    with pytest.raises(ProofRefused, match="checkpoint's root"):
        list(rebuilt(log_in(folder), other))
    with pytest.raises(TileMissing):
        list(rebuilt(log_in(folder), Checkpoint(SAID.origin, SIZE + 256, SAID.root)))


def test_an_entry_comes_with_its_proof(folder: Path) -> None:
    files = log_in(folder)
    for index in (0, 255, 256, SIZE - 1):
        entry = files.entry(index, SIZE)
        assert entry == b"entry %d" % index
        proof = files.inclusion(index, SIZE)
        check_inclusion(leaf_hash(entry), index, SIZE, proof, SAID.root)


def number(entry: bytes) -> int:
    return int(entry.removeprefix(b"entry "))


@pytest.mark.parametrize("wanted", [0, 1, 255, 256, 300, 65_535, SIZE - 1])
def test_an_entry_is_found_by_its_key_in_a_few_bundles(folder: Path, wanted: int) -> None:
    read: list[str] = []

    def counted(path: str) -> bytes:
        read.append(path)
        return (folder / path).read_bytes()

    assert LogFiles(counted).last_at_or_before(wanted, SIZE, number) == wanted
    assert len(read) <= 12


def test_what_lies_before_or_behind_the_log_is_not_found_within(folder: Path) -> None:
    files = log_in(folder)
    assert files.last_at_or_before(-1, SIZE, number) is None
    assert files.last_at_or_before(SIZE + 5, SIZE, number) == SIZE - 1
    assert files.last_at_or_before(300, 200, number) == 199


def test_a_bundle_that_ends_early_is_refused(tmp_path: Path) -> None:
    SampleLog().grow(numbered(300)).write_to(tmp_path)
    (tmp_path / Tile(ENTRIES, 1, 44).path).write_bytes(b"\x00\x01x")
    with pytest.raises(Malformed, match="1 entries, not 44"):
        log_in(tmp_path).entry(299, 300)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    files = log_in(tmp_path)
    with pytest.raises(FileNotFoundError):
        files.note()
    (tmp_path / CHECKPOINT).write_bytes(b"no note")
    with pytest.raises(TranslogError):
        files.note()
    with pytest.raises(TileMissing, match=r"tile/entries/000\.p/5"):
        files.entry(0, 5)
